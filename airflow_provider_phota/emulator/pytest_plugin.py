"""A pytest fixture for your own DAG tests.

In ``conftest.py``::

    from airflow_provider_phota.emulator.pytest_plugin import phota_emulator  # noqa: F401
"""

from collections.abc import Iterator

import pytest

from airflow_provider_phota.emulator.running import Emulator


@pytest.fixture
def phota_emulator() -> Iterator[Emulator]:
    """The PHOTA service on a free loopback port, fresh for each test."""
    with Emulator() as emulator:
        yield emulator
