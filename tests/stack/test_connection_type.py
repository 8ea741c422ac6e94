"""The connection type as the UI and the REST API know it."""

from __future__ import annotations

import json

import pytest

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
        "max_pixels",
        "proxy",
        "ca_bundle",
        "ledger_path",
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
        (KEY, True, "The key works and the PHOTA models are open to it. Balance:"),
        ("sk-0123456789", False, "emulator"),
    ],
)
def test_a_connection_can_be_tested_before_it_is_saved(stack, emulator, key, status, words):
    connection = {"connection_id": "try_phota", "conn_type": "phota", "host": emulator.url, "password": key}
    answer = stack.request("POST", "connections/test", json=connection)
    assert answer["status"] is status
    assert words in answer["message"]
    assert key not in json.dumps(answer)


def test_a_saved_connection_does_not_show_its_key(stack, emulator):
    connection = {"connection_id": "phota_saved", "conn_type": "phota", "host": emulator.url, "password": KEY}
    stack.request("POST", "connections", json=connection)
    assert KEY not in json.dumps(stack.request("GET", "connections/phota_saved"))
