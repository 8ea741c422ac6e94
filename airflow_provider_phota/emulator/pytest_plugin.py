"""Provides the pytest fixture ``phota_emulator``. pytest finds it by itself if this package is installed.

pytest loads this module whenever it starts, also in projects that do not use it, so it imports only pytest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow_provider_phota.emulator.running import Emulator


@pytest.fixture
def phota_emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Runs a new emulator of the PHOTA service for a test. The connection `phota_default` leads to it."""
    from airflow_provider_phota.emulator.running import Emulator  # noqa: PLC0415  # see above

    with Emulator() as emulator:
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", emulator.connection)
        without_proxy = _with_loopback(os.environ.get("no_proxy") or os.environ.get("NO_PROXY", ""))
        for name in ("no_proxy", "NO_PROXY"):  # a proxy would look for the emulator on its own machine
            monkeypatch.setenv(name, without_proxy)
        yield emulator


def _with_loopback(hosts: str) -> str:
    # a star is only understood if it stands alone
    return hosts if hosts == "*" else ",".join(filter(None, [hosts, "127.0.0.1"]))
