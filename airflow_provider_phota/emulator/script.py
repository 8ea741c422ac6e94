"""Which request a scripted fault falls on."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from airflow_provider_phota.emulator.faults import Fault


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request is about, as far as faults care."""

    task_id: str | None = None
    prompt: str = ""
    completed: bool = False

    def fits(self, fault: Fault) -> bool:
        task_id, prompt = fault.match.get("task_id"), fault.match.get("prompt")
        if task_id is not None and task_id != self.task_id:
            return False
        if prompt is not None and prompt not in self.prompt:
            return False
        # Spent on a task that is still running, it would show a status that goes back again.
        return self.completed or fault.kind != "no_results"


class FaultScript:
    """The faults that are still to come, in the order they were added.

    A request is hit by the first fault that fits it and has nothing left to skip. It counts for the ``skip``
    of every fitting fault before that one, and not for those after.
    """

    def __init__(self, saved: str, save: Callable[[str], None]) -> None:
        self._save = save
        self._left = [Fault.from_dict(spec) for spec in json.loads(saved)]

    def __bool__(self) -> bool:
        return bool(self._left)

    def left(self) -> list[Fault]:
        """Return what is left, with what is left of each ``skip`` and ``times``."""
        return list(self._left)

    def add(self, faults: Iterable[Fault]) -> None:
        self._change([*self._left, *faults])

    def clear(self) -> None:
        self._change([])

    def take(self, on: str, subject: Subject) -> Fault | None:
        """Return the fault for this request, if there is one, and count it."""
        left = list(self._left)
        for at, fault in enumerate(left):
            if fault.on != on or not subject.fits(fault):
                continue
            if fault.skip == 0:
                times = fault.times and fault.times - 1
                left[at : at + 1] = [] if times == 0 else [_counted(fault, times=times)]
                self._change(left)
                return fault
            left[at] = _counted(fault, skip=fault.skip - 1)
        self._change(left)
        return None

    def _change(self, left: list[Fault]) -> None:
        if left != self._left:
            self._left = left
            self._save(json.dumps([fault.to_dict() for fault in left]))


def _counted(fault: Fault, **counts: int | None) -> Fault:
    return Fault.from_dict(fault.to_dict() | counts)
