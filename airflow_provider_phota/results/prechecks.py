"""Asks a store whether pictures can land there, before an order is paid for."""

from __future__ import annotations

from collections.abc import Iterator

from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # it has no types

from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.results.landing import IfExists, Landing
from airflow_provider_phota.storage.access import info_of, try_to_write
from airflow_provider_phota.storage.drafts import new_draft
from airflow_provider_phota.storage.objects import creates_exclusively
from airflow_provider_phota.storage.paths import Place, reason_of
from airflow_provider_phota.storage.pictures import EXTENSIONS
from airflow_provider_phota.storage.rights import Right, explain, is_absent, is_denied


def check_can_land(landing: Landing) -> None:
    """Refuses a directory that the role cannot write to, or whose bucket does not exist.

    Raises:
        PhotaInputError: why, and which right is missing.
        PhotaUnreachable: the store could not be asked.
    """
    folder = landing.folder
    replacing = landing.if_exists is IfExists.OVERWRITE and not landing.names.has("phota_task_id")
    try:
        if isinstance(folder.fs, LocalFileSystem):
            with new_draft(folder / "writable"):
                return
        try_to_write(folder, replacing=replacing)
    except Exception as error:  # of whatever library the store speaks by
        if not (isinstance(folder.fs, LocalFileSystem) or is_denied(error) or is_absent(error)):
            raise _unasked(folder, error) from None
        right = Right.REPLACE if replacing else Right.CREATE
        raise PhotaInputError(
            "destination", f"{landing.directory} cannot be written to ({explain(error, folder, right)})."
        ) from None


def check_names_are_free(landing: Landing, pictures: int) -> None:
    """Refuses names that are in use, if `if_exists` is `fail` and they are known before there is a task.

    Args:
        landing: where the pictures go.
        pictures: how many are ordered.

    Raises:
        PhotaInputError: one is in use, or the role cannot see whether it is.
        PhotaUnreachable: the store could not be asked.
    """
    if landing.if_exists is not IfExists.FAIL:
        return
    for path in _first_names(landing, pictures):
        if _is_there(path):
            raise PhotaInputError(
                "filename",
                f"names a file that is there already, and if_exists is 'fail': {path}.\n"
                "Put {phota_task_id} in filename, or move that file away.",
            )


def _first_names(landing: Landing, pictures: int) -> Iterator[Place]:
    if landing.has_fixed_names:
        stems = [landing.stem("", index) for index in range(pictures)]
        yield from (stem + f".{extension}" for stem in stems for extension in EXTENSIONS)
    elif not creates_exclusively(landing.directory):
        yield landing.stem("none", 0) + ".png"  # can such a store be looked at?


def _is_there(path: Place) -> bool:
    try:
        return info_of(path) is not None
    except Exception as error:  # of whatever library the store speaks by
        if not is_denied(error):
            raise _unasked(path, error) from None
        raise PhotaInputError(
            "if_exists",
            f"is 'fail', and the role cannot see whether {path} is there "
            f"({explain(error, path, Right.READ)}).\n"
            "Give it that right, or use if_exists='overwrite'.",
        ) from None


def _unasked(place: Place, error: Exception) -> PhotaUnreachable:
    return PhotaUnreachable(f"destination: {place} could not be asked ({reason_of(error)}).")
