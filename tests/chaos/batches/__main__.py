"""Runs batches in a real Airflow, and breaks things: `python -m tests.chaos.batches`, or part of `make chaos`.

Every option is also an environment variable, such as `CHAOS_ROWS=53`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from dev.airflow_major import VERSION
from tests.chaos.batches.cases import CASES, BatchTrial
from tests.chaos.batches.laboratory import BatchLaboratory
from tests.chaos.batches.report import Line, markdown, summary, violation_list
from tests.chaos.batches.running import run_trial
from tests.chaos.laboratory import ROOT

OUTPUT = ROOT / ".build" / f"chaos-batches-{VERSION}.md"


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.batches", description=__doc__)
    ask = parser.add_argument
    ask("--rows", default=_env_or("ROWS", ""), help="such as 53,54 (default: all)")
    ask(
        "--items",
        type=int,
        default=_env_or("ITEMS", "300"),
        help="pictures of a batch (default: %(default)s)",
    )
    ask("--moments", type=int, default=_env_or("MOMENTS", "0"), help="moments of a case, at most (0: all)")
    ask("--width", type=int, default=_env_or("BATCHES", "3"), help="batches at a time (default: %(default)s)")
    ask("--keep", action="store_true", help="keep logs and records even if all is well")
    return parser.parse_args()


def _env_or(name: str, default: str) -> str:
    return os.environ.get(f"CHAOS_{name}") or default


def main() -> int:
    """Runs the selected trials, and returns 1 if a promise was broken."""
    options = _read_options()
    rows = options.rows.split(",") if options.rows else []
    cases = [case for case in CASES if not rows or case.row in rows]
    lines = [Line(case) for case in cases]
    numbers = count(1)
    plan = [
        (BatchTrial(line.case, seed, options.items, next(numbers)), line)
        for line in lines
        for seed in range(min(line.case.moments, options.moments or line.case.moments))
    ]
    _run_all(plan, lines, options)
    return 1 if any(line.wrong for line in lines) else 0


def _run_all(
    plan: Sequence[tuple[BatchTrial, Line]], lines: Sequence[Line], options: argparse.Namespace
) -> None:
    with BatchLaboratory("postgres", options.items) as lab:
        _print(f"{len(plan)} batches of {options.items}; logs and records: {lab.folder}")
        for alone in (False, True):
            chosen = [each for each in plan if each[0].case.alone is alone]
            with ThreadPoolExecutor(options.width) as pool:
                list(pool.map(lambda each: _run_one(lab, *each), chosen))
            _write_report(lines, options.items)
    _print(_write_report(lines, options.items))
    if not options.keep and not any(line.wrong for line in lines):
        shutil.rmtree(lab.folder)


def _run_one(lab: BatchLaboratory, trial: BatchTrial, line: Line) -> None:
    try:
        outcome = run_trial(lab, trial)
    except Exception as error:
        line.wrong.append(f"{trial} {type(error).__name__}: {error}")
        traceback.print_exc()
        return
    line.outcomes.append(outcome)
    line.wrong += [f"{trial} {each}" for each in outcome.wrong]
    _print(f"  {outcome}")


def _write_report(lines: Sequence[Line], items: int) -> str:
    head = f"## Batches of {items} on Airflow {VERSION}"
    text = f"{head}\n\n{markdown(lines)}\n\n{summary(lines)}\n{violation_list(lines)}\n"
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text)
    return text


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
