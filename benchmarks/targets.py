"""Defines the targets of this provider, with which the tables compare what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.contestants import BARE, BEFORE, OURS, PEERS, REQUESTS_PER_SECOND, STEADY
from benchmarks.scores import Board


@dataclass(frozen=True)
class Verdict:
    """Holds a target and what was measured. That is None if there is nothing to compare with."""

    target: str
    at_most: float
    measured: float | None

    @property
    def word(self) -> str:
        if self.measured is None:
            return "not measured"
        return "holds" if self.measured <= self.at_most else "MISSED"


def of_poll(board: Board) -> Iterator[Verdict]:
    best = board.best(PEERS, "cpu_per_poll")
    yield _compare(board, "CPU per poll, x bare aiohttp", 1.3, "cpu_per_poll", BARE)
    yield _compare(board, f"CPU per poll, x best peer ({best})", 0.5, "cpu_per_poll", best)
    if board.has((OURS, BEFORE)):
        yield _compare(board, "CPU per poll, x the other commit", 1.05, "cpu_per_poll", BEFORE)
        yield _compare(board, "CPU per wait, x the other commit", 1.05, "cpu_per_wait", BEFORE)
    yield _check_all_ended_well(board, OURS)


def of_tail(board: Board) -> Iterator[Verdict]:
    best = board.best(PEERS, "cpu_per_wait")
    yield _compare(board, f"CPU per wait, x best peer ({best})", 0.25, "cpu_per_wait", best)
    yield _compare(board, "median detection delay, x asking every 5 s", 1.0, "delay_median", BARE)
    yield _compare(board, "requests per wait, x asking every 5 s", 0.75, "requests_per_wait", BARE)
    yield _check_all_ended_well(board, OURS)


def of_told(board: Board) -> Iterator[Verdict]:
    yield _compare(board, "median detection delay, x asking every 5 s", 1.0, "delay_median", BARE)
    yield _compare(board, "requests per wait, x asking every 5 s", 1.0, "requests_per_wait", BARE)
    yield _check_all_ended_well(board, OURS)


def of_steady(board: Board) -> Iterator[Verdict]:
    yield Verdict("CPU per poll, x bare aiohttp", 1.3, board.ratio(STEADY, BARE, "cpu_per_poll"))
    yield Verdict("event loop lateness at worst, ms", 50.0, board.median(STEADY, "late_worst"))
    yield _check_all_ended_well(board, STEADY)


def of_limit(board: Board) -> Iterator[Verdict]:
    for row in board.rows:
        yield _check_all_ended_well(board, row)
        yield Verdict("event loop lateness p99, ms", 50.0, board.median(row, "late_p99"))
        yield Verdict("memory above idle, MB", 150.0, board.median(row, "memory"))
        yield _check_rate(board, row, "any 1 s", "busiest_second")
        yield _check_rate(board, row, "any 10 s", "busiest_ten_seconds")
        yield Verdict("CPU, share of a core", 0.6, board.median(row, "cpu_share"))


def of_scale(board: Board) -> Iterator[Verdict]:
    fewest, most = next(iter(board.rows)), next(reversed(board.rows))
    yield Verdict(f"CPU per wait, {most} x {fewest}", 1.2, board.ratio(most, fewest, "cpu_per_wait"))


def _compare(board: Board, target: str, at_most: float, what: str, to: str | None) -> Verdict:
    measured = to is not None and board.has((OURS, to))
    return Verdict(target, at_most, board.ratio(OURS, str(to), what) if measured else None)


def _check_all_ended_well(board: Board, row: str) -> Verdict:
    failed = max(score.failed for score in board.rows[row]) if row in board.rows else None
    return Verdict("waits that did not end well", 0.0, failed)


def _check_rate(board: Board, row: str, stretch: str, what: str) -> Verdict:
    rate = board.median(row, what) / REQUESTS_PER_SECOND
    return Verdict(f"request rate over {stretch}, x limit", 1.05, rate)
