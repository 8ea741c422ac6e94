"""Answers the questions about one set of jobs, in the APIs of all contestants."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable

from benchmarks.answers import APIS, NOT_FOUND, Glance, look_at, ok
from benchmarks.jobs import Workload
from benchmarks.tally import Tally

BEGIN = b"/bench/begin"
SEEN = b"/bench/seen"


class Service:
    """Answers questions. Before `begin` every job is finished, so that the contestants can warm up."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._began: float | None = None
        self._epoch = time.time()
        self._cpu = 0.0
        self.tally = Tally(workload.jobs)

    @property
    def has_begun(self) -> bool:
        return self._began is not None

    def answer(self, path: bytes, body: bytes) -> bytes:
        for beginning, build in APIS.items():
            if path.startswith(beginning):
                return self._answer_about(_number(path[len(beginning) :], body), build)
        if path == BEGIN:
            return self._begin()
        if path == SEEN:
            return ok(json.dumps(self.tally.seen(_cpu() - self._cpu).to_dict()).encode())
        return NOT_FOUND

    def _begin(self) -> bytes:
        self._began, self._epoch, self._cpu = time.monotonic(), time.time(), _cpu()
        return ok(b"{}")

    def _answer_about(self, number: int, build: Callable[[Glance], bytes]) -> bytes:
        if self._began is None:
            return build(Glance(number, int(self._epoch), 100))
        now = time.monotonic() - self._began
        self.tally.note_question(now)
        seen = look_at(self._workload, number, self._epoch, now)
        if seen.is_finished:
            self.tally.note_finished(number, now)
        return build(seen)


def _number(rest: bytes, body: bytes) -> int:
    """Reads the number of the job from the path or, in one of the APIs, from the JSON of the body."""
    return int(rest.split(b"?")[0].rstrip(b"/") or json.loads(body)["run_id"])


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
