"""Asks for all the waits of a connection: with one account, one session and one pace."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self, TypeVar
from weakref import WeakKeyDictionary

from airflow_provider_phota.api.errors import NotSent, PhotaError, TransportError
from airflow_provider_phota.api.protocol import proves_refusal
from airflow_provider_phota.api.refusals import retry_after
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import Conversation, Request, Response
from airflow_provider_phota.drivers.carrying import carry
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.polling.durations import Durations, Observation
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.triggers import metrics
from airflow_provider_phota.triggers.account import Account
from airflow_provider_phota.triggers.heap import freeze_heap
from airflow_provider_phota.triggers.pace import Pace

if TYPE_CHECKING:
    from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver

T = TypeVar("T")

log = logging.getLogger(__name__)


class _ReportedDurations(Durations):
    """Learns durations, and reports how late the end of a task was seen."""

    def learn(
        self, phota_task_id: str, first: Observation, last: Observation, finished_at: float = math.inf
    ) -> None:
        if finished_at < math.inf:
            # the task ended at some moment since it was last seen running: in the middle, on average
            metrics.report_delay((finished_at - last.age) / 2)
        super().learn(phota_task_id, first, last, finished_at)


class Poller:
    """Carries the conversations of all the waits of a connection, on one event loop.

    It is an async context manager for whoever does not share it.

    Args:
        load_settings: reads the Airflow connection.

    Attributes:
        durations: what finished and running tasks have taught.
        waits: how many waits use the poller now.
    """

    def __init__(self, load_settings: Callable[[], Awaitable[Settings]]) -> None:
        self.waits = 0
        self.durations: Durations = _ReportedDurations()
        self._schedules: dict[tuple[float, float], PollSchedule] = {}
        self._account = Account(load_settings)
        self._pace = Pace(Settings.requests_per_second)
        self._drivers: dict[Settings, AiohttpDriver] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def run(self, conversation: Conversation[T]) -> Awaitable[T]:
        """Carries a conversation to its end and returns its result."""
        return carry(conversation, self)

    def schedule(self, shortest: float, longest: float) -> PollSchedule:
        """Returns the schedule with these bounds, in seconds; all waits with equal bounds share it."""
        bounds = (shortest, longest)
        if bounds not in self._schedules:
            self._schedules[bounds] = PollSchedule(shortest, longest, self.durations)
        return self._schedules[bounds]

    async def close(self) -> None:
        """Closes the session. The next wait opens another one."""
        self._pace.close()
        opened, self._open = self._open, AsyncExitStack()
        self._drivers = {}
        async with opened:
            await self._account.close()

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Lets this many seconds pass, and a moment more, so that several waits wake up together."""
        return self._pace.sleep(seconds)

    async def exchange(self, request: Request) -> Response:
        """Sends one request when its turn has come, and returns its answer.

        Raises:
            TransportError: no complete answer came, or the turn did not come in time.
            PhotaConfigurationError: the connection is malformed or does not exist.
        """
        settings = await _readable(self._account.settings())
        self._pace.rate.limit = settings.requests_per_second
        self._pace.rate.share = 1.0 / settings.expected_pollers
        turn = await self._pace.turn(request.within)
        metrics.count_question()
        try:
            response = await self._send(request, settings)
        except TransportError as failure:
            # if TLS fails on this machine, a pause does not help, and every wait has to notice the failure
            is_local = isinstance(failure, NotSent) and failure.permanent
            self._report_failure(0.0 if is_local else self._pace.failed(turn))
            raise
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._report_failure(self._pace.refused(turn, retry_after(response)))
        elif response.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self._report_failure(self._pace.unavailable(turn, retry_after(response)))
        elif response.status >= 500:
            self._report_failure(self._pace.failed(turn))
        else:
            self._pace.answered()
        return response

    async def _send(self, request: Request, settings: Settings) -> Response:
        response = await (await self._driver(settings)).exchange(request)
        if response.status != 401 or (request.billed and not proves_refusal(request, response)):
            return response  # a proxy may answer 401 in place of a service that has created a task
        newer = await _readable(self._account.after_refusal(settings))
        if newer is None or newer.api_key == settings.api_key:
            return response
        log.info("The key was refused; asking again with the connection's new one.")
        return await (await self._driver(newer)).exchange(request)

    async def _driver(self, settings: Settings) -> AiohttpDriver:
        if settings not in self._drivers:
            from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver  # noqa: PLC0415  # DAG parsing stays cheap

            freeze_heap()
            # the driver of a replaced key stays open until the last wait has left: it may still be in use
            self._drivers[settings] = await self._open.enter_async_context(AiohttpDriver(settings))
        return self._drivers[settings]

    def _report_failure(self, pause: float) -> None:
        metrics.count_failure()
        if pause:
            metrics.add_pause(pause)
            log.info("All waits of this connection stay away from the PHOTA service for %.1f s.", pause)


_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Poller]] = WeakKeyDictionary()


class SharedPoller:
    """Gives a wait the one poller of its connection on this event loop, as an async context manager.

    The last wait that leaves closes the poller's session. This is a class, since a generator in its place
    would take several more objects for every wait.
    """

    __slots__ = ("_phota_conn_id", "_poller", "_pollers")

    def __init__(self, phota_conn_id: str) -> None:
        self._phota_conn_id = phota_conn_id

    async def __aenter__(self) -> Poller:
        loop = asyncio.get_running_loop()
        if (pollers := _pollers.get(loop)) is None:
            pollers = _pollers[loop] = {}
        if self._phota_conn_id not in pollers:
            pollers[self._phota_conn_id] = Poller(PhotaHook(self._phota_conn_id).load_settings)
        self._pollers, self._poller = pollers, pollers[self._phota_conn_id]
        self._add_waits(1)
        return self._poller

    async def __aexit__(self, *_: object) -> None:
        self._add_waits(-1)
        if not self._poller.waits:
            await self._poller.close()

    def _add_waits(self, number: int) -> None:
        self._poller.waits += number
        metrics.count_waits(sum(poller.waits for poller in self._pollers.values()))


async def _readable(account: Coroutine[Any, Any, T]) -> T:
    """Returns what an account gives; its failure counts as a question that was not sent."""
    try:
        return await account
    except PhotaError:
        raise
    except Exception as error:
        # Airflow's database or secrets backend may be away for a moment, which the wait tolerates
        raise NotSent(f"the Airflow connection could not be read ({type(error).__name__})") from None
