"""Keeps small JSON objects in a store: each is there as a whole, or not at all.

The ledger, the uploads and the manifests are made of such records. A record is read from the store each time,
never from a cache.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.drafts import new_draft
from airflow_provider_phota.storage.paths import Place

T = TypeVar("T")


class DamagedRecord(ValueError):
    """The record exists, but what is in it cannot be understood. The text names its file, to be looked at."""

    def __init__(self, place: Place, damage: str) -> None:
        super().__init__(f"{place.command} is damaged: {damage}")


def read(place: Place, parse: Callable[[Any], T]) -> T:
    """Returns the record as it is now.

    Args:
        place: the name of the record.
        parse: makes the value out of what the JSON holds. It may raise ValueError, KeyError or TypeError.

    Raises:
        FileNotFoundError: the record does not exist.
        DamagedRecord: it is not JSON, or `parse` does not understand it.
    """
    content = objects.read(place)
    try:
        value = json.loads(content)
    except ValueError:
        raise DamagedRecord(place, "it is not JSON") from None
    try:
        return parse(value)
    except (KeyError, TypeError) as error:
        raise DamagedRecord(place, f"a field is missing or wrong ({error})") from None
    except ValueError as error:
        raise DamagedRecord(place, str(error)) from None


def create(place: Place, fields: Mapping[str, Any]) -> bool:
    """Creates a record, unless it exists already.

    Args:
        place: in a folder that exists, or in a store without folders.
        fields: different in every call, since they tell whose record is there.

    Returns:
        True if this call created the record, False if it is another call's.
    """
    return objects.create(place, _encoded(fields))


def replace(place: Place, fields: Mapping[str, Any]) -> None:
    """Writes a record, and replaces the one of that name. The folder is made if it is missing.

    Raises:
        OSError: the record cannot be written.
    """
    with new_draft(place) as draft:
        draft.file.write(_encoded(fields))
        draft.publish(place, "application/json")


def _encoded(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields).encode()
