"""The whole bench: `python -m benchmarks`, or `make bench`.

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
from benchmarks.laboratory import Laboratory
from benchmarks.processes import ROOT
from benchmarks.scenarios import BEST_PEER, LIKELY_BEST, SCENARIOS, Scenario
from benchmarks.scores import Board
from benchmarks.trust import made_trust

OUTPUT = ROOT / ".build" / "bench.md"
VERSIONS = ("apache-airflow", "apache-airflow-task-sdk", "aiohttp", "airflow-provider-phota")


def _wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    ask = parser.add_argument
    names = ", ".join(SCENARIOS)
    ask(
        "--scenario",
        default=_env("SCENARIO", ",".join(SCENARIOS)),
        help=f"by comma, of {names} (default: all)",
    )
    ask("--runs", type=int, default=_env("RUNS", "3"), help="of each contestant (default: %(default)s)")
    ask("--waits", type=int, default=_env("WAITS", "0"), help="other than the scenario's (most of) waits")
    ask("--contestants", default=_env("CONTESTANTS", ""), help=f"by comma, of {', '.join(TITLES)}")
    ask("--progress", type=int, default=_env("PROGRESS", "1"), help="0: the service shows none")
    return parser.parse_args()


def _env(name: str, default: str) -> str:
    return os.environ.get(f"BENCH_{name}") or default


def main() -> int:
    asked = _wish()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # an exit ends the trial's processes; a kill would not
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text("")
    _say(_machine(asked.runs))
    best = LIKELY_BEST
    with made_trust() as trust:
        lab = Laboratory(trust, asked.runs, shows_progress=bool(asked.progress))
        for name in asked.scenario.split(","):
            scenario = _as_wished(SCENARIOS[name], asked.waits, asked.contestants, best)
            board = lab.board(scenario)
            best = board.best(PEERS, "cpu_per_wait") or best
            _say(_chapter(scenario, board))
    return 0


def _say(text: str) -> None:
    """On the terminal and in the file, at once: a long run that is broken off leaves what it has."""
    sys.stdout.write(f"{text}\n\n")
    sys.stdout.flush()
    with OUTPUT.open("a") as file:
        file.write(f"{text}\n\n")


def _as_wished(scenario: Scenario, waits: int, contestants: str, best: str) -> Scenario:
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
            scenario.told,
            tables.figures(board, scenario.columns, scenario.base, first),
            tables.scale(board, scenario.base),
            tables.verdicts(scenario.judged(board)),
        )
    )


def _machine(runs: int) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, Python "
        f"{platform.python_version()}, {versions}. Medians of {runs} run{'s' if runs > 1 else ''}."
    )


if __name__ == "__main__":
    sys.exit(main())
