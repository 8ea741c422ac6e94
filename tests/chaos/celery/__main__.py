"""Breaks an Airflow with CeleryExecutor: `python -m tests.chaos.celery`, or `make chaos-celery`.

Two workers, two triggerers and two schedulers share a PostgreSQL and a Redis, which are started here. Every
option is also an environment variable: `make chaos-celery CHAOS_SEEDS=1 CHAOS_ROWS=1,4`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Sequence
from itertools import count

from dev.airflow_major import VERSION
from tests.chaos.celery.laboratory import CeleryLaboratory
from tests.chaos.celery.report import Line, markdown, summary, violation_list
from tests.chaos.celery.rows import ROWS
from tests.chaos.celery.run import CeleryRun
from tests.chaos.celery.running import run_row
from tests.chaos.laboratory import ROOT
from tests.chaos.report import say

OUTPUT = ROOT / ".build" / "chaos-celery.md"


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.celery", description=__doc__)
    ask = parser.add_argument
    ask("--rows", default=_env_or("ROWS", ""), help="such as 1,4 (default: all)")
    ask("--seeds", type=int, default=_env_or("SEEDS", "5"), help="runs of a row (default: %(default)s)")
    ask(
        "--first-seed",
        type=int,
        default=_env_or("FIRST_SEED", "0"),
        help="such as one that failed (default: 0)",
    )
    ask("--edits", type=int, default=_env_or("EDITS", "24"), help="single edits (default: %(default)s)")
    ask("--items", type=int, default=_env_or("ITEMS", "200"), help="edits of a batch (default: %(default)s)")
    ask("--keep", action="store_true", help="keep logs and records even if all is well")
    return parser.parse_args()


def _env_or(name: str, default: str) -> str:
    return os.environ.get(f"CHAOS_{name}") or default


def main() -> int:
    """Runs the selected rows one after the other, and returns 1 if a promise was broken."""
    # or else the servers would outlive this process
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = _read_options()
    chosen = options.rows.split(",") if options.rows else []
    lines = [Line(row) for row in ROWS if not chosen or str(row.number) in chosen]
    with CeleryLaboratory(options.items) as lab:
        lab.wait_for_workers()
        say(f"{len(lines)} rows, {options.seeds} seeds; logs and records: {lab.folder}")
        numbers = count(1)
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            for line in lines:
                _run_line(lab, line, seed, next(numbers), options)
                _write_report(lines)
    say(_write_report(lines))
    sound = not any(line.wrong for line in lines)
    if sound and not options.keep:
        shutil.rmtree(lab.folder)
    return 0 if sound else 1


def _run_line(lab: CeleryLaboratory, line: Line, seed: int, number: int, options: argparse.Namespace) -> None:
    row = line.row
    trial, batch = row.trial(number, seed, options.edits), row.batch(number, seed, options.items)
    try:
        outcome = run_row(CeleryRun(lab, row, trial, batch))
    except Exception as error:
        line.wrong.append(f"{trial.tag} {type(error).__name__}: {error}")
        traceback.print_exc()
        return
    line.outcomes.append(outcome)
    line.wrong += [f"{trial.tag} {each}" for each in outcome.wrong]
    ends = sorted(edit.end.value for edit in outcome.evidence.edits)
    retried = sum(edit.tries > 1 for edit in outcome.evidence.edits)
    counts = (
        ", ".join(f"{ends.count(each)} {each}" for each in dict.fromkeys(ends)) + f", {retried} tried again"
    )
    wrong = f" VIOLATION {list(outcome.wrong)}" if outcome.wrong else ""
    say(f"  {outcome.seconds:6.1f} s {trial.tag} {row.title}: {'; '.join((counts, *outcome.notes))}{wrong}")
    if outcome.batch:
        say(f"           {outcome.batch}")


def _write_report(lines: Sequence[Line]) -> str:
    head = f"## CeleryExecutor on Airflow {VERSION}"
    text = f"{head}\n\n{markdown(lines)}\n\n{summary(lines)}\n{violation_list(lines)}\n"
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text)
    return text


if __name__ == "__main__":
    sys.exit(main())
