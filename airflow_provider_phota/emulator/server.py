"""Starts and stops the service on a socket."""

import asyncio
import logging
import sqlite3
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from airflow_provider_phota.emulator.app import build_app
from airflow_provider_phota.emulator.call import Desk, RequestLog
from airflow_provider_phota.emulator.inputs import Intake
from airflow_provider_phota.emulator.limit import RateLimit
from airflow_provider_phota.emulator.service import Service
from airflow_provider_phota.emulator.settings import Settings
from airflow_provider_phota.emulator.store import Store
from airflow_provider_phota.emulator.studio import Studio

#: Seconds that a running request gets at shutdown, so that a scripted hang does not delay the end.
_GRACE = 0.5
#: Seconds in which a connection is taken on once it is accepted.
_ACCEPTING = 0.01
#: Connections that may wait to be accepted, since thousands of waits may begin at the same time.
_BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Running:
    """Describes a service that listens."""

    url: str
    desk: Desk


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Running]:
    """Listens while the context lasts.

    Raises:
        OSError: The port is taken, or the certificate or the state file cannot be used.
    """
    tls = _tls_context(settings)
    async with AsyncExitStack() as stack:
        store = _open_store(settings)
        stack.callback(store.close)
        service = Service(settings, store)
        desk = Desk(
            service,
            Intake(service),
            Studio(store, settings.pictures),
            RequestLog(),
            RateLimit(settings.rate_limit),
        )
        stack.push_async_callback(desk.studio.close)
        stack.push_async_callback(desk.intake.close)
        runner = web.AppRunner(
            build_app(desk), access_log=None, logger=_silent_logger(), shutdown_timeout=_GRACE
        )
        await runner.setup()
        stack.push_async_callback(_clean_up, runner)
        await web.TCPSite(runner, settings.host, settings.port, ssl_context=tls, backlog=_BACKLOG).start()
        host, port = runner.addresses[0][:2]
        desk.intake.home = f"{settings.scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        for task in service.tasks_without_inputs():
            desk.intake.prepare(task)
        yield Running(desk.intake.home, desk)


async def _clean_up(runner: web.AppRunner) -> None:
    """Closes every connection. A TLS one would wait for its client's farewell, longer than the loop lives."""
    for site in list(runner.sites):
        await site.stop()
    await asyncio.sleep(_ACCEPTING)  # what was accepted just before becomes one of the server's connections
    connections = runner.server.connections if runner.server else []
    transports = [connection.transport for connection in connections if connection.transport]
    await runner.cleanup()
    for transport in transports:
        transport.abort()


def _silent_logger() -> logging.Logger:
    """Returns a silent logger. aiohttp's own errors quote the headers of a damaged request, and so a key."""
    logger = logging.getLogger("airflow_provider_phota.emulator.http")
    logger.disabled = True
    return logger


def _tls_context(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.tls_cert)
    except OSError as failure:
        why = "no certificate and key in it" if isinstance(failure, ssl.SSLError) else failure.strerror
        raise OSError(f"certificate {settings.tls_cert}: {why}") from None
    return context


def _open_store(settings: Settings) -> Store:
    try:
        return Store(settings.state)
    except sqlite3.Error as failure:
        raise OSError(f"state file {settings.state}: {failure}") from None
