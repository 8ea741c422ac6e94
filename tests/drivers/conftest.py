"""One suite for both drivers: `run` carries a conversation over the one or the other."""

from typing import Any

import pytest
from certificates import Certificates
from driving import KEY, Account, Run, run_over_aiohttp, run_over_requests

from airflow_provider_phota.api.settings import Settings


@pytest.fixture(params=[run_over_requests, run_over_aiohttp], ids=["requests", "aiohttp"])
def run(request: pytest.FixtureRequest) -> Run:
    """Carry a conversation to its end over a driver of its own."""
    driver: Run = request.param
    return driver


@pytest.fixture(autouse=True)
def _bare(bare_environment: None) -> None:
    """Keeps the settings of this machine out of every test."""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def account(certificates: Certificates) -> Account:
    """Make settings for a URL: patient unless told otherwise, trusting our own authority."""

    def make(url: str, **changes: Any) -> Settings:
        trusted = {"ca_bundle": str(certificates.bundle)}
        return Settings(**({"api_key": KEY, "base_url": url} | trusted | changes))

    return make
