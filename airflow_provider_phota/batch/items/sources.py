"""Decides what a user's source of items is: a folder, a pattern, a manifest or a list."""

from __future__ import annotations

import re

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.hints import RENDERED_TO_TEXT, is_collection_repr
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.columns import Columns
from airflow_provider_phota.batch.items.csv_rows import CsvRows
from airflow_provider_phota.batch.items.folder import Pictures, ends_like_picture
from airflow_provider_phota.batch.items.jsonl import JsonLines
from airflow_provider_phota.batch.items.lists import Listed
from airflow_provider_phota.batch.items.parquet import ParquetRows
from airflow_provider_phota.batch.items.patterns import Pattern, pattern_of
from airflow_provider_phota.batch.items.rows import Source
from airflow_provider_phota.inputs.sources import reading
from airflow_provider_phota.storage.paths import Place, check_url, checked_path
from airflow_provider_phota.storage.rights import is_denied

_MANIFESTS: dict[str, type[JsonLines | CsvRows | ParquetRows]] = {
    "jsonl": JsonLines,
    "ndjson": JsonLines,
    "csv": CsvRows,
    "parquet": ParquetRows,
}
_WAYS = "a folder, a pattern such as s3://bucket/inbox/*.jpg, a .jsonl, .csv or .parquet file, or a list"


def check_source_as_written(argument: str, value: object) -> None:
    """Checks a source by its text alone, which is cheap enough for DAG parsing.

    Raises:
        PhotaInputError: It is neither a list nor the URL of something in an object store.
    """
    if is_list(value):
        return
    if isinstance(value, str) and is_collection_repr(value):
        raise PhotaInputError(argument, f"is the text of a list, {shown(value)}. {RENDERED_TO_TEXT}")
    if isinstance(value, str) and re.match(r"(?i)https?://", value):
        raise PhotaInputError(argument, f"is one picture of the web, {shown(value)}: pass a list of such.")
    if "\0" in str(value):
        raise PhotaInputError(argument, f"has a NUL character in it: {shown(value)}.")
    if not isinstance(value, (str, ObjectStoragePath)):
        raise PhotaInputError(argument, f"must be {_WAYS}, got {shown(value)}.")
    check_url(argument, value)


def check_source(argument: str, value: object) -> None:
    """Checks what can be known of a source without asking a store.

    Raises:
        PhotaInputError: It is neither a list nor the URL of something in an object store, or the packages to
            open that store are missing.
    """
    check_source_as_written(argument, value)
    if not is_list(value):
        checked_path(argument, value)


def source_of(argument: str, value: object, columns: Columns) -> Source:
    """Returns a source. Only a store can say whether a path names a folder or a file.

    Args:
        argument: that named it.
        value: a folder, a pattern, a manifest, a picture or a list.
        columns: those of the model.

    Raises:
        PhotaInputError: It is something else, or the model does not take pictures.
        PhotaUnreachable: The store could not be asked; a retry may help.
    """
    check_source(argument, value)
    if is_list(value):
        return Listed(value, columns.main)
    place = Place.of(checked_path(argument, value))
    with reading(place, argument):
        pattern = pattern_of(place, argument)
    manifest = _MANIFESTS.get(place.name.rpartition(".")[2].lower())
    if manifest and pattern is None:
        return manifest(place, argument)
    if manifest:
        raise PhotaInputError(argument, f"{shown(place.url)} must name one manifest, not a pattern of them.")
    if not columns.pictures:
        raise PhotaInputError(
            argument,
            f"must be a manifest or a list for a model that takes no pictures, got {shown(place.url)}.",
        )
    return Pictures(place, pattern or _own_files(place, argument), argument, columns.pictures)


def _own_files(place: Place, argument: str) -> Pattern:
    """Returns what a path without magic means: one picture, or those of a folder."""
    if not _is_file(place, argument):
        return Pattern(place, "", 0, bool)
    if not ends_like_picture(place.path):
        raise PhotaInputError(argument, f"must be {_WAYS}, got the file {shown(place.url)}.")
    return Pattern(place.parent, place.name, 0, lambda path: path == place.name)


def _is_file(place: Place, argument: str) -> bool:
    with reading(place, argument):
        try:
            return bool(place.fs.info(place.path)["type"] == "file")
        except FileNotFoundError:
            return False
        except Exception as error:  # of whatever library the store speaks by
            if is_denied(error):  # a role may list a folder and not look at the folder itself
                return False
            raise
