"""Writes tables in Markdown: the figures, as ratios if possible, and the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmarks.contestants import REQUESTS_PER_SECOND, TITLES
from benchmarks.scores import Board
from benchmarks.targets import Verdict

#: Head of a column -> a function of the board, the row and the row to compare with, which returns the cell.
Columns = dict[str, Callable[[Board, str, str], str]]


def _as_ratio(what: str) -> Callable[[Board, str, str], str]:
    return lambda board, row, base: f"{board.ratio(row, base, what):.2f} x"


def _as_number(what: str, digits: int = 0) -> Callable[[Board, str, str], str]:
    return lambda board, row, _: f"{board.median(row, what):.{digits}f}"


def _lateness(board: Board, row: str, _: str) -> str:
    return " / ".join(f"{board.median(row, f'late_{what}'):.0f}" for what in ("median", "p99", "worst"))


def _delay(board: Board, row: str, _: str) -> str:
    return f"{board.median(row, 'delay_median'):.1f} / {board.median(row, 'delay_p90'):.1f}"


def _rate(what: str) -> Callable[[Board, str, str], str]:
    return lambda board, row, _: f"{board.median(row, what) / REQUESTS_PER_SECOND:.2f} x"


SIDE_BY_SIDE: Columns = {
    "CPU per poll": _as_ratio("cpu_per_poll"),
    "CPU per wait": _as_ratio("cpu_per_wait"),
    "requests per wait": _as_ratio("requests_per_wait"),
    "detection delay, s (median / p90)": _delay,
    "loop lateness, ms (p50 / p99 / max)": _lateness,
    "without a core, % of the time": _as_number("starved"),
    "connections": _as_number("connections"),
    "memory above idle, MB": _as_number("memory"),
    "waits that failed": _as_number("failed"),
}
ALONE: Columns = {
    "CPU per wait": _as_ratio("cpu_per_wait"),
    "CPU per poll": _as_ratio("cpu_per_poll"),
    "requests per wait": _as_number("requests_per_wait", 1),
    "detection delay, s (median / p90)": _delay,
    "CPU, share of a core": _as_number("cpu_share", 2),
    "loop lateness, ms (p50 / p99 / max)": _lateness,
    "without a core, % of the time": _as_number("starved"),
    "memory above idle, MB": _as_number("memory"),
    "connections": _as_number("connections"),
    "rate over 1 s, of the limit": _rate("busiest_second"),
    "rate over 10 s, of the limit": _rate("busiest_ten_seconds"),
    "waits that failed": _as_number("failed"),
}


def figures(board: Board, columns: Columns, base: str, first: str) -> str:
    """Returns a table with a row for each contestant or number of waits. Ratios are to the row `base`."""
    head = [first, *columns]
    lines = [
        [TITLES.get(row, row), *(cell(board, row, base) for cell in columns.values())] for row in board.rows
    ]
    return _markdown(head, lines)


def scale(board: Board, base: str) -> str:
    """Returns what 1.00 x means, and how busy the service was."""
    return (
        f"1.00 x is {TITLES.get(base, base)}: {board.median(base, 'cpu_per_poll'):.2f} ms of CPU per poll, "
        f"{board.median(base, 'cpu_per_wait'):.1f} ms and {board.median(base, 'requests_per_wait'):.1f} "
        f"requests per wait. The service used at most "
        f"{max(board.median(row, 'server_share') for row in board.rows):.0%} of a core."
    )


def verdict_table(verdicts: Iterable[Verdict]) -> str:
    lines = [
        [
            each.target,
            f"{each.at_most:g}",
            "-" if each.measured is None else f"{each.measured:.2f}",
            each.word,
        ]
        for each in verdicts
    ]
    return _markdown(["target", "at most", "measured", "verdict"], lines)


def _markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *lines))
