"""What a role can do and see in a directory of a store, found out by a tiny object: written, and removed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place
from airflow_provider_phota.storage.rights import is_denied, is_taken, is_unconditional

#: It has one name, so that a role that may not delete leaves no more than one in a directory.
PROBE = ".phota-writable"
_CONTENT = b"Written to see whether it can be. It may be deleted."
#: Other processes write and remove the same object.
_LOOKS = 5


def try_to_write(directory: Place, *, replacing: bool = False) -> None:
    """Write to a directory, and leave nothing there; raises whatever the store's library raises.

    Args:
        directory: it is made where the store has directories. A bucket is not.
        replacing: replace an object as well, for which some stores have a right of its own.
    """
    probe = directory / PROBE
    try:
        _write(probe)
        if replacing:
            probe.fs.pipe_file(probe.path, _CONTENT)
    finally:
        _remove(probe)


def is_seen(place: Place) -> bool:
    """True if a file is there, as far as the role may see that."""
    try:
        return place.exists()
    except Exception as error:  # of whatever library the store speaks by
        if is_denied(error):
            return False
        raise


def info_of(place: Place) -> dict[str, Any] | None:
    """What the store tells of a file, None if it is not there.

    A role that may not list a bucket is denied what is not there, and shown what is: so what is denied to a
    role that can see its own objects is not there.
    """
    try:
        return dict(place.fs.info(place.path))
    except FileNotFoundError:
        return None
    except Exception as error:  # of whatever library the store speaks by
        if is_denied(error) and _sees_objects(place.parent):
            return None
        raise


def _sees_objects(directory: Place) -> bool:
    """True if the role is shown the objects that are there."""
    if directory.protocol not in OBJECT_STORES:
        return False
    probe = directory / PROBE
    try:
        return any(_is_shown(probe) for _ in range(_LOOKS))
    finally:
        _remove(probe)


def _is_shown(probe: Place) -> bool:
    with suppress(Exception):  # of whatever library the store speaks by
        _write(probe)
        return bool(probe.fs.info(probe.path))
    return False


def _write(probe: Place) -> None:
    if probe.protocol not in OBJECT_STORES:
        probe.fs.makedirs(probe.folder, exist_ok=True)
    try:
        objects.put_new(probe, _CONTENT)
    except Exception as error:  # of whatever library the store speaks by
        if is_unconditional(error):
            probe.fs.pipe_file(probe.path, _CONTENT)
        elif not is_taken(error):  # what is there shows that it can be written
            raise


def _remove(probe: Place) -> None:
    with suppress(Exception):
        objects.remove(probe)
