"""The PHOTA service on loopback: over real HTTP, for tests, demos and your own DAG tests.

As a process: ``python -m airflow_provider_phota.emulator``. In a test: `Emulator`, or the fixture in
``airflow_provider_phota.emulator.pytest_plugin``. Needs the extra ``emulator``.
"""

try:
    import PIL  # noqa: F401 - asked for here, so that its absence is explained once
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "the PHOTA emulator needs Pillow: pip install 'airflow-provider-phota[emulator]'", name="PIL"
    ) from missing

from airflow_provider_phota.emulator.faults import Fault
from airflow_provider_phota.emulator.records import LedgerEntry, SeenRequest
from airflow_provider_phota.emulator.running import Emulator

__all__ = ["Emulator", "Fault", "LedgerEntry", "SeenRequest"]
