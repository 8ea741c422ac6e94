"""The pytest fixture ``phota_emulator``, which pytest finds by itself where this package is installed.

pytest loads this module whenever it starts, also in projects that do not use it. So it imports only pytest.
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
    """The PHOTA service on a free loopback port, fresh for each test; `phota_default` connects to it."""
    from airflow_provider_phota.emulator.running import Emulator  # noqa: PLC0415  # see above

    with Emulator() as emulator:
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", emulator.connection)
        past_the_proxy = _with_loopback(os.environ.get("no_proxy") or os.environ.get("NO_PROXY", ""))
        for name in ("no_proxy", "NO_PROXY"):  # a proxy would look for the emulator on its own loopback
            monkeypatch.setenv(name, past_the_proxy)
        yield emulator


def _with_loopback(hosts: str) -> str:
    # a star counts only where it stands alone
    return hosts if hosts == "*" else ",".join(filter(None, [hosts, "127.0.0.1"]))
