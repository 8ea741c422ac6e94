"""The connection type as the UI and the REST API know it."""

from __future__ import annotations

import json

import pytest

from dev.airflow_api import AirflowApiError

pytestmark = pytest.mark.stack

KEY = "emu-form-0123456789"


@pytest.fixture
def form(stack):
    (found,) = (
        hook
        for hook in stack.request("GET", "/ui/connections/hook_meta")
        if hook["connection_type"] == "phota"
    )
    return found


def test_the_form_names_every_extra_and_explains_it(form):
    assert form["hook_name"] == "PHOTA"
    extras = form["extra_fields"]
    assert list(extras) == [
        "connect_timeout",
        "read_timeout",
        "total_timeout",
        "requests_per_second",
        "expected_pollers",
        "max_pixels",
        "proxy",
        "ca_bundle",
        "ledger_path",
        "budget",
        "budget_path",
        "user_group",
        "credits_per_usd",
        "console_url",
        "publish",
        "resend_on_503",
        "allow_http",
    ]
    assert all(field["description"] or field["schema"]["title"] for field in extras.values())


def test_the_form_asks_for_a_base_url_and_a_key(form):
    fields = form["standard_fields"]
    assert fields["host"]["title"] == "Base URL"
    assert fields["host"]["placeholder"] == "https://api.foxapi.cc"
    assert fields["password"]["title"] == "API key"
    assert fields["login"]["hidden"] is True
    assert fields["url_schema"]["hidden"] is True


@pytest.mark.parametrize(
    ("key", "status", "words"),
    [
        (KEY, True, "The key works and may use the PHOTA models. Balance:"),
        ("sk-0123456789", False, "emulator"),
    ],
)
def test_a_connection_can_be_tested_before_it_is_saved(stack, emulator, key, status, words):
    connection = {"connection_id": "try_phota", "conn_type": "phota", "host": emulator.url, "password": key}
    answer = stack.request("POST", "connections/test", json=connection)
    assert answer["status"] is status
    assert words in answer["message"]
    assert key not in json.dumps(answer)


def as_the_ui_sends(connection_id, **fields):
    """The body of the Test button: every field of the form, and 0 for an empty port (apache/airflow#73298)."""
    empty = {
        "description": "",
        "extra": "{}",
        "host": "",
        "login": "",
        "password": "",
        "port": 0,
        "schema": "",
    }
    return {"connection_id": connection_id, "conn_type": "phota", **empty, **fields}


def save(stack, connection_id, **fields):
    """Save a connection, and return what the UI then shows of it."""
    stack.request("DELETE", f"connections/{connection_id}", missing_ok=True)
    connection = {"connection_id": connection_id, "conn_type": "phota", "password": KEY, **fields}
    return stack.request("POST", "connections", json=connection)


def test_the_ui_can_test_a_connection_that_is_not_saved_and_has_no_port(stack, emulator):
    body = as_the_ui_sends("try_phota", host=emulator.url, password=KEY)
    assert stack.request("POST", "connections/test", json=body)["status"] is True


@pytest.mark.parametrize(
    ("saved", "typed"),
    [
        pytest.param({}, {"password": KEY}, id="the key is typed again"),
        pytest.param({"port": 443}, {"port": 443}, id="a port is saved"),
        pytest.param({"port": 0}, {}, id="0 is saved as port"),
    ],
)
def test_what_the_page_says_makes_the_ui_test_a_saved_connection(stack, emulator, saved, typed):
    shown = save(stack, "phota_tested", host=emulator.url, **saved)
    body = as_the_ui_sends("phota_tested", **{"host": emulator.url, "password": shown["password"]} | typed)
    answer = stack.request("POST", "connections/test", json=body)
    assert answer["status"] is True, answer
    assert KEY not in json.dumps(answer)


def test_a_saved_connection_without_a_port_is_airflows_to_refuse(stack, emulator):
    """Where it is not refused any more (apache/airflow#73298), the page need not say so."""
    shown = save(stack, "phota_tested", host=emulator.url)
    body = as_the_ui_sends("phota_tested", host=emulator.url, password=shown["password"])
    with pytest.raises(AirflowApiError, match="The host or port to test differs from the stored connection"):
        stack.request("POST", "connections/test", json=body)


def test_a_saved_connection_does_not_show_its_key(stack, emulator):
    connection = {"connection_id": "phota_saved", "conn_type": "phota", "host": emulator.url, "password": KEY}
    stack.request("POST", "connections", json=connection)
    assert KEY not in json.dumps(stack.request("GET", "connections/phota_saved"))
