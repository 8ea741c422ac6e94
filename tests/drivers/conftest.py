"""One suite for both drivers: `run` carries a conversation over the one or the other."""

import asyncio
import ssl
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
import trustme

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import Conversation
from airflow_provider_phota.drivers.aiohttp import AiohttpDriver
from airflow_provider_phota.drivers.requests import RequestsDriver

T = TypeVar("T")


class Run(Protocol):
    def __call__(self, conversation: Conversation[T], settings: Settings) -> T: ...


def run_over_requests(conversation: Conversation[T], settings: Settings) -> T:
    with RequestsDriver(settings) as driver:
        return driver.run(conversation)


def run_over_aiohttp(conversation: Conversation[T], settings: Settings) -> T:
    async def converse() -> T:
        async with AiohttpDriver(settings) as driver:
            return await driver.run(conversation)

    return asyncio.run(converse())


@pytest.fixture(params=[run_over_requests, run_over_aiohttp], ids=["requests", "aiohttp"])
def run(request: pytest.FixtureRequest) -> Run:
    """Carry a conversation to its end over a driver of its own."""
    driver: Run = request.param
    return driver


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the proxies and the home of whoever runs the tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)


class Certificates:
    """A certificate authority of our own, and what it signs."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._folder = folder
        self.bundle = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.bundle)

    def server(self, *hosts: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*hosts).configure_cert(context)
        return context

    def file(self, *hosts: str) -> Path:
        """One PEM file with a key and its certificate."""
        path = self._folder / f"{hosts[0]}.pem"
        self._authority.issue_cert(*hosts).private_key_and_cert_chain_pem.write_to_path(path)
        return path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


KEY = "sk-0123456789CANARY"


@pytest.fixture
def account(certificates: Certificates) -> Any:
    """Make settings for a URL: patient unless told otherwise, trusting our own authority."""

    def make(url: str, **changes: Any) -> Settings:
        trusted = {"ca_bundle": str(certificates.bundle)}
        return Settings(**({"api_key": KEY, "base_url": url} | trusted | changes))

    return make
