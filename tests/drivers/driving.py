"""What the tests of both drivers share: the two ways to run a conversation, and certificates."""

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import trustme
from cryptography.x509 import Name, NameAttribute, load_pem_x509_certificate

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import Conversation
from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver
from airflow_provider_phota.drivers.requests_driver import RequestsDriver

T = TypeVar("T")

KEY = "sk-0123456789CANARY"

#: Makes settings for a URL, with changes by keyword.
Account = Callable[..., Settings]


class Run(Protocol):
    def __call__(self, conversation: Conversation[T], settings: Settings) -> T: ...


def run_over_requests(conversation: Conversation[T], settings: Settings) -> T:
    with RequestsDriver(settings) as driver:
        return driver.run(conversation)


def run_over_aiohttp(conversation: Conversation[T], settings: Settings) -> T:
    async def converse() -> T:
        try:
            async with AiohttpDriver(settings) as driver:
                return await driver.run(conversation)
        finally:
            await abort_lingering_connections()

    return asyncio.run(converse())


async def abort_lingering_connections() -> None:
    """Aiohttp leaves a connection whose peer hangs to be closed later, but here the loop ends first."""
    transports = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]  # there is no public list
    for transport in list(transports.values()):
        transport.abort()
    await asyncio.sleep(0)


class Certificates:
    """A certificate authority of our own, and what it signs."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._folder = folder
        self.bundle = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.bundle)

    def hashed(self, folder: Path) -> Path:
        """A folder that holds the authority under the name by which OpenSSL looks for it."""
        folder.mkdir()
        subject = load_pem_x509_certificate(self.bundle.read_bytes()).subject
        canonical = b"".join(
            Name([NameAttribute(part.oid, " ".join(str(part.value).lower().split()))]).public_bytes()[2:]
            for part in subject
        )
        number = int.from_bytes(hashlib.sha1(canonical, usedforsecurity=False).digest()[:4], "little")
        (folder / f"{number:08x}.0").write_bytes(self.bundle.read_bytes())
        return folder

    def server(self, *hosts: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*hosts).configure_cert(context)
        return context

    def file(self, *hosts: str) -> Path:
        """One PEM file with a key and its certificate."""
        path = self._folder / f"{hosts[0]}.pem"
        self._authority.issue_cert(*hosts).private_key_and_cert_chain_pem.write_to_path(path)
        return path
