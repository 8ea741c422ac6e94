"""The PHOTA service on loopback: over real HTTP, for tests, demos and your own DAG tests.

As a process: ``python -m airflow_provider_phota.emulator``. In a test: the pytest fixture ``phota_emulator``.
In any Python code: `Emulator`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_phota.emulator.faults import Fault
    from airflow_provider_phota.emulator.records import LedgerEntry, SeenRequest
    from airflow_provider_phota.emulator.running import Emulator

__all__ = ["Emulator", "Fault", "LedgerEntry", "SeenRequest"]

_HOMES = {"Emulator": "running", "Fault": "faults", "LedgerEntry": "records", "SeenRequest": "records"}

if not TYPE_CHECKING:  # a type checker would take every name for a good one

    def __getattr__(name: str) -> object:
        # pytest imports this package at each of its starts, for the fixture: that must cost nothing
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
