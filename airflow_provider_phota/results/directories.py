"""Checks the directories that pictures land in by their text, without opening a store."""

from __future__ import annotations

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.parsing import is_known
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.results.names import picture_extension
from airflow_provider_phota.storage.paths import check_url


def check_directory_as_written(argument: str, value: object) -> None:
    """Checks what a DAG's author gave, as far as it is known when the DAG is parsed.

    Raises:
        PhotaInputError: it is known already, and cannot be a directory of an object store.
    """
    if is_known(value):
        check_directory(argument, value)


def check_directory(argument: str, value: object) -> None:
    """Checks that a value names a directory of an object store.

    Raises:
        PhotaInputError: it is not an object-storage URL, or it names a picture.
    """
    check_url(argument, value)
    if extension := picture_extension(str(value).rstrip("/")):
        raise PhotaInputError(
            argument,
            f"is a directory, and {shown(value)} ends like a picture ({extension}): name the directory here, "
            "and the pictures in it by filename.",
        )
