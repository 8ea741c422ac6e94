"""Drivers that are kept between conversations: as many as threads at once, and closed at the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.errors import PhotaNotBilled
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.kept_drivers import KeptDrivers
from airflow_provider_phota.hooks.phota import PhotaHook

pytestmark = pytest.mark.usefixtures("metadata_database")


class Opened:
    """Opens drivers, and remembers them and which of them were closed."""

    def __init__(self) -> None:
        self.drivers: list[RequestsDriver] = []
        self.closed: list[RequestsDriver] = []

    def __call__(self) -> RequestsDriver:
        driver = PhotaHook().get_conn()
        close = driver.close

        def note() -> None:
            self.closed.append(driver)
            close()

        driver.close = note
        self.drivers.append(driver)
        return driver


@pytest.fixture
def opened(emulator):  # the hook's connection leads to it
    return Opened()


def test_one_driver_serves_one_conversation_after_the_other(opened):
    with KeptDrivers(opened) as drivers:
        for _ in range(3):
            assert "phota-image-edit" in drivers.run(protocol.get_models())
        assert len(opened.drivers) == 1
        assert opened.closed == []
    assert opened.closed == opened.drivers


def test_a_driver_carries_one_conversation_at_once(opened, emulator):
    emulator.add_faults(Fault("models", "slow_body", seconds=0.3, times=None))
    with KeptDrivers(opened) as drivers, ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: drivers.run(protocol.get_models()), range(8)))
    assert len(answers) == 8
    assert len(opened.drivers) == 4
    assert sorted(map(id, opened.closed)) == sorted(map(id, opened.drivers))


def test_a_driver_is_kept_after_a_failure(opened, emulator):
    emulator.add_faults(Fault("models", "status", status=500))
    with KeptDrivers(opened) as drivers:
        with pytest.raises(PhotaNotBilled):
            drivers.run(protocol.get_models(Backoff(tries=1)))
        assert drivers.run(protocol.get_models())
    assert len(opened.drivers) == 1
