"""Brings result pictures from the service's CDN to object storage: whole pictures, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, cast

import pendulum

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.addresses import RefusedUrl
from airflow_provider_phota.api.errors import PhotaLandingError, PhotaResultsExpired
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.types import PhotaFile
from airflow_provider_phota.results.names import Names
from airflow_provider_phota.results.result import ResultImages
from airflow_provider_phota.storage.access import is_seen
from airflow_provider_phota.storage.drafts import Draft, new_draft, open_for_reading
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.pictures import (
    EXTENSIONS,
    MOST_PIXELS,
    NotAPicture,
    Picture,
    inspect_picture,
)
from airflow_provider_phota.storage.rights import Right, explain, is_denied

if TYPE_CHECKING:
    from airflow_provider_phota.downloads.arrival import Gone
    from airflow_provider_phota.downloads.downloads import Downloads

log = logging.getLogger(__name__)

MAX_BYTES = 200 * 1000 * 1000
_THEN = "The PHOTA task is billed; trying again is free while its results live (24 hours)."
#: Pictures that are fetched at once.
_AT_ONCE = 4


class IfExists(Enum):
    """Says what to do about a file that has a picture's name already."""

    SKIP = "skip"
    OVERWRITE = "overwrite"
    FAIL = "fail"


@dataclass(frozen=True)
class Landing:
    """Says where pictures go.

    Attributes:
        directory: of an object store.
        names: of the files in it.
        max_bytes: of one picture.
        digest: of the order, for names that have it in them.
        max_pixels: of one picture, as the connection says.
    """

    directory: Place
    names: Names
    if_exists: IfExists
    max_bytes: int
    digest: str = ""
    max_pixels: int = MOST_PIXELS

    @property
    def folder(self) -> Place:
        """The directory that pictures land in, as far as it is known before there is a task."""
        below = self.names.folder(self.digest)
        return self.directory / below if below else self.directory

    @property
    def has_fixed_names(self) -> bool:
        """True if the pictures of two tasks have the same names, although they are of two orders."""
        return not (self.names.has("phota_task_id") or self.digest)

    def stem(self, phota_task_id: str, index: int) -> Place:
        """Returns the path of a picture, without its extension."""
        return self.directory / self.names.stem(phota_task_id, index, self.digest)


@dataclass(frozen=True)
class LandedFile:
    """Is one line of the manifest.

    Attributes:
        path: as a URL of the store.
        bytes: size of the file.
        width: in pixels, as is the height.
        phota_task_id: the task that made it.
    """

    path: str
    sha256: str
    bytes: int
    width: int
    height: int
    content_type: str
    phota_task_id: str

    @classmethod
    def of(cls, path: Place, picture: Picture, phota_task_id: str) -> LandedFile:
        return cls(
            path.url,
            picture.sha256,
            picture.bytes,
            picture.width,
            picture.height,
            picture.content_type,
            phota_task_id,
        )

    def to_dict(self) -> PhotaFile:
        return cast("PhotaFile", asdict(self))  # which a test compares with the fields


def manifest(files: Sequence[LandedFile]) -> list[PhotaFile]:
    """Returns files as plain data, for XCom, for asset events and for the record of a landed order."""
    return [file.to_dict() for file in files]


class PhotaNotServed(PhotaLandingError):
    """Says that a result's URL is refused although results should still live: a fresh URL may work."""


class _Taken(Exception):
    """Says that another file has the name. The text continues the sentence "A result …"."""


def land(results: ResultImages, landing: Landing, settings: Settings) -> list[LandedFile]:
    """Brings every picture to its place, several at once; what is there already is not fetched again.

    Args:
        results: their URLs are hostile until they were looked at; the API key is not sent to them.
        landing: where they go.
        settings: of the connection. Its proxy is used, and its own host decides which addresses are allowed.

    Returns:
        The files, in the order of the pictures.

    Raises:
        PhotaResultsExpired: A URL is no longer served.
        PhotaLandingError: A picture did not arrive whole, is not a picture, or could not be written.
    """
    from airflow_provider_phota.downloads.arrival import Gone, Undelivered  # noqa: PLC0415  # DAG parsing stays cheap
    from airflow_provider_phota.downloads.downloads import Downloads  # noqa: PLC0415

    phota_task_id = results.phota_task_id
    try:
        with Downloads(settings) as downloads:
            return _land_all(results, replace(landing, max_pixels=settings.max_pixels), downloads)
    except Gone as gone:
        raise _no_longer_served(results, gone) from None
    except (Undelivered, RefusedUrl, NotAPicture, _Taken) as problem:
        raise PhotaLandingError(
            endings.lines(
                f"A result of PHOTA task {phota_task_id} did not land.",
                f"It {problem}. Nothing of it was written.",
                _THEN,
            ),
            phota_task_id,
        ) from None
    except Exception as error:  # of whatever library the store speaks by
        raise PhotaLandingError(
            endings.lines(
                f"A result of PHOTA task {phota_task_id} did not land.",
                f"It could not be written to {landing.directory} ({_why(error, landing)}).",
                _THEN,
            ),
            phota_task_id,
        ) from None


def _why(error: Exception, landing: Landing) -> str:
    rights = {IfExists.FAIL: (Right.CREATE, Right.READ), IfExists.OVERWRITE: (Right.REPLACE,)}
    return explain(error, landing.directory, *rights.get(landing.if_exists, (Right.CREATE,)))


def _land_all(results: ResultImages, landing: Landing, downloads: Downloads) -> list[LandedFile]:
    with ThreadPoolExecutor(_AT_ONCE, "phota-landing") as pool:
        try:
            waiting = [
                pool.submit(_land_one_picture, image.url, landing, results.phota_task_id, index, downloads)
                for index, image in enumerate(results.images)
            ]
            return _in_order(waiting)
        except BaseException:
            # also of a task that is killed or out of time: the pool is left when its threads have ended
            downloads.break_off()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _in_order(waiting: Sequence[Future[LandedFile]]) -> list[LandedFile]:
    """Returns the files; if one fails, the others land first."""
    failures = [failure for future in waiting if (failure := future.exception())]
    if failures:
        raise failures[0]
    return [future.result() for future in waiting]


def _land_one_picture(
    url: str, landing: Landing, phota_task_id: str, index: int, downloads: Downloads
) -> LandedFile:
    stem = landing.stem(phota_task_id, index)
    if landing.if_exists is IfExists.SKIP and (there := _existing(stem, phota_task_id, landing.max_pixels)):
        log.info("%s is there already, whole; it is not fetched again.", shown(there.path))
        return there
    with new_draft(stem) as draft:
        downloads.fetch(url, draft.file, landing.max_bytes)
        picture = inspect_picture(draft.file, max_pixels=landing.max_pixels)
        path = stem + f".{picture.extension}"
        if landing.if_exists is IfExists.FAIL:
            _publish_new(draft, path, picture, landing)
        else:
            draft.publish(path, picture.content_type)
    return LandedFile.of(path, picture, phota_task_id)


def _existing(stem: Place, phota_task_id: str, max_pixels: int) -> LandedFile | None:
    for extension in EXTENSIONS:
        path = stem + f".{extension}"
        try:
            if path.exists():
                with open_for_reading(path) as file:
                    return LandedFile.of(path, inspect_picture(file, max_pixels=max_pixels), phota_task_id)
        except NotAPicture as problem:
            log.warning("%s %s; it is replaced.", path, problem)
        except Exception as error:  # of whatever library the store speaks by
            if not is_denied(error):
                raise
            # the name contains the task ID, so a file there is the same picture and can be written again
            log.info("The role may not see whether %s is there; the picture is fetched.", path)
    return None


def _publish_new(draft: Draft, path: Place, picture: Picture, landing: Landing) -> None:
    if is_seen(path):
        _check_same(path, picture, landing)
        return
    try:
        draft.publish_new(path, picture.content_type)
    except FileExistsError:
        _check_same(path, picture, landing)


def _check_same(path: Place, picture: Picture, landing: Landing) -> None:
    """Accepts a file that an earlier attempt of the same task has landed."""
    try:
        with open_for_reading(path) as file:
            same = inspect_picture(file, max_pixels=landing.max_pixels).sha256 == picture.sha256
    except NotAPicture:
        same = False
    except Exception as error:  # of whatever library the store speaks by
        if not (is_denied(error) and landing.names.has("phota_task_id")):
            raise
        same = True  # the role may not read it, but its name says that this task made it
    if not same:
        raise _Taken(f"cannot land: another file is at {path}, and if_exists is 'fail'")


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
