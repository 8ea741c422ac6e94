"""The service whose jobs are waited for: all contestants' APIs over one set of jobs."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable

from benchmarks.answers import APIS, NOT_FOUND, Glance, glance, ok
from benchmarks.jobs import Workload
from benchmarks.tally import Tally

BEGIN = b"/bench/begin"
SEEN = b"/bench/seen"


class Service:
    """Answers questions. Before `begin` there is but one job, finished, for the contestants to warm up on."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._jobs = workload.jobs
        self._began: float | None = None
        self._epoch = time.time()
        self._cpu = 0.0
        self.tally = Tally(self._jobs)

    @property
    def has_begun(self) -> bool:
        return self._began is not None

    def answer(self, path: bytes, body: bytes) -> bytes:
        for beginning, words in APIS.items():
            if path.startswith(beginning):
                return self._about(_number(path[len(beginning) :], body), words)
        if path == BEGIN:
            return self._begin()
        if path == SEEN:
            return ok(json.dumps(self.tally.seen(_cpu() - self._cpu).to_dict()).encode())
        return NOT_FOUND

    def _begin(self) -> bytes:
        self._began, self._epoch, self._cpu = time.monotonic(), time.time(), _cpu()
        return ok(b"{}")

    def _about(self, number: int, words: Callable[[Glance], bytes]) -> bytes:
        if self._began is None:
            return words(Glance(number, int(self._epoch), 100))
        now = time.monotonic() - self._began
        self.tally.asked(now)
        shows_progress = self._workload.shows_progress
        seen = glance(self._jobs[number], number, self._epoch, now, shows_progress=shows_progress)
        if seen.is_finished:
            self.tally.told(number, now)
        return words(seen)


def _number(rest: bytes, body: bytes) -> int:
    """The job's number: in the path or, where the API has it so, in the JSON of the body."""
    return int(rest.split(b"?")[0].rstrip(b"/") or json.loads(body)["run_id"])


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
