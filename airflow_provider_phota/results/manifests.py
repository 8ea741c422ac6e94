"""What has landed of an edit, beside its files: the mark that all of them are there."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.results.landing import LandedFile, Landing, manifest
from airflow_provider_phota.storage.drafts import drafted, opened
from airflow_provider_phota.storage.looks import info_of
from airflow_provider_phota.storage.paths import Place, checked_path
from airflow_provider_phota.storage.rights import Right, explained

log = logging.getLogger(__name__)

VERSION = 1


def write(landing: Landing, files: Sequence[LandedFile]) -> None:
    """Mark an edit as landed; its files are there.

    Raises:
        OSError: the mark could not be written.
    """
    path = _path(landing)
    with drafted(path) as draft:
        content = {"version": VERSION, "files": manifest(files)}
        draft.file.write(json.dumps(content).encode())
        draft.publish(path, "application/json")


def landed_before(landing: Landing) -> list[LandedFile] | None:
    """The files of the edit, None unless it has landed and all of them are still there.

    Raises:
        PhotaLedgerError: the store cannot be read, which is not the same as an empty one.
    """
    place = _path(landing)
    try:
        return _read(place) if info_of(place) else None
    except FileNotFoundError:  # taken away as we looked
        return None
    except (ValueError, TypeError, KeyError) as error:
        log.warning("%s is damaged (%s): the order counts as not landed.", place, error)
        return None
    except Exception as error:  # of whatever library the store speaks by
        raise PhotaLedgerError(
            "Whether this order has landed before could not be read; nothing was sent by this attempt.\n"
            f"{landing.directory}: {explained(error, place, Right.READ)}."
        ) from None


def _read(place: Place) -> list[LandedFile] | None:
    with opened(place) as file:
        files = [LandedFile(**fields) for fields in _fields(json.load(file))]
    return files if files and all(map(_is_there, files)) else None


def _fields(content: Any) -> Any:
    if content["version"] != VERSION:
        raise ValueError("it is of another version")
    return content["files"]


def _is_there(file: LandedFile) -> bool:
    info = info_of(Place.of(checked_path("path", file.path)))
    return info is not None and info.get("size") == file.bytes


def _path(landing: Landing) -> Place:
    return landing.directory / f"{landing.digest}.json"
