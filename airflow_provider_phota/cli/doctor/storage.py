"""Tries in a directory what the provider does there: creates, reads, lists and removes a tiny object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.cli.doctor.findings import Finding
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.calls import finish_within
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place, checked_path
from airflow_provider_phota.storage.rights import Right, explain, is_taken

#: Seconds in which a store has to answer.
_SECONDS = 30.0
_CONTENT = b"Written by the PHOTA doctor. It may be deleted."
_NOT_EXCLUSIVE = "two processes can create the same object there: two attempts at once may both pay"


@dataclass(frozen=True)
class Use:
    """Says what a directory is for.

    Attributes:
        name: of its setting.
        needs: the rights without which nothing works. The others are needed by some features.
        is_made: whether it is made when it is first used.
        needs_exclusive: whether nothing works if two processes can create the same object.
    """

    name: str
    needs: frozenset[Right]
    is_made: bool = True
    needs_exclusive: bool = False


LEDGER = Use("ledger_path", frozenset(Right), is_made=False)
BUDGET = Use("budget_path", frozenset({Right.CREATE, Right.READ, Right.LIST}), needs_exclusive=True)
#: Pictures land by creation alone; batches and skip_existing need more.
DESTINATION = Use("path", frozenset({Right.CREATE}))


def storage_finding(use: Use, url: str) -> Finding:
    """Returns whether a directory can be used."""
    try:
        place = Place.of(checked_path(use.name, url))
    except PhotaInputError as error:
        return Finding.failed(use.name, error.problem)
    try:
        return finish_within(_SECONDS, partial(_finding, use, place))
    except TimeoutError:
        problem = f"no answer for {_SECONDS:.0f} s. Is the disk or the network there?"
    except Exception as error:  # of whatever library the store speaks by
        problem = explain(error, place, Right.READ)
    return Finding.failed(use.name, f"{place}: {problem}")


def _finding(use: Use, place: Place) -> Finding:
    directory = place
    if place.protocol not in OBJECT_STORES and not place.exists():
        if not use.is_made:
            text = "there is no such directory. Is the disk mounted? If the ledger is new, make the directory"
            return Finding.failed(use.name, f"{place}: {text}")
        directory = _nearest(place)
    trial = _try(directory / f".phota-doctor-{uuid4().hex[:8]}")
    if not trial.problems and trial.is_exclusive:
        return Finding.ok(use.name, f"{place} can be written, read, listed and created in exclusively")
    is_useless = use.needs & trial.problems.keys() or (use.needs_exclusive and not trial.is_exclusive)
    texts = [*trial.problems.values(), *([] if trial.is_exclusive else [_NOT_EXCLUSIVE])]
    found = Finding.failed if is_useless else Finding.warning
    return found(use.name, f"{place}: {'; '.join(texts)}")


@dataclass
class _Trial:
    """Is what came of a try: what went wrong, by the right that was used."""

    problems: dict[Right, str] = field(default_factory=dict)
    is_exclusive: bool = True

    def act(self, probe: Place, right: Right, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:  # of whatever library the store speaks by
            self.problems[right] = f"cannot {right.name.lower()} ({explain(error, probe, right)})"


def _try(probe: Place) -> _Trial:
    trial = _Trial()
    trial.act(probe, Right.CREATE, partial(objects.create_or_raise, probe, _CONTENT))
    if not trial.problems:
        trial.act(probe, Right.READ, partial(objects.read, probe))
        trial.act(probe, Right.LIST, partial(_see, probe))
        trial.is_exclusive = _is_exclusive(probe)
        trial.act(probe, Right.DELETE, partial(objects.remove, probe))
    return trial


def _nearest(directory: Place) -> Place:
    """Returns the directory in which the first one that is missing would be made."""
    while not directory.exists() and directory.folder:
        directory = directory.parent
    return directory


def _see(probe: Place) -> None:
    # not `objects.names`, which takes a folder that cannot be found for an empty one
    if probe.path not in probe.fs.ls(probe.folder, detail=False):
        raise FileNotFoundError(probe.path)


def _is_exclusive(probe: Place) -> bool:
    """Returns True if no second object of the same name can be created."""
    if not objects.creates_exclusively(probe):
        return False
    try:
        objects.create_or_raise(probe, b"Another process's.")
    except Exception as error:  # of whatever library the store speaks by
        return is_taken(error)
    return False
