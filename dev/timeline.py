"""Follows the tasks of a run: prints a line for each change, and draws a chart at the end."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from dev.airflow_answers import TaskInstance

CHART_WIDTH = 44
MEANING = {
    "queued": "waits for a worker slot",
    "running": "on a worker",
    "deferred": "wait is deferred: no worker slot is used",
    "success": "done",
    "up_for_retry": "will be tried again",
    "upstream_failed": "cannot run: a task before it failed",
}


@dataclass
class TaskStory:
    """Keeps the states of one task, with the seconds since the run began when each was first seen."""

    changes: list[tuple[float, str]] = field(default_factory=list)

    @property
    def state(self) -> str | None:
        return self.changes[-1][1] if self.changes else None

    def spans(self, state: str, end: float) -> list[tuple[float, float]]:
        """Returns when the task was in `state`, as pairs of begin and end."""
        ends = [at for at, _ in self.changes[1:]] + [end]
        return [(at, until) for (at, each), until in zip(self.changes, ends, strict=True) if each == state]

    def seconds(self, state: str, end: float) -> float:
        return sum(until - at for at, until in self.spans(state, end))


class Timeline:
    """Follows one run, and prints a line for every change of a task."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._stories: dict[str, TaskStory] = defaultdict(TaskStory)
        self._live = sys.stdout.isatty()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def note(self, tasks: Sequence[TaskInstance]) -> None:
        for task in tasks:
            story = self._stories[task.task_id]
            if task.state and task.state != story.state:
                story.changes.append((self.elapsed, task.state))
                if task.state != "scheduled":
                    self._print_change(task.task_id, task.state)
        if self._live:
            states = {name: story.state for name, story in self._stories.items()}
            deferred = [name for name, state in states.items() if state == "deferred"]
            idle = deferred and "running" not in states.values()
            about = f"{', '.join(deferred)}: deferred, all worker slots are free" if idle else "working"
            print(f"\r\x1b[2K  {self.elapsed:5.1f} s  ... {about}", end="", flush=True)

    def end(self) -> None:
        if self._live:
            print("\r\x1b[2K", end="", flush=True)

    def _print_change(self, task_id: str, state: str) -> None:
        self.end()
        print(
            f"  {self.elapsed:5.1f} s  {task_id:<8} {state:<15} {MEANING.get(state, '')}".rstrip(), flush=True
        )

    def chart(self, tasks: Sequence[TaskInstance]) -> str:
        """Returns a table of the finished run, with a bar for each task, in the order of their starts."""
        started = sorted((task for task in tasks if task.start_date), key=lambda task: str(task.start_date))
        total = max((at for story in self._stories.values() for at, _ in story.changes), default=0) or 1.0
        worker, waiting = ("\u2588", "\u2591") if _can_draw() else ("#", ".")
        head = f"  {'task':<8} {'state':<15} {'start':>8} {'duration':>9} {'worker':>8} {'deferred':>9}"
        rows = [head, *(self._row(task, total, worker, waiting) for task in started)]
        return "\n".join(
            [*rows, f"\n  {worker} on a worker   {waiting} deferred: PHOTA works, Airflow's workers are free"]
        )

    def _row(self, task: TaskInstance, total: float, worker: str, waiting: str) -> str:
        story = self._stories[task.task_id]
        deferred = story.seconds("deferred", total)
        duration = task.duration or 0.0
        begin = min((at for at, state in story.changes if state in {"running", "deferred"}), default=None)
        if begin is None:  # the task began and ended between two looks
            begin = max(0.0, story.changes[-1][0] - duration)
        bar = [" "] * CHART_WIDTH
        _draw_spans(bar, [(begin, max(begin + duration, story.changes[-1][0]))], total, worker)
        _draw_spans(bar, story.spans("deferred", total), total, waiting)
        numbers = f"{begin:>6.1f} s {duration:>7.1f} s {max(0.0, duration - deferred):>6.1f} s"
        wait = f"{deferred:>7.1f} s" if deferred else f"{'-':>9}"
        return f"  {task.task_id:<8} {task.state or '-':<15} {numbers} {wait}  {''.join(bar).rstrip()}"


def _draw_spans(bar: list[str], spans: Sequence[tuple[float, float]], total: float, mark: str) -> None:
    for begin, end in spans:
        first = min(len(bar) - 1, int(begin / total * len(bar)))
        last = max(first + 1, min(len(bar), round(end / total * len(bar))))
        bar[first:last] = [mark] * (last - first)


def _can_draw() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
