"""The bench makes the same jobs for all, and its service answers and counts correctly."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from benchmarks import service
from benchmarks.answers import APIS
from benchmarks.jobs import DURATIONS, ESTIMATE, LONGEST, PROGRESS, Workload
from benchmarks.service import BEGIN, Service
from benchmarks.tally import Tally, busiest

PATHS = {
    b"/v1/tasks/job-": b"/v1/tasks/job-0",
    b"/v1/batches/batch_": b"/v1/batches/batch_0",
    b"/api/v2/accounts/1/runs/": b"/api/v2/accounts/1/runs/0/",
    b"/api/2.2/jobs/runs/get": b"/api/2.2/jobs/runs/get",
    b"/results/": b"/results/0",
}
BODY = b'{"run_id": 0}'


@pytest.fixture
def clock(monkeypatch):
    """Sets the service's clock by hand."""
    now = [1000.0]
    monkeypatch.setattr(service.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize("durations", DURATIONS)
def test_the_same_seed_draws_the_same_jobs(durations):
    assert Workload(50, durations, seed=3).jobs == Workload(50, durations, seed=3).jobs
    assert Workload(50, durations, seed=3).jobs != Workload(50, durations, seed=4).jobs


def test_the_long_tail_is_what_it_is_said_to_be():
    seconds = sorted(job.seconds for job in Workload(20_000, "tail").jobs)
    assert 44 < seconds[10_000] < 46
    assert seconds[-1] == LONGEST
    assert 1 / 140 < sum(each == LONGEST for each in seconds) / 20_000 < 1 / 100


def test_progress_never_falls_and_is_100_only_at_the_end():
    for job in Workload(200, "tail").jobs:
        percents = [job.percent(job.begins + job.seconds * step / 200) for step in range(200)]
        assert all(earlier <= later for earlier, later in pairwise(percents))
        assert percents[0] == 0
        assert percents[-1] < 100
        assert job.percent(job.ends) == 100


@pytest.mark.parametrize("progress", PROGRESS)
def test_what_is_shown_of_the_progress_never_falls_either(progress):
    for job in Workload(50, "tail").jobs:
        shown = [job.shown(job.begins + job.seconds * step / 200, progress) for step in range(200)]
        assert shown == sorted(shown)
        assert len(set(shown)) == {"none": 1, "still": 2, "late": 2}.get(progress, len(set(shown)))
        assert job.shown(job.ends, progress) == 100


@pytest.mark.parametrize("api", APIS)
def test_every_api_says_that_a_job_is_finished_when_it_is(api, clock):
    workload = Workload(1, "short")
    one = Service(workload)
    finished = one.answer(PATHS[api], BODY)
    one.answer(BEGIN, b"")
    assert one.answer(PATHS[api], BODY) != finished
    clock[0] += workload.jobs[0].ends - 0.01
    running = one.answer(PATHS[api], BODY)
    clock[0] += 0.02
    assert one.answer(PATHS[api], BODY).split(b" ")[1] == b"200"
    assert one.answer(PATHS[api], BODY) != running
    (delay,) = one.tally.seen(cpu=0.0).delays
    assert delay == pytest.approx(0.01)


def test_a_phota_task_tells_its_progress_and_the_same_estimate_as_all_others(clock):
    workload = Workload(1, "short")
    one = Service(workload)
    one.answer(BEGIN, b"")
    clock[0] += workload.jobs[0].seconds * 0.8
    task = json.loads(one.answer(b"/v1/tasks/job-0", b"").partition(b"\r\n\r\n")[2])
    assert task["status"] == "processing"
    assert 0 < task["progress"] < 100
    assert task["task_info"]["estimated_time"] == ESTIMATE
    assert task["results"] is None


def test_a_service_can_keep_the_progress_to_itself(clock):
    workload = Workload(1, "short", progress="none")
    one = Service(workload)
    one.answer(BEGIN, b"")
    clock[0] += workload.jobs[0].seconds * 0.8
    task = json.loads(one.answer(b"/v1/tasks/job-0", b"").partition(b"\r\n\r\n")[2])
    assert (task["status"], task["progress"]) == ("processing", 0)


def test_the_busiest_second():
    assert busiest([], 1.0) == 0
    assert busiest([0.0, 0.4, 0.9, 1.0, 1.8, 5.0], 1.0) == 3
    assert busiest([0.0, 0.4, 0.9, 1.0, 1.8, 5.0], 10.0) == 6


def test_connections_are_counted_as_they_come_and_as_they_stand():
    tally = Tally(())
    tally.connected()
    tally.connected()
    tally.disconnected()
    tally.connected()
    seen = tally.seen(cpu=0.0)
    assert (seen.connections, seen.open_at_once) == (3, 2)
