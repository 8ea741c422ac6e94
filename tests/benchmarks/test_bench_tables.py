"""The bench turns figures into ratios and verdicts, and simulates schedules."""

from __future__ import annotations

import asyncio
import time
from dataclasses import fields

import pytest

from benchmarks import schedules, tables, targets
from benchmarks.contestants import BARE, OURS
from benchmarks.jobs import PROGRESS, Workload
from benchmarks.lateness import STEP, Probe
from benchmarks.scenarios import SCENARIOS
from benchmarks.scores import Board, Score


def a_score(**figures):
    return Score(**{field.name: 0.0 for field in fields(Score)} | figures)


def a_board(**cpu_per_poll):
    board = Board()
    for row, runs in cpu_per_poll.items():
        for each in runs:
            board.add(row, a_score(cpu_per_poll=each))
    return board


def test_a_ratio_is_of_runs_with_the_same_jobs():
    board = a_board(bare=[1.0, 10.0, 100.0], phota=[2.0, 20.0, 300.0])
    assert board.ratio(OURS, BARE, "cpu_per_poll") == 2.0


@pytest.mark.parametrize(("cpu", "word"), [(1.2, "holds"), (1.4, "MISSED")])
def test_a_verdict_compares_with_the_target(cpu, word):
    first, *_ = targets.of_poll(a_board(bare=[1.0], phota=[cpu]))
    assert first.word == word


def test_what_was_not_measured_gets_no_verdict():
    _, second, *_ = targets.of_poll(a_board(bare=[1.0], phota=[1.0]))
    assert second.word == "not measured"
    assert "| - | not measured |" in tables.verdict_table([second])


def test_the_best_peer_is_the_one_that_was_measured_best():
    board = a_board(openai=[9.0], databricks=[3.0], bare=[1.0], phota=[2.0])
    assert targets.PEERS
    assert board.best(targets.PEERS, "cpu_per_poll") == "databricks"


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda each: each.name)
def test_every_scenario_has_a_row_to_compare_with(scenario):
    rows = [row for row, _, _ in scenario.trials(1)]
    assert scenario.base in rows
    board = Board({row: [a_score(cpu_per_poll=1.0)] for row in rows})
    lines = tables.figures(board, scenario.columns, scenario.base, "waits").splitlines()
    assert len(lines) == 2 + len(rows)
    assert len({line.count("|") for line in lines}) == 1


def test_asking_steadily_is_late_by_less_than_the_interval():
    workload = Workload(100, "tail")
    outcomes = schedules.simulate(workload, schedules.steady(5.0))
    for job, outcome in zip(workload.jobs, outcomes, strict=True):
        assert 0 <= outcome.delay < 5
        assert outcome.requests == pytest.approx((job.seconds + outcome.delay) / 5 + 1)


@pytest.mark.parametrize("beginning", schedules.BEGINNINGS)
@pytest.mark.parametrize("estimate", [45, 135, 15])
def test_whatever_the_service_tells_our_schedule_asks_no_more_and_knows_no_later(beginning, estimate):
    """Than every 5 s; a few percent are chance, since 2,000 jobs are few."""
    for progress in PROGRESS:
        seconds = 2000 * schedules.BEGINNINGS[beginning]
        workload = Workload(2000, "tail", seconds, progress=progress, estimate=estimate)
        base = schedules.Summary.of(schedules.simulate(workload, schedules.steady(5.0)))
        ours = schedules.Summary.of(schedules.simulate(workload, schedules.the_projects(estimate)))
        assert ours.requests < 1.02 * base.requests
        assert ours.delay < 1.05 * base.delay


def test_a_block_of_the_loop_counts_as_all_the_calls_it_delayed():
    async def blocked():
        probe = Probe()
        await asyncio.sleep(2 * STEP)
        time.sleep(20 * STEP)  # noqa: ASYNC251  # the block is what is measured
        await asyncio.sleep(2 * STEP)
        return probe.stop()

    lateness = asyncio.run(blocked())
    assert lateness.median >= 1000 * STEP
