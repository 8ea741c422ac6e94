"""Bad connections: one clear error that names the part and shows no secret."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.api.errors import Money, PhotaConfigurationError
from airflow_provider_phota.api.settings import (
    DEFAULT_BASE_URL,
    NUMBERS,
    Settings,
    is_loopback,
    settings_from_connection,
)
from airflow_provider_phota.api.wire import FileForm, Request

KEY = "sk-0123456789CANARY"


def settings(**parts: Any) -> Settings:
    given_parts = {"host": None, "port": None, "schema": None, "password": KEY, "extra": {}} | parts
    return settings_from_connection(**given_parts)


PASSWORDS = [
    (None, "no API key: put it into the password field"),
    ("", "no API key"),
    (" \n", "no API key"),
    ("sk-CANARY\nX-Evil: 1", "malformed"),
    ("sk-CANARY sk-CANARY", "malformed"),
    ("sk-CANARY\x00", "malformed"),
    ("sk-CANARY\u2019", "malformed"),
    ("skCANAR", "malformed: a key is 8 to 256 visible ASCII characters"),
    ("CANARY" * 100, "malformed"),
]
HOSTS = [
    ("http://api.foxapi.cc", "'http://api.foxapi.cc' is plain http"),
    ("http://10.0.0.7:8000", "is plain http"),
    ("http://127.0.0.1.evil.example", "is plain http"),
    ("ftp://api.foxapi.cc", "'ftp://api.foxapi.cc' is not an http(s) URL"),
    ("https://", "is not an http(s) URL"),
    ("https://:443", "is not an http(s) URL"),
    ("https://api.foxapi.cc/v1", "'https://api.foxapi.cc/v1' must be a scheme, a host and a port only"),
    ("https://api.foxapi.cc?key=CANARY", "must be a scheme, a host and a port only"),
    ("https://api.foxapi.cc#CANARY", "must be a scheme, a host and a port only"),
    ("https://me:CANARY@api.foxapi.cc", "'https://api.foxapi.cc' must be a scheme, a host and a port only"),
    ("https://CANARY@api.foxapi.cc", "must be a scheme, a host and a port only"),
    ("https://api foxapi.cc", "spaces"),
    ("https://api.foxapi.cc\r\nX-Evil: CANARY", "malformed"),
    ("https://api.foxapi.cc\tCANARY", "control"),
    ("https://api.foxapi.cc\\@evil.example", "control"),
    ("https://äpi.foxapi.cc", "non-ASCII"),
    ("https://[::1", "host or port is malformed"),
    ("https://api.foxapi.cc:99999", "host or port is malformed"),
    ("https://api.foxapi.cc:https", "host or port is malformed"),
    ("https://api.foxapi.cc:0", "port 0 is not between 1 and 65535"),
]
PORTS = [(-1, "port -1"), (99999, "port 99999")]
SCHEMAS = [("ftp", "schema 'ftp'"), ("v1", "schema 'v1'")]
EXTRAS = [
    *(({name: "https://evil.example"}, name) for name in ("base_url", "host", "url", "endpoint", "api_base")),
    *(
        ({name: value}, f"{name!r} must be a number > 0, got {value!r}"[:60])
        for name in NUMBERS
        for value in (0, -1, "nan", "inf", "soon", True, [1], float("nan"), 10**400)
    ),
    ({"allow_http": "maybe"}, "'allow_http' must be true or false, got 'maybe'"),
    ({"allow_http": 2}, "'allow_http' must be true or false, got 2"),
    *(
        ({"proxy": proxy}, "'proxy' must be an http(s) URL")
        for proxy in (
            "proxy.example:3128",
            "socks5://me:CANARY@proxy.example",
            7,
            "http://",
            "http://me:CANARY@",
            "http://me:CANARY@proxy.example:99999",
            "http://proxy.example:0",
            "http://proxy.example:3128\n",
            "http://proxy.example/path",
            "http://[::1",
        )
    ),
]
BAD = [
    pytest.param({part: value}, problem, id=f"{part}={value!r:.60}")
    for part, rows in {
        "password": PASSWORDS,
        "host": HOSTS,
        "port": PORTS,
        "schema": SCHEMAS,
        "extra": EXTRAS,
    }.items()
    for value, problem in rows
]


@pytest.mark.parametrize(("parts", "problem"), BAD)
def test_a_bad_connection_is_refused_by_the_name_of_its_part(parts: dict[str, Any], problem: str) -> None:
    with pytest.raises(PhotaConfigurationError) as caught:
        settings(**parts)
    assert problem in str(caught.value)
    assert "CANARY" not in str(caught.value)
    assert caught.value.money is Money.NOT_BILLED
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("parts", "base_url"),
    [
        ({}, DEFAULT_BASE_URL),
        ({"host": " "}, DEFAULT_BASE_URL),
        ({"host": "api.aihubmax.com"}, "https://api.aihubmax.com"),
        ({"host": "https://api.aihubmax.com/"}, "https://api.aihubmax.com"),
        ({"host": "HTTPS://API.aihubmax.com"}, "https://api.aihubmax.com"),
        ({"host": "api.aihubmax.com", "schema": " HTTPS "}, "https://api.aihubmax.com"),
        ({"host": "api.aihubmax.com", "port": 8443}, "https://api.aihubmax.com:8443"),
        ({"host": "https://api.aihubmax.com:1", "port": 2}, "https://api.aihubmax.com:1"),
        ({"host": "https://api.aihubmax.com:1", "port": 0}, "https://api.aihubmax.com:1"),
        ({"host": "api.aihubmax.com", "port": 0}, "https://api.aihubmax.com"),
        ({"host": "", "port": 0, "schema": ""}, DEFAULT_BASE_URL),  # as Airflow's UI sends empty fields
        ({"host": "http://127.0.0.1:8765"}, "http://127.0.0.1:8765"),
        ({"host": "127.0.0.1", "schema": "http", "port": 8765}, "http://127.0.0.1:8765"),
        ({"host": "http://localhost"}, "http://localhost"),
        ({"host": "http://[::1]:8765"}, "http://[::1]:8765"),
        ({"host": "http://gateway.lan", "extra": {"allow_http": True}}, "http://gateway.lan"),
        ({"host": "http://gateway.lan", "extra": {"allow_http": "True"}}, "http://gateway.lan"),
        ({"host": "https://gateway.lan", "extra": {"allow_http": None}}, "https://gateway.lan"),
    ],
)
def test_a_host_is_a_base_url(parts: dict[str, Any], base_url: str) -> None:
    assert settings(**parts).base_url == base_url


def test_white_space_around_a_key_is_dropped() -> None:
    assert settings(password=f" {KEY}\n").api_key == KEY


def test_extras_may_be_strings_as_in_a_connection_uri() -> None:
    made = settings(
        extra={
            "connect_timeout": "2.5",
            "read_timeout": 7,
            "total_timeout": "",
            "proxy": "http://me:secret@proxy.example:3128",
            "ca_bundle": "/etc/ssl/own.pem",
            "allow_http": "",
        }
    )
    assert (made.connect_timeout, made.read_timeout, made.total_timeout) == (2.5, 7.0, 60.0)
    assert (made.proxy, made.ca_bundle) == ("http://me:secret@proxy.example:3128", "/etc/ssl/own.pem")


def test_empty_extras_are_no_extras() -> None:
    assert settings(extra={"proxy": "", "ca_bundle": "", "read_timeout": None}) == settings()


def test_neither_the_key_nor_the_proxy_is_part_of_the_repr() -> None:
    made = settings(extra={"proxy": "http://me:secret@proxy.example:3128"})
    assert KEY not in repr(made)
    assert "secret" not in repr(made)


@pytest.mark.parametrize("host", ["localhost", "LocalHost.", "127.0.0.1", "127.8.9.1", "::1"])
def test_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhost.evil.example", "0.0.0.0", "10.0.0.1", "api.foxapi.cc"])
def test_anything_else_is_another_machine(host: str) -> None:
    assert not is_loopback(host)


def test_settings_know_whether_the_service_is_on_this_machine() -> None:
    assert settings(host="http://127.0.0.1:8765").is_loopback
    assert not settings().is_loopback


def test_a_long_upload_is_allowed_more_time_than_a_question() -> None:
    form = FileForm(b"", Path("lake.jpg"), 64 * 1024 * 100, b"", "multipart/form-data")
    assert settings().time_allowed(Request("GET", "/v1/models")) == 60.0
    assert settings().time_allowed(Request("POST", "/v1/files/upload/stream", body=form)) == 160.0


_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(
    host=st.none() | st.text(),
    port=st.none() | st.integers(),
    schema=st.none() | st.sampled_from(["http", "https", ""]) | st.text(),
    password=st.none() | st.text() | st.just(KEY),
    extra=st.dictionaries(st.sampled_from([*NUMBERS, "proxy", "ca_bundle", "allow_http"]), _values),
)
def test_whatever_a_connection_holds_is_an_account_or_a_clear_refusal(**parts: Any) -> None:
    try:
        made = settings_from_connection(**parts)
    except PhotaConfigurationError:
        return
    assert made.base_url.startswith(("https://", "http://"))
    assert made.base_url.isascii()


def test_how_pictures_are_published_is_one_of_two_ways() -> None:
    assert settings().publish == "upload"
    assert settings(extra={"publish": "presign"}).publish == "presign"
    with pytest.raises(PhotaConfigurationError, match="'publish' must be 'upload' or 'presign', got 'ftp'"):
        settings(extra={"publish": "ftp"})


@pytest.mark.parametrize(
    ("value", "pixels"),
    [(None, 200_000_000), ("", 200_000_000), (1, 1), (3e8, 300_000_000), ("300000000", 300_000_000)],
)
def test_how_many_pixels_a_picture_may_have(value: object, pixels: int) -> None:
    assert settings(extra={"max_pixels": value}).max_pixels == pixels


@pytest.mark.parametrize("value", [0, -1, 0.5, True, "many", [1], float("inf")])
def test_pixels_are_a_whole_number(value: object) -> None:
    with pytest.raises(PhotaConfigurationError, match="'max_pixels' must be a"):
        settings(extra={"max_pixels": value})
