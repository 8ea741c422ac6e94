"""Tries in a directory what the provider does there: creates, reads, lists and removes a tiny object."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.cli.doctor.findings import Finding
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.calls import finish_within
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place, checked_path
from airflow_provider_phota.storage.rights import Right, explain, is_taken, lacks_exclusive_creation

#: Seconds in which a store has to answer.
_SECONDS = 30.0
_CONTENT = b"Written by the PHOTA doctor. It may be deleted."
_NOT_EXCLUSIVE = "two processes can create the same object there, so that two attempts at once may both pay"


def storage_finding(name: str, url: str, *, is_made: bool = True) -> Finding:
    """Returns whether a directory can be used.

    Args:
        name: what the directory is for.
        url: of the directory.
        is_made: whether it is made when it is first used; that of a ledger never is.
    """
    try:
        place = Place.of(checked_path(name, url))
    except PhotaInputError as error:
        return Finding.failed(name, error.problem)
    try:
        problem = finish_within(_SECONDS, partial(_problem_of, place, is_made=is_made))
    except TimeoutError:
        problem = f"no answer for {_SECONDS:.0f} s. Is the disk or the network there?"
    except Exception as error:  # of whatever library the store speaks by
        problem = explain(error, place, Right.READ)
    if problem == _NOT_EXCLUSIVE:
        return Finding.warning(name, f"{place}: {problem}. Use another store for the ledger")
    if problem:
        return Finding.failed(name, f"{place}: {problem}")
    return Finding.ok(name, f"{place} can be written, read, listed and created in exclusively")


def _problem_of(directory: Place, *, is_made: bool) -> str:
    if directory.protocol not in OBJECT_STORES and not directory.exists():
        if not is_made:
            return "there is no such directory. Is the disk mounted? If the ledger is new, make the directory"
        directory = _nearest(directory)
    probe = directory / f".phota-doctor-{uuid4().hex[:8]}"
    if problem := _tried(probe, Right.CREATE, partial(objects.create_or_raise, probe, _CONTENT)):
        return problem
    problems = [
        _tried(probe, Right.READ, partial(objects.read, probe)),
        _tried(probe, Right.LIST, partial(_see, probe)),
        _exclusive(probe),
        _tried(probe, Right.DELETE, partial(objects.remove, probe)),
    ]
    return "; ".join(filter(None, problems))


def _nearest(directory: Place) -> Place:
    """Returns the directory in which the first one that is missing would be made."""
    while not directory.exists() and directory.folder:
        directory = directory.parent
    return directory


def _tried(probe: Place, right: Right, act: Callable[[], object]) -> str:
    """Returns what is wrong with an act; empty if it works."""
    try:
        act()
    except Exception as error:  # of whatever library the store speaks by
        return f"cannot {right.name.lower()} ({explain(error, probe, right)})"
    return ""


def _see(probe: Place) -> None:
    # not `objects.names`, which takes a folder that cannot be found for an empty one
    if probe.path not in probe.fs.ls(probe.folder, detail=False):
        raise FileNotFoundError(probe.path)


def _exclusive(probe: Place) -> str:
    """Returns what is wrong if a second object of the same name can be created."""
    try:
        objects.create_or_raise(probe, b"Another process's.")
    except Exception as error:  # of whatever library the store speaks by
        if is_taken(error):
            return ""
        if not lacks_exclusive_creation(error):
            return f"cannot create exclusively ({explain(error, probe, Right.CREATE)})"
    return _NOT_EXCLUSIVE
