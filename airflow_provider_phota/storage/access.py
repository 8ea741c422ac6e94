"""Finds out what a role may do and see in a directory: writes a tiny object there, and removes it again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place
from airflow_provider_phota.storage.rights import is_denied, is_taken, lacks_exclusive_creation

#: The tiny object. It always has the same name, since a role that may not delete leaves it there.
PROBE = ".phota-writable"
_CONTENT = b"Written to see whether it can be. It may be deleted."
#: Attempts to see the probe: other processes write and remove the same object at the same time.
_ATTEMPTS = 5


def try_to_write(directory: Place, *, replacing: bool = False) -> None:
    """Writes to a directory, and leaves nothing there. Raises what the store's library raises.

    Args:
        directory: made if the store has directories and it is missing. A bucket is never made.
        replacing: replace an object as well, for which some stores have a separate right.
    """
    probe = directory / PROBE
    try:
        _write_probe(probe)
        if replacing:
            probe.fs.pipe_file(probe.path, _CONTENT)
    finally:
        _remove_probe(probe)


def is_seen(place: Place) -> bool:
    """Returns True if the role can see that a file exists."""
    try:
        return place.exists()
    except Exception as error:  # each store's library has its own errors
        if is_denied(error):
            return False
        raise


def info_of(place: Place) -> dict[str, Any] | None:
    """Returns what the store knows about a file, or None if the file does not exist.

    A role that may not list a bucket gets "denied" for a file that does not exist. If that role can see its
    own objects, then "denied" means that the file does not exist.
    """
    try:
        return dict(place.fs.info(place.path))
    except FileNotFoundError:
        return None
    except Exception as error:  # each store's library has its own errors
        if is_denied(error) and _sees_objects(place.parent):
            return None
        raise


def _sees_objects(directory: Place) -> bool:
    """Returns True if the role can see an object that does exist."""
    if directory.protocol not in OBJECT_STORES:
        return False
    probe = directory / PROBE
    try:
        return any(_sees_probe(probe) for _ in range(_ATTEMPTS))
    finally:
        _remove_probe(probe)


def _sees_probe(probe: Place) -> bool:
    with suppress(Exception):  # each store's library has its own errors
        _write_probe(probe)
        return bool(probe.fs.info(probe.path))
    return False


def _write_probe(probe: Place) -> None:
    if probe.protocol not in OBJECT_STORES:
        probe.fs.makedirs(probe.folder, exist_ok=True)
    try:
        objects.create_or_raise(probe, _CONTENT)
    except Exception as error:  # each store's library has its own errors
        if lacks_exclusive_creation(error):
            probe.fs.pipe_file(probe.path, _CONTENT)
        elif not is_taken(error):  # a probe that is there already shows as well that one can be written
            raise


def _remove_probe(probe: Place) -> None:
    with suppress(Exception):
        objects.remove(probe)
