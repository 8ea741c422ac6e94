"""Brings result pictures home over one set of connections: all pictures of an order, or an error.

An expired or refused URL is an error of its own, since fresh URLs may work: `land_with_fresh_urls` asks for
them, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pendulum

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.addresses import RefusedUrl
from airflow_provider_phota.api.errors import PhotaLandingError, PhotaResultsExpired
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import Image, PhotaTask
from airflow_provider_phota.results.landing import IfExists, LandedFile, Landing
from airflow_provider_phota.results.one_picture import Taken, land_one_picture
from airflow_provider_phota.results.result import ResultImages
from airflow_provider_phota.results.thumbnails import SmallCopies
from airflow_provider_phota.storage import calls
from airflow_provider_phota.storage.calls import Calls
from airflow_provider_phota.storage.pictures import NotAPicture
from airflow_provider_phota.storage.rights import Right, explain

if TYPE_CHECKING:
    from airflow_provider_phota.downloads.arrival import Gone

#: Pictures that are fetched at once, unless the caller says another number.
AT_ONCE = 4
_THEN = "The PHOTA task is billed; trying again is free while its results live (24 hours)."


class PhotaNotServed(PhotaLandingError):
    """Says that a result's URL is refused although results should still live: a fresh URL may work."""


class PhotaBadResult(PhotaLandingError):
    """Says that what is served is not a picture, or may not be fetched; asking at once again hardly helps."""


class PhotaNameTaken(PhotaLandingError):
    """Says that another file has the name of a result; the result itself may be good."""


class Lander:
    """Lands the pictures of any number of orders. Several threads may use it; use it as a context manager.

    If its block is left by an error, what is under way is broken off.

    Args:
        settings: of the connection. Its proxy is used, and its own host decides which addresses are allowed.
        at_once: how many pictures of one order are fetched at once.
        orders: how many orders land at once. It limits nothing: that many connections are kept open.
    """

    def __init__(self, settings: Settings, at_once: int = AT_ONCE, orders: int = 1) -> None:
        from airflow_provider_phota.downloads.downloads import Downloads  # noqa: PLC0415  # DAG parsing stays cheap

        self._max_pixels = settings.max_pixels
        self._downloads = Downloads(settings, connections=at_once * orders)
        self._at_once = at_once
        self._calls = Calls()

    def __enter__(self) -> Self:
        self._downloads.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.break_off()
            self._calls.wait()
        self._downloads.__exit__(kind, error, trace)

    def break_off(self) -> None:
        """Ends all downloads, those that are under way and those that would begin, with `PhotaLandingError`.

        A picture that is being written to its store is still written. Any thread may call this.
        """
        self._downloads.break_off()

    def land(
        self, results: ResultImages, landing: Landing, copies: SmallCopies | None = None
    ) -> list[LandedFile]:
        """Brings every picture of an order to its place; if one fails, the others land first.

        Args:
            results: their URLs are hostile until they were looked at; the API key is not sent to them.
            landing: where they go.
            copies: gets each picture that was fetched.

        Returns:
            The files, in the order of the pictures.

        Raises:
            PhotaResultsExpired: A URL is no longer served.
            PhotaLandingError: A picture did not arrive whole, is not a picture, or could not be written.
        """
        from airflow_provider_phota.downloads.arrival import Gone, Undelivered  # noqa: PLC0415  # as above

        try:
            return self._land_all(results, replace(landing, max_pixels=self._max_pixels), copies)
        except Gone as gone:
            raise _no_longer_served(results, gone) from None
        except Undelivered as problem:
            raise _not_landed(results, f"It {problem}. Nothing of it was written.") from None
        except (RefusedUrl, NotAPicture, Taken) as problem:
            why = f"It {problem}. Nothing of it was written."
            kind = PhotaNameTaken if isinstance(problem, Taken) else PhotaBadResult
            raise _not_landed(results, why, kind) from None
        except Exception as error:  # of whatever library the store speaks by
            why = f"It could not be written to {landing.directory} ({_why(error, landing)})."
            raise _not_landed(results, why) from None

    def _land_all(
        self, results: ResultImages, landing: Landing, copies: SmallCopies | None
    ) -> list[LandedFile]:
        def land_one(numbered: tuple[int, Image]) -> LandedFile:
            index, image = numbered
            return land_one_picture(
                image.url, landing, results.phota_task_id, index, self._downloads, copies=copies
            )

        # the places are the order's own: a picture that hangs keeps no place from another order
        running = calls.at_once(self._at_once, land_one, enumerate(results.images), self._calls.start)
        return _in_order(future for _, future in running)


def land(
    results: ResultImages, landing: Landing, settings: Settings, copies: SmallCopies | None = None
) -> list[LandedFile]:
    """Brings the pictures of a single order to their places, as `Lander.land` does, and with its errors."""
    with Lander(settings) as lander:
        return lander.land(results, landing, copies)


def land_with_fresh_urls(
    land_pictures: Callable[[ResultImages], list[LandedFile]],
    results: ResultImages,
    ask: Callable[[str], PhotaTask],
) -> list[LandedFile]:
    """Lands pictures; if their URLs are not served, asks the service for fresh ones, once.

    Args:
        land_pictures: brings the pictures of the task to their places.
        results: of the task. Their URLs may be older than the task's results.
        ask: returns a PHOTA task as the service shows it now, such as `PhotaHook.get_task`.

    Raises:
        PhotaResultsExpired: A URL is no longer served, nor is a fresh one.
        PhotaLandingError: A picture did not arrive whole, is not a picture, or could not be written.
        PhotaError: The service could not be asked.
    """
    try:
        return land_pictures(results)
    except (PhotaResultsExpired, PhotaNotServed):
        return land_pictures(ResultImages.of_task(ask(results.phota_task_id)))


def _in_order(running: Iterable[Future[LandedFile]]) -> list[LandedFile]:
    """Returns the files; if one fails, the others land first."""
    landed = []
    for future in running:
        wait([future])
        landed.append(future)
    return [future.result() for future in landed]


def _not_landed(
    results: ResultImages, why: str, kind: type[PhotaLandingError] = PhotaLandingError
) -> PhotaLandingError:
    phota_task_id = results.phota_task_id
    return kind(
        endings.lines(f"A result of PHOTA task {phota_task_id} did not land.", why, _THEN), phota_task_id
    )


def _why(error: Exception, landing: Landing) -> str:
    rights = {IfExists.FAIL: (Right.CREATE, Right.READ), IfExists.OVERWRITE: (Right.REPLACE,)}
    return explain(error, landing.directory, *rights.get(landing.if_exists, (Right.CREATE,)))


def _no_longer_served(results: ResultImages, gone: Gone) -> PhotaResultsExpired | PhotaLandingError:
    now = gone.at or pendulum.now("UTC")
    if results.expires_at and results.expires_at > now:
        return PhotaNotServed(
            endings.lines(
                f"A result of PHOTA task {results.phota_task_id} is not served ({gone}).",
                f"It is refused, though it should be served until {results.expires_at.to_iso8601_string()}.",
                _THEN,
            ),
            results.phota_task_id,
        )
    return PhotaResultsExpired(
        endings.lines(
            f"A result of PHOTA task {results.phota_task_id} is no longer served ({gone}).",
            "Results live 24 hours. The PHOTA task was billed.",
            "To have the picture again it must be made again, which is billed.",
        ),
        results.phota_task_id,
    )
