"""One suite for both drivers: `run` carries a conversation over the one or the other."""

from pathlib import Path
from typing import Any

import pytest
from driving import KEY, Account, Certificates, Run, run_over_aiohttp, run_over_requests

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.drivers.trust import BUNDLES, FILE, FOLDERS


@pytest.fixture(params=[run_over_requests, run_over_aiohttp], ids=["requests", "aiohttp"])
def run(request: pytest.FixtureRequest) -> Run:
    """Carry a conversation to its end over a driver of its own."""
    driver: Run = request.param
    return driver


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the proxies, the certificate authorities and the home of whoever runs the tests."""
    for name in (*BUNDLES, FILE, FOLDERS):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)


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
