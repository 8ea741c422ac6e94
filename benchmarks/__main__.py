"""Runs the whole bench: `python -m benchmarks`, or `make bench`.

Every option is also an environment variable: `make bench BENCH_RUNS=5 BENCH_SCENARIO=poll`.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
from dataclasses import replace
from importlib.metadata import version

from benchmarks import tables
from benchmarks.contestants import PEERS, TITLES
from benchmarks.jobs import PROGRESS
from benchmarks.laboratory import Laboratory
from benchmarks.processes import ROOT
from benchmarks.scenarios import BEST_PEER, LIKELY_BEST, SCENARIOS, Scenario
from benchmarks.scores import Board
from benchmarks.trust import new_trust

OUTPUT = ROOT / ".build" / "bench.md"
VERSIONS = ("apache-airflow", "apache-airflow-task-sdk", "aiohttp", "airflow-provider-phota")


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    ask = parser.add_argument
    names = ", ".join(SCENARIOS)
    ask(
        "--scenario",
        default=_env_or("SCENARIO", ",".join(SCENARIOS)),
        help=f"names, separated by commas: {names} (default: all)",
    )
    ask(
        "--runs",
        type=int,
        default=_env_or("RUNS", "3"),
        help="runs of each contestant (default: %(default)s)",
    )
    ask(
        "--waits",
        type=int,
        default=_env_or("WAITS", "0"),
        help="another number of waits than the scenario's own",
    )
    ask(
        "--contestants",
        default=_env_or("CONTESTANTS", ""),
        help=f"names, separated by commas: {', '.join(TITLES)}",
    )
    ask(
        "--progress",
        choices=("", *PROGRESS),
        default=_env_or("PROGRESS", ""),
        help="what the service shows of it, instead of the scenario's own",
    )
    return parser.parse_args()


def _env_or(name: str, default: str) -> str:
    return os.environ.get(f"BENCH_{name}") or default


def main() -> int:
    options = _read_options()
    # sys.exit() ends the processes of the trial as well, which the default action would leave behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text("")
    _report(_describe_machine(options.runs))
    best = LIKELY_BEST
    with new_trust() as trust:
        lab = Laboratory(trust, options.runs, options.progress)
        for name in options.scenario.split(","):
            scenario = _with_options(SCENARIOS[name], options.waits, options.contestants, best)
            board = lab.board(scenario)
            best = board.best(PEERS, "cpu_per_wait") or best
            _report(_chapter(scenario, board))
    return 0


def _report(text: str) -> None:
    """Writes a text to the terminal and to the file at once, so that a stopped run leaves its results."""
    sys.stdout.write(f"{text}\n\n")
    sys.stdout.flush()
    with OUTPUT.open("a") as file:
        file.write(f"{text}\n\n")


def _with_options(scenario: Scenario, waits: int, contestants: str, best: str) -> Scenario:
    names = [best if name == BEST_PEER else name for name in scenario.contestants]
    if contestants and len(names) > 1:
        names = contestants.split(",")
    most = max(scenario.waits)
    numbers = [max(each * waits // most, 1) for each in scenario.waits] if waits else scenario.waits
    return replace(scenario, waits=numbers, contestants=names)


def _chapter(scenario: Scenario, board: Board) -> str:
    waits = " / ".join(f"{each:,}" for each in scenario.waits)
    first = "waits" if len(scenario.waits) > 1 else f"{waits} waits"
    return "\n\n".join(
        (
            f"## {scenario.title} (`{scenario.name}`)",
            scenario.description,
            tables.figures(board, scenario.columns, scenario.base, first),
            tables.scale(board, scenario.base),
            tables.verdict_table(scenario.verdicts(board)),
        )
    )


def _describe_machine(runs: int) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, Python "
        f"{platform.python_version()}, {versions}. Medians of {runs} run{'s' if runs > 1 else ''}."
    )


if __name__ == "__main__":
    sys.exit(main())
