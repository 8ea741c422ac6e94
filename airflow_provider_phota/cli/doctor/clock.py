"""Compares the clock of this machine with the service's."""

from __future__ import annotations

import time

from airflow_provider_phota.api.errors import TransportError
from airflow_provider_phota.api.reading import http_date
from airflow_provider_phota.api.wire import Conversation, Request
from airflow_provider_phota.cli.doctor.findings import Finding
from airflow_provider_phota.drivers.requests_driver import RequestsDriver

#: Seconds that two clocks may differ: from the second number on, S3 refuses what this machine signs.
_NOTICEABLE, _TOO_MUCH = 30.0, 900.0
_WHAT_TO_DO = "Let the machine set its clock by NTP"


def clock_finding(driver: RequestsDriver) -> Finding:
    """Returns how the clocks compare; the time that the question takes is shared between both ways."""
    before = time.time()
    by_service = driver.run(_ask_the_time())
    if by_service is None:
        return Finding.warning("clock", "the service does not say what time it is")
    apart = (before + time.time()) / 2 - by_service
    if abs(apart) < _NOTICEABLE:
        return Finding.ok("clock", "it agrees with the service's")
    where = "ahead of" if apart > 0 else "behind"
    text = f"this machine is {abs(apart):.0f} s {where} the service. {_WHAT_TO_DO}"
    return Finding.failed("clock", text) if abs(apart) >= _TOO_MUCH else Finding.warning("clock", text)


def _ask_the_time() -> Conversation[float | None]:
    """Asks for anything: each answer has a date, whatever else it says."""
    try:
        response = yield Request("GET", "/v1/models")
    except TransportError:
        return None
    return http_date(response.headers.get("date", "")) if response else None
