"""Drivers that are kept between conversations: as many as threads at once, and closed at the end."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.errors import (
    PhotaAuthenticationError,
    PhotaConfigurationError,
    PhotaNotBilled,
    PhotaUnreachable,
)
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.kept_drivers import KeptDrivers
from airflow_provider_phota.hooks.phota import PhotaHook

pytestmark = pytest.mark.usefixtures("metadata_database")

ASKED = "GET /v1/models"
OLD_KEY = "emu-old-CANARY"


@pytest.fixture
def opened(monkeypatch):
    """The drivers that hooks have opened, and those of them that were closed."""

    class Opened:
        drivers: list[RequestsDriver] = []  # noqa: RUF012  # one instance
        closed: list[RequestsDriver] = []  # noqa: RUF012

    get_conn, seen = PhotaHook.get_conn, Opened()
    seen.drivers, seen.closed = [], []

    def noted(hook):
        driver = get_conn(hook)
        close = driver.close

        def note():
            seen.closed.append(driver)
            close()

        driver.close = note
        seen.drivers.append(driver)
        return driver

    monkeypatch.setattr(PhotaHook, "get_conn", noted)
    return seen


@pytest.fixture
def hook(emulator):  # its connection leads to it
    return PhotaHook()


def test_one_driver_serves_one_conversation_after_the_other(hook, opened):
    with KeptDrivers(hook) as drivers:
        for _ in range(3):
            assert "phota-image-edit" in drivers.run(protocol.get_models)
        assert len(opened.drivers) == 1
        assert opened.closed == []
    assert opened.closed == opened.drivers


def test_a_driver_carries_one_conversation_at_once(hook, opened, emulator):
    emulator.add_faults(Fault("models", "slow_body", seconds=0.3, times=None))
    with KeptDrivers(hook) as drivers, ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: drivers.run(protocol.get_models), range(8)))
    assert len(answers) == 8
    assert len(opened.drivers) == 4
    assert sorted(map(id, opened.closed)) == sorted(map(id, opened.drivers))


def test_a_driver_is_kept_after_a_failure(hook, opened, emulator):
    emulator.add_faults(Fault("models", "status", status=500))
    with KeptDrivers(hook) as drivers:
        with pytest.raises(PhotaNotBilled):
            drivers.run(lambda: protocol.get_models(Backoff(tries=1)))
        assert drivers.run(protocol.get_models)
    assert len(opened.drivers) == 1


@pytest.fixture
def connection(emulator, monkeypatch):
    """Change the key of `phota_default`."""

    def change(key):
        whole = {"conn_type": "phota", "password": key, "host": emulator.url}
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(whole))

    return change


@pytest.fixture
def old_hook(emulator, connection):
    """A hook that has read a key which is refused since then."""
    connection(OLD_KEY)
    hook = PhotaHook()
    assert hook.settings.api_key == OLD_KEY
    emulator.revoke(OLD_KEY)
    return hook


def test_a_key_that_was_replaced_is_found_and_used_from_then_on(
    emulator, old_hook, connection, opened, caplog
):
    connection(emulator.key)
    with KeptDrivers(old_hook) as drivers:
        for _ in range(3):
            assert drivers.run(protocol.get_models)
        assert emulator.counts()[ASKED] == 4
    assert len(opened.drivers) == 2
    assert sorted(map(id, opened.closed)) == sorted(map(id, opened.drivers))
    assert OLD_KEY not in caplog.text


def test_many_threads_read_a_replaced_key_once(emulator, old_hook, connection, monkeypatch):
    connection(emulator.key)
    reads, get_connection = [], PhotaHook.get_connection
    monkeypatch.setattr(
        PhotaHook,
        "get_connection",
        staticmethod(lambda conn_id: reads.append(conn_id) or get_connection(conn_id)),
    )
    together = threading.Barrier(4)

    def converse():
        together.wait(timeout=20)  # all have read the old key, and later all have been refused
        return protocol.get_models()

    with KeptDrivers(old_hook) as drivers, ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda _: drivers.run(converse), range(4)))
    assert reads == ["phota_default"]


def test_a_key_that_was_not_replaced_is_not_tried_again(emulator, old_hook):
    with KeptDrivers(old_hook) as drivers, pytest.raises(PhotaAuthenticationError):
        drivers.run(protocol.get_models)
    assert emulator.counts()[ASKED] == 1


def test_a_key_that_may_not_do_this_is_not_looked_for(emulator, old_hook, connection):
    connection(emulator.key)
    emulator.add_faults(Fault("models", "status", status=403, times=None))
    with KeptDrivers(old_hook) as drivers, pytest.raises(PhotaAuthenticationError):
        drivers.run(protocol.get_models)
    assert emulator.counts()[ASKED] == 1


def test_a_connection_that_cannot_be_read_for_a_moment_is_no_reason_to_give_up(old_hook, monkeypatch):
    def away(conn_id):
        raise OSError("the database of CANARY is away")

    monkeypatch.setattr(PhotaHook, "get_connection", staticmethod(away))
    with KeptDrivers(old_hook) as drivers, pytest.raises(PhotaUnreachable, match=r"read \(OSError\)"):
        drivers.run(protocol.get_models)


def test_a_connection_that_is_gone_is_named(old_hook, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_PHOTA_DEFAULT")
    with KeptDrivers(old_hook) as drivers, pytest.raises(PhotaConfigurationError, match="phota_default"):
        drivers.run(protocol.get_models)
