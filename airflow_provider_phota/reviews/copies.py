"""Copies one approved picture to where it is published.

It is copied as a whole, as it was approved, and never over another file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from airflow_provider_phota.api.errors import PhotaError, PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.tasks import RESULT_HOURS
from airflow_provider_phota.results.landing import LandedFile
from airflow_provider_phota.reviews.errors import PhotaReviewError
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.access import info_of
from airflow_provider_phota.storage.drafts import new_draft, open_for_streaming
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place, checked_path
from airflow_provider_phota.storage.rights import Right, explain, is_absent

_PIECE = 1024 * 1024


class StoreFailed(Exception):
    """A store failed. The text says which one, and why, without credentials."""


def check_source(file: LandedFile) -> None:
    """Checks that a landed picture is still there, by what its store says about it.

    Raises:
        PhotaReviewError: It is gone, or has another size.
        StoreFailed: The store could not be asked.
    """
    source = _source_of(file)
    with _reading(file, source):
        size = source.fs.info(source.path).get("size")
    if size is not None and size != file.bytes:
        raise _changed(file)


def is_taken(file: LandedFile, target: Place) -> bool:
    """Returns True if another file has the name. It is read only if it is as long as the picture.

    Raises:
        StoreFailed: The store could not be asked.
    """
    with asking("publish_to", target, Right.CREATE, Right.READ):
        info = info_of(target)
        return info is not None and _is_another(file, target, info)


def put(file: LandedFile, target: Place) -> None:
    """Copies a picture, unless it is there already.

    Raises:
        PhotaInputError: Another file has the name.
        PhotaReviewError: The picture is gone, or is not the one that was approved.
        StoreFailed: A store failed.
    """
    with asking("publish_to", target, Right.CREATE, Right.READ):
        info = info_of(target)
        if info is None:
            _copy(file, target)
        elif _is_another(file, target, info):
            raise taken(file, target)


def taken(file: LandedFile, target: Place) -> PhotaInputError:
    """Returns the error for a picture whose name another file has."""
    return PhotaInputError(
        "publish_to",
        f"has another file of the name {target.name} already: {target}.\n"
        f"It was not touched, and {shown(file.path)} was not published; it is paid, and stays where it is.\n"
        "Move that file away, or publish to another directory. Then clear this Airflow task.",
    )


@contextmanager
def asking(argument: str, place: Place, *rights: Right) -> Iterator[None]:
    """Turns the errors of a store into one that names the store.

    Args:
        argument: of the user's, that the place comes from.
        place: that is read or written.
        rights: that are needed there.
    """
    try:
        yield
    except (PhotaError, StoreFailed):
        raise
    except Exception as error:  # of whatever library the store speaks by
        why = explain(error, place, *rights)
        raise StoreFailed(f"{argument}: {place.command} cannot be used ({why})") from None


@contextmanager
def _reading(file: LandedFile, source: Place) -> Iterator[None]:
    with asking("results", source, Right.READ):
        try:
            yield
        except Exception as error:  # of whatever library the store speaks by
            if is_absent(error):
                raise _gone(file) from None
            raise


def _copy(file: LandedFile, target: Place) -> None:
    source = _source_of(file)
    if source.protocol in OBJECT_STORES and _account(source) == _account(target):
        _copy_within(file, source, target)
        return
    with new_draft(target) as draft:
        digest = hashlib.sha256()
        for piece in _pieces(file, source):
            digest.update(piece)
            draft.file.write(piece)
        _check_same(file, digest.hexdigest())
        try:
            draft.publish_new(target, file.content_type)
        except FileExistsError:
            if not _is_there(file, target):
                raise taken(file, target) from None


def _copy_within(file: LandedFile, source: Place, target: Place) -> None:
    """Lets the store copy by itself what was read before, and looks whether it was replaced in between."""
    version = _version_of(source)
    with _reading(file, source), open_for_streaming(source) as content:
        digest = _digest_of(content)
    _check_same(file, digest)
    source.fs.cp_file(source.path, target.path)
    if _version_of(source) != version and not _is_there(file, target):
        objects.remove(target)
        raise _changed(file)


def _version_of(place: Place) -> str:
    """Returns what changes whenever an object is replaced; empty if the object is not there."""
    try:
        return str(place.fs.ukey(place.path))
    except FileNotFoundError:
        return ""


def _account(place: Place) -> tuple[str, str]:
    """Returns what tells whether a store can copy by itself: its kind, and the connection in the path."""
    return place.protocol, place.url.partition("://")[2].partition("/")[0].rpartition("@")[0]


def _source_of(file: LandedFile) -> Place:
    return Place.of(checked_path("results", file.path))


def _pieces(file: LandedFile, source: Place) -> Iterator[bytes]:
    with _reading(file, source), open_for_streaming(source) as content:
        while piece := content.read(_PIECE):
            yield piece


def _is_another(file: LandedFile, target: Place, info: Mapping[str, Any]) -> bool:
    return info.get("size") != file.bytes or not _is_there(file, target)


def _is_there(file: LandedFile, target: Place) -> bool:
    with open_for_streaming(target) as content:
        return _digest_of(content) == file.sha256


def _digest_of(content: IO[bytes]) -> str:
    digest = hashlib.file_digest(content, "sha256")  # type: ignore[arg-type]  # any binary file will do
    return digest.hexdigest()


def _check_same(file: LandedFile, digest: str) -> None:
    if digest != file.sha256:
        raise _changed(file)


def _changed(file: LandedFile) -> PhotaReviewError:
    return PhotaReviewError(
        f"{shown(file.path)} is not the picture any more that has landed: its content has changed.\n"
        f"It is not published. {_lands_again(file)}"
    )


def _gone(file: LandedFile) -> PhotaReviewError:
    return PhotaReviewError(
        f"{shown(file.path)} is not there any more, so that it cannot be published.\n{_lands_again(file)}"
    )


def _lands_again(file: LandedFile) -> str:
    return (
        f"PHOTA task {file.phota_task_id} is paid, and the service keeps its pictures for {RESULT_HOURS} "
        "hours: land them there again.\nThen clear this Airflow task, and a person is asked."
    )
