"""One poller for all the waits of a connection: one account, one session, one pace."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Coroutine
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from airflow_provider_phota.api.errors import NotSent, PhotaError, TransportError
from airflow_provider_phota.api.refusals import retry_after
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import Conversation, Request, Response
from airflow_provider_phota.drivers.carrying import carry
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.polling.durations import Durations, Sight
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.triggers import metrics
from airflow_provider_phota.triggers.account import Account
from airflow_provider_phota.triggers.pace import Pace

if TYPE_CHECKING:
    from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver

T = TypeVar("T")

log = logging.getLogger(__name__)

_THROTTLING = frozenset({429, 503})


class _ReportedDurations(Durations):
    """Also tells Airflow's metrics how late the end of a task was seen."""

    def learn(self, phota_task_id: str, first: Sight, last: Sight, finished_at: float = math.inf) -> None:
        if finished_at < math.inf:
            metrics.detected((finished_at - last.age) / 2)
        super().learn(phota_task_id, first, last, finished_at)


class Poller:
    """Carries the conversations of all the waits of a connection, on one event loop.

    Attributes:
        durations: what their tasks taught about the next.
        waits: how many use it now.
    """

    def __init__(self, phota_conn_id: str) -> None:
        self.waits = 0
        self.durations: Durations = _ReportedDurations()
        self._schedules: dict[tuple[float, float], PollSchedule] = {}
        self._account = Account(PhotaHook(phota_conn_id).load_settings)
        self._pace = Pace(Settings.requests_per_second)
        self._drivers: dict[Settings, AiohttpDriver] = {}
        self._open = AsyncExitStack()

    def run(self, conversation: Conversation[T]) -> Awaitable[T]:
        """Carry a conversation to its end and return what it returns."""
        return carry(conversation, self)

    def schedule(self, shortest: float, longest: float) -> PollSchedule:
        """The one schedule of so long intervals, which learns from all that waits by it."""
        bounds = (shortest, longest)
        if bounds not in self._schedules:
            self._schedules[bounds] = PollSchedule(shortest, longest, self.durations)
        return self._schedules[bounds]

    async def close(self) -> None:
        """Close what is open; it opens again for the next wait."""
        self._pace.close()
        opened, self._open = self._open, AsyncExitStack()
        self._drivers = {}
        async with opened:
            await self._account.close()

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Let so many seconds pass, and a moment more, until other waits wake up too."""
        return self._pace.sleep(seconds)

    async def exchange(self, request: Request) -> Response:
        """Send one request when its turn has come.

        Raises:
            TransportError: there is no complete answer, or its turn did not come in time.
            PhotaConfigurationError: the connection is malformed, or there is none.
        """
        settings = await _read(self._account.settings())
        self._pace.limit = settings.requests_per_second
        turn = await self._pace.turn(request.within)
        metrics.polled()
        try:
            response = await self._exchange(request, settings)
        except TransportError as failure:
            # where TLS is refused here, no pause helps the service, and every wait has to learn of it
            ours = isinstance(failure, NotSent) and failure.permanent
            self._trouble(0.0 if ours else self._pace.failed(turn))
            raise
        if response.status in _THROTTLING:
            self._trouble(self._pace.throttled(turn, retry_after(response)))
        elif response.status >= 500:
            self._trouble(self._pace.failed(turn))
        else:
            self._pace.answered()
        return response

    async def _exchange(self, request: Request, settings: Settings) -> Response:
        response = await (await self._driver(settings)).exchange(request)
        if response.status == 401 and (newer := await _read(self._account.after_refusal(settings))):
            log.info("The key was refused; asking again with the connection's new one.")
            return await (await self._driver(newer)).exchange(request)
        return response

    async def _driver(self, settings: Settings) -> AiohttpDriver:
        if settings not in self._drivers:
            from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver  # noqa: PLC0415  # DAG parsing stays cheap

            # that of a rotated key stays open until the last wait has left: requests may be under way on it
            self._drivers[settings] = await self._open.enter_async_context(AiohttpDriver(settings))
        return self._drivers[settings]

    def _trouble(self, seconds: float) -> None:
        metrics.failed()
        if seconds:
            metrics.throttled(seconds)
            log.info("All waits of this connection stay away from the PHOTA service for %.1f s.", seconds)


_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Poller]] = WeakKeyDictionary()


class SharedPoller:
    """The one poller of a connection on this event loop; the last wait to leave closes its session.

    An async context manager; written out, since a generator is several objects more for every wait.
    """

    __slots__ = ("_phota_conn_id", "_poller", "_pollers")

    def __init__(self, phota_conn_id: str) -> None:
        self._phota_conn_id = phota_conn_id

    async def __aenter__(self) -> Poller:
        loop = asyncio.get_running_loop()
        if (pollers := _pollers.get(loop)) is None:
            pollers = _pollers[loop] = {}
        if self._phota_conn_id not in pollers:
            pollers[self._phota_conn_id] = Poller(self._phota_conn_id)
        self._pollers, self._poller = pollers, pollers[self._phota_conn_id]
        self._count(1)
        return self._poller

    async def __aexit__(self, *_: object) -> None:
        self._count(-1)
        if not self._poller.waits:
            await self._poller.close()

    def _count(self, more: int) -> None:
        self._poller.waits += more
        metrics.waiting(sum(poller.waits for poller in self._pollers.values()))


async def _read(account: Coroutine[Any, Any, T]) -> T:
    try:
        return await account
    except PhotaError:
        raise
    except Exception as error:
        # Airflow's database or secrets backend is away: that heals, and the wait bears it
        raise NotSent(f"the Airflow connection could not be read ({type(error).__name__})") from None
