"""Writes a manifest next to landed pictures, as the sign that all of them are there."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost
from airflow_provider_phota.api.errors import PhotaLandingError, PhotaLedgerError
from airflow_provider_phota.results.landing import LandedFile, Landing, manifest
from airflow_provider_phota.storage import records
from airflow_provider_phota.storage.access import info_of
from airflow_provider_phota.storage.paths import Place, check_url, checked_path, reason_of
from airflow_provider_phota.storage.rights import Right, explain

log = logging.getLogger(__name__)

VERSION = 1


def mark_as_landed(
    landing: Landing, files: Sequence[LandedFile], phota_task_id: str, cost: Cost = UNKNOWN_COST
) -> None:
    """Marks an order as landed, once its files are there.

    Args:
        landing: where they are. It has the digest of the order.
        files: all files of the order.
        phota_task_id: the task that made them, for the error.
        cost: of the order. It is written for readers: whoever finds the pictures again pays nothing.

    Raises:
        PhotaLandingError: the manifest cannot be written.
    """
    try:
        fields = {"version": VERSION, "files": manifest(files), "cost": cost.to_dict()}
        records.replace(_place_of(landing), fields)
    except Exception as error:  # of whatever library the store speaks by
        raise PhotaLandingError(
            endings.lines(
                f"The pictures of PHOTA task {phota_task_id} have landed, but not their manifest.",
                f"{landing.directory} cannot be written to ({reason_of(error)}).",
                "The PHOTA task is billed. Trying again is free.",
            ),
            phota_task_id,
        ) from None


def landed_before(landing: Landing) -> list[LandedFile] | None:
    """Returns the files of an order that has landed, or None if it has not, or if a file is missing.

    Raises:
        PhotaLedgerError: the store cannot be read, so nothing is known about the order.
    """
    place = _place_of(landing)
    try:
        files = records.read(place, _files_from_record) if info_of(place) else []
        return files if files and all(map(_is_there, files)) else None
    except FileNotFoundError:  # somebody has just removed it
        return None
    except records.DamagedRecord as damage:
        log.warning("%s. It is ignored, as if the order had not landed yet.", damage)
        return None
    except Exception as error:  # each store's library has its own errors
        raise PhotaLedgerError(
            "The manifest of this order could not be read; nothing was sent by this attempt.\n"
            f"{landing.directory}: {explain(error, place, Right.READ)}."
        ) from None


def _files_from_record(fields: Any) -> list[LandedFile]:
    if fields["version"] != VERSION:
        raise ValueError("it is of another version")
    files = [LandedFile(**file) for file in fields["files"]]
    for file in files:
        check_url("path", file.path)
    return files


def _is_there(file: LandedFile) -> bool:
    info = info_of(Place.of(checked_path("path", file.path)))
    return info is not None and info.get("size") == file.bytes


def _place_of(landing: Landing) -> Place:
    return landing.directory / f"{landing.digest}.json"
