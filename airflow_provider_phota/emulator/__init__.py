"""Imitates the PHOTA service on this machine, over real HTTP, for demos, tests and your own DAG tests.

As a process it is ``python -m airflow_provider_phota.emulator``, in a test the pytest fixture
``phota_emulator``, in any Python code the class `Emulator`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_phota.emulator.faults import Fault
    from airflow_provider_phota.emulator.records import LedgerEntry, SeenRequest
    from airflow_provider_phota.emulator.running import Emulator

__all__ = ["Emulator", "Fault", "LedgerEntry", "SeenRequest"]

_MODULES = {"Emulator": "running", "Fault": "faults", "LedgerEntry": "records", "SeenRequest": "records"}

if not TYPE_CHECKING:  # with this function, a type checker would accept every name

    def __getattr__(name: str) -> object:
        # pytest imports this package each time it starts, for the fixture: that must cost nothing
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
