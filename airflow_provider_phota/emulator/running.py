"""Runs the emulator inside a Python process, in a thread with its own event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from airflow_provider_phota.emulator.connecting import KEY, connection_to
from airflow_provider_phota.emulator.faults import Fault
from airflow_provider_phota.emulator.records import LedgerEntry, SeenRequest
from airflow_provider_phota.emulator.server import Running, serving
from airflow_provider_phota.emulator.settings import RESULT_TTL, Settings, checked_pictures

T = TypeVar("T")


class Emulator:
    """Imitates the PHOTA service on a loopback port, for tests.

    Usage::

        with Emulator() as emulator:
            requests.get(f"{emulator.url}/v1/models", headers={"Authorization": f"Bearer {emulator.key}"})

    Args:
        port: TCP port. With 0, a free one is chosen.
        latency: Shortest and longest duration of a task, in seconds.
        seed: Seed of the durations.
        state: SQLite file that keeps everything. If it is None, everything is forgotten at the end.
        tls_cert: PEM file with certificate and private key. With it, the service speaks https.
        host: Loopback address to listen on.
        credits: What every new key may spend.
        result_ttl: Seconds a result URL lives.
        pictures: How results are drawn: ``full``, ``small`` or ``shared``. See `draw`.
        rate_limit: Requests a second that all clients together may send to the API.

    Raises:
        ValueError: An argument makes no sense, for example a host that is not on loopback.
    """

    #: A key that the emulator accepts.
    key = KEY

    def __init__(
        self,
        port: int = 0,
        latency: tuple[float, float] = (0.1, 0.3),
        seed: int | None = 0,
        state: Path | str | None = None,
        tls_cert: Path | str | None = None,
        *,
        host: str = "127.0.0.1",
        credits: int = 1_000_000,  # noqa: A002 - the command line's word
        result_ttl: float = RESULT_TTL,
        pictures: str = "full",
        rate_limit: float | None = None,
    ) -> None:
        self.settings = Settings(
            host=host,
            port=port,
            tls_cert=Path(tls_cert) if tls_cert else None,
            latency=latency,
            seed=seed,
            state=Path(state) if state else None,
            credits=credits,
            result_ttl=result_ttl,
            pictures=pictures,
            rate_limit=rate_limit,
        )
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Starts to listen, and returns when requests are answered.

        Raises:
            OSError: The port is taken, or a file cannot be read.
        """
        if self._thread is None:
            started: Future[Running] = Future()
            self._thread = threading.Thread(
                target=self._run_thread, args=(started,), name="phota-emulator", daemon=True
            )
            self._thread.start()
            try:
                self._running = started.result()
            except Exception:
                self._thread.join()
                self._thread = None
                raise
        return self

    def stop(self) -> None:
        """Stops, and waits until everything is closed. If it is stopped already, it does nothing."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run_thread(self, started: "Future[Running]") -> None:
        try:
            asyncio.run(self._serve(started))
        except BaseException as failure:
            if not started.done():
                started.set_exception(failure)

    async def _serve(self, started: "Future[Running]") -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        async with serving(self.settings) as running:
            started.set_result(running)
            await self._stopping.wait()

    @property
    def url(self) -> str:
        """The base URL, for example ``http://127.0.0.1:49152``."""
        self._check_running()
        return self._running.url

    @property
    def connection(self) -> str:
        """An Airflow connection to the emulator, as the value of ``AIRFLOW_CONN_PHOTA_DEFAULT``."""
        return connection_to(self.url)

    def ledger(self) -> list[LedgerEntry]:
        """Returns every task that was created and billed since the last reset, oldest first."""
        return self._ask_on_loop(lambda running: running.desk.service.ledger())

    def requests(self) -> list[SeenRequest]:
        """Returns the requests seen since the last reset, oldest first (at most the last 100,000)."""
        return self._ask_on_loop(lambda running: [replace(request) for request in running.desk.log.seen])

    def counts(self) -> dict[str, int]:
        """Returns how often each route was called since the last reset, say ``GET /v1/models``."""
        return self._ask_on_loop(lambda running: dict(running.desk.log.counts))

    def reset(self) -> None:
        """Forgets tasks, uploads, balances, revoked keys, faults and requests, and sets the clock right."""
        self._ask_on_loop(lambda running: running.desk.reset())

    def add_faults(self, *faults: Fault) -> None:
        """Adds faults to the script; see `Fault`."""
        self._ask_on_loop(lambda running: running.desk.service.faults.add(faults))

    def faults(self) -> list[Fault]:
        """Returns the faults that are still to come."""
        return self._ask_on_loop(lambda running: running.desk.service.faults.left())

    def clear_faults(self) -> None:
        self._ask_on_loop(lambda running: running.desk.service.faults.clear())

    def advance(self, seconds: float) -> None:
        """Moves the service's clock, for example past the life of a result URL."""
        self._ask_on_loop(lambda running: running.desk.service.advance(seconds))

    def draw(self, pictures: str) -> None:
        """Draws results in another way from now on, until the next reset.

        Args:
            pictures: ``full``: the inputs, visibly changed. ``small``: 64 pixels wide, from the task's ID
                alone; no two are equal. ``shared``: of full size, and the same one for all results of a
                model, resolution and aspect ratio. The latter two cost next to nothing.

        Raises:
            ValueError: There is no such way.
        """
        checked_pictures(pictures)

        def change(running: Running) -> None:
            running.desk.studio.pictures = pictures

        self._ask_on_loop(change)

    def revoke(self, key: str) -> None:
        """Refuses a key from now on with 401, as if its owner had rotated it."""
        self._ask_on_loop(lambda running: running.desk.service.revoke(key))

    def now(self) -> float:
        """Returns the service's time in epoch seconds."""
        return self._ask_on_loop(lambda running: running.desk.service.now())

    def _check_running(self) -> None:
        if self._thread is None:
            raise RuntimeError("the emulator is not running: use it in a with statement, or call start()")

    def _ask_on_loop(self, ask: Callable[[Running], T]) -> T:
        self._check_running()

        async def question() -> T:
            return ask(self._running)

        return asyncio.run_coroutine_threadsafe(question(), self._loop).result()
