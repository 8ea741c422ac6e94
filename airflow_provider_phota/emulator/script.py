"""Chooses the fault that hits a request."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from airflow_provider_phota.emulator.faults import Fault


@dataclass(frozen=True, slots=True)
class Subject:
    """Says what a request is about, as far as faults look at it.

    Attributes:
        number: How many tasks were created before the one that it is about; None if it is about no task.
    """

    task_id: str | None = None
    prompt: str = ""
    urls: tuple[str, ...] = ()
    completed: bool = False
    number: int | None = None

    def fits(self, fault: Fault) -> bool:
        task_id, url = fault.match.get("task_id"), fault.match.get("url")
        if task_id is not None and task_id != self.task_id:
            return False
        if fault.match.get("prompt", "") not in self.prompt:
            return False
        if url is not None and not any(url in each for each in self.urls):
            return False
        # A running task has no results anyway, so a `no_results` fault would be wasted on it.
        return self.completed or fault.kind != "no_results"


class FaultScript:
    """Keeps the faults that are still to come, in the order in which they were added.

    A request is hit by the first fault that fits it and has nothing left to skip. It counts for the ``skip``
    of every fitting fault before that one, but not for the faults after it.
    """

    def __init__(self, saved: str, save: Callable[[str], None]) -> None:
        self._save = save
        self._left = [Fault.from_dict(spec) for spec in json.loads(saved)]

    def __bool__(self) -> bool:
        return bool(self._left)

    def left(self) -> list[Fault]:
        """Returns the faults that are left, with what is left of each ``skip`` and ``times``."""
        return list(self._left)

    def add(self, faults: Iterable[Fault]) -> None:
        self._update([*self._left, *faults])

    def clear(self) -> None:
        self._update([])

    def take(self, on: str, subject: Subject) -> Fault | None:
        """Returns the fault for this request, if there is one, and counts it."""
        left = list(self._left)
        for at, fault in enumerate(left):
            if fault.on != on or not subject.fits(fault):
                continue
            is_hit, left[at] = _draw(fault, subject)
            if not is_hit:
                continue
            if fault.skip == 0:
                times = fault.times and fault.times - 1
                left[at : at + 1] = [] if times == 0 else [replace(left[at], times=times)]
                self._update(left)
                return fault
            left[at] = replace(left[at], skip=fault.skip - 1)
        self._update(left)
        return None

    def _update(self, left: list[Fault]) -> None:
        if left != self._left:
            self._left = left
            self._save(json.dumps([fault.to_dict() for fault in left]))


def _draw(fault: Fault, subject: Subject) -> tuple[bool, Fault]:
    """Returns whether a fault hits a request that it fits, and the fault with what it has counted."""
    if fault.share is None:
        return True, fault
    if subject.number is not None:
        return fault.hits(subject.number), fault
    return fault.hits(fault.drawn), replace(fault, drawn=fault.drawn + 1)
