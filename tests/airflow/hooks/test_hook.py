"""PhotaHook: the connection in all its forms, and what it can be asked."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import quote

import pytest
from airflow_runs import PICTURE

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.errors import PhotaInputError, PhotaNotFound
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.api.orders.profile import ProfileOrder
from airflow_provider_phota.api.prices import estimate
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook

pytestmark = pytest.mark.usefixtures("metadata_database")


def connect(monkeypatch, value):
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", value if isinstance(value, str) else json.dumps(value))


@pytest.mark.parametrize(
    ("connection", "base_url"),
    [
        ({"conn_type": "phota", "password": "sk-123456"}, "https://api.foxapi.cc"),
        ({"conn_type": "phota", "password": "sk-123456", "host": "api.aihubmax.com"}, "https://api.aihubmax.com"),
        ({"conn_type": "phota", "password": "sk-123456", "host": "https://gw.example/"}, "https://gw.example"),
        ({"conn_type": "phota", "password": " sk-123456\n", "host": "gw.example", "port": 8443}, "https://gw.example:8443"),
        ({"conn_type": "phota", "password": "sk-123456", "host": "", "login": "", "schema": "", "port": 0, "extra": "{}"}, "https://api.foxapi.cc"),
        ({"conn_type": "phota", "password": "sk-123456", "host": "http://127.0.0.1:8765"}, "http://127.0.0.1:8765"),
        ({"conn_type": "phota", "password": "sk-123456", "host": "http://gw.lan", "extra": {"allow_http": True}}, "http://gw.lan"),
        ("phota://:sk-123456@", "https://api.foxapi.cc"),
        ("phota://:sk-123456@api.aihubmax.com", "https://api.aihubmax.com"),
        ("phota://:sk-123456@api.aihubmax.com:8443/?read_timeout=7&allow_http=false", "https://api.aihubmax.com:8443"),
        (f"phota://:sk-123456@{quote('http://127.0.0.1:8765', safe='')}", "http://127.0.0.1:8765"),
    ],
)  # fmt: skip
def test_a_connection_in_json_or_uri_form(monkeypatch, connection, base_url):
    connect(monkeypatch, connection)
    settings = PhotaHook().settings
    assert settings.base_url == base_url
    assert settings.api_key == "sk-123456"
    assert "sk-123456" not in repr(settings)


def test_extras_set_timeouts_and_proxy(monkeypatch):
    extra = {
        "connect_timeout": 1,
        "read_timeout": "2.5",
        "total_timeout": 9,
        "proxy": "http://proxy.lan:3128",
    }
    connect(monkeypatch, {"conn_type": "phota", "password": "sk-123456", "extra": extra})
    settings = PhotaHook().settings
    assert (settings.connect_timeout, settings.read_timeout, settings.total_timeout) == (1.0, 2.5, 9.0)
    assert settings.proxy == "http://proxy.lan:3128"


def test_an_unknown_extra_is_named_in_the_log(monkeypatch, caplog):
    connect(monkeypatch, {"conn_type": "phota", "password": "sk-123456", "extra": {"timeout_s": 1}})
    assert PhotaHook().settings
    assert "timeout_s" in caplog.text


def test_an_edit_goes_from_upload_to_results(emulator):
    hook = PhotaHook()
    url = hook.upload_file(PICTURE)
    task = hook.submit_edit("a beach", url, num_outputs=2)
    assert hook.get_task(task.id).id == task.id
    assert [entry.request["image_urls"] for entry in emulator.ledger()] == [[url]]


def test_the_same_conversation_can_be_awaited(emulator, picture_url):
    task = PhotaHook().submit_edit("a beach", picture_url)

    async def ask():
        async with PhotaHook().driver() as driver:
            return await driver.run(protocol.get_task(task.id))

    assert asyncio.run(ask()).id == task.id


def test_an_unknown_task_is_not_found(emulator):
    with pytest.raises(PhotaNotFound):
        PhotaHook().get_task("task-unified-1-nobody")


@pytest.mark.parametrize("path", ["nowhere.jpg", "."])
def test_what_is_no_file_is_not_uploaded(emulator, path):
    with pytest.raises(PhotaInputError, match="path: "):
        PhotaHook().upload_file(path)
    assert emulator.requests() == []


def test_an_empty_file_is_not_uploaded(emulator, tmp_path):
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(PhotaInputError, match="empty"):
        PhotaHook().upload_file(tmp_path / "empty.jpg")


def test_a_working_connection_says_so_in_one_sentence_with_the_balance(emulator):
    works, sentence = PhotaHook().test_connection()
    assert works
    assert sentence.startswith("The key works and may use the PHOTA models. Balance: ")


@pytest.mark.parametrize(
    ("fault", "works", "words"),
    [
        (Fault(on="models", kind="status", status=401, code="authentication_error", message="Bad key."), False, "Bad key."),
        (Fault(on="models", kind="status", status=503), False, "HTTP 503"),
        (Fault(on="models", kind="status", status=200, body={"data": []}), False, "may not use any PHOTA model"),
        (Fault(on="models", kind="status", status=200, body={"data": [{"id": "phota-image-edit"}]}), True, "except phota-image,"),
        (Fault(on="usage", kind="status", status=500), True, "may use the PHOTA models."),
    ],
)  # fmt: skip
def test_the_connection_test_says_what_is_wrong(emulator, fault, works, words):
    emulator.add_faults(fault)
    worked, sentence = PhotaHook().test_connection()
    assert worked is works
    assert words in sentence


ORDERS = [
    EditOrder.checked(prompt="a beach", image_urls="http://127.0.0.1/a.png", local_inputs=True),
    GenerateOrder.checked(prompt="a beach"),
    EnhanceOrder.checked(image_url="http://127.0.0.1/a.png", local_inputs=True),
    ProfileOrder.checked(image_archive_url="http://127.0.0.1/a.zip", local_inputs=True),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.model)
def test_an_order_of_any_model_is_submitted(emulator, order):
    phota_task = PhotaHook().submit(order)
    (entry,) = emulator.ledger()
    assert (entry.id, entry.model) == (phota_task.id, order.model)
    assert entry.request == json.loads(order.body())


def test_prices_say_what_an_order_costs(emulator):
    order = EnhanceOrder.checked(image_url=PhotaHook().upload_file(PICTURE), local_inputs=True)
    usd = estimate(order, PhotaHook().get_prices())
    PhotaHook().submit(order)
    assert [entry.credits / 100 for entry in emulator.ledger()] == [usd] == [0.08]
    assert PhotaHook().get_prices("a group without prices") == {}
