"""Directories to land pictures in, as far as their text alone says whether they can be meant."""

from __future__ import annotations

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.parsing import is_known
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.written import NATIVE_RENDERING
from airflow_provider_phota.results.names import picture_extension


def check_directory_as_written(argument: str, value: object) -> None:
    """Check what a DAG's author gave, without opening the store, which may take its provider and its network.

    Raises:
        PhotaInputError: it is a plain value, and cannot be a directory of an object store.
    """
    if is_known(value):
        check_directory(argument, value)


def check_directory(argument: str, value: object) -> None:
    """Check a directory by its text.

    Raises:
        PhotaInputError: it is not a path of an object store, or is meant as the path of a picture.
    """
    if not isinstance(value, str) and not hasattr(type(value), "joinpath"):
        raise PhotaInputError(
            argument,
            f"must be an object-storage URL such as file:///data or s3://bucket/key, got {shown(value)}."
            + (f" {NATIVE_RENDERING}" if isinstance(value, (int, float)) else ""),
        )
    text = str(value)
    if "://" not in text:
        raise PhotaInputError(
            argument,
            f"must be an object-storage URL such as file:///data or s3://bucket/key, got {shown(value)}.",
        )
    if text.startswith("file://") and not text.startswith("file:///"):
        raise PhotaInputError(argument, f"names a host; write file:///... for a disk, got {shown(value)}.")
    if ".." in text.split("/"):
        raise PhotaInputError(argument, f"leads upwards with '..': {shown(value)}.")
    if extension := picture_extension(text.rstrip("/")):
        raise PhotaInputError(
            argument,
            f"is a directory, and {shown(value)} ends like a picture ({extension}): name the directory here, "
            "and the pictures in it by filename.",
        )
