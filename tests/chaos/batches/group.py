"""Runs the group of batches: several side by side, and those that break what all share at the end."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

from dev.airflow_major import VERSION
from tests.chaos.batches.cases import CASES, BatchTrial
from tests.chaos.batches.laboratory import BatchLaboratory
from tests.chaos.batches.report import Line, markdown, summary, violation_list
from tests.chaos.batches.running import run_trial
from tests.chaos.laboratory import ROOT
from tests.chaos.report import say

#: The name of the group, for `--groups`.
NAME = "batch"
#: A batch is one Airflow task, so the other databases would show nothing new.
DATABASE = "postgres"
OUTPUT = ROOT / ".build" / f"chaos-batches-{VERSION}.md"


@dataclass(frozen=True)
class BatchSelection:
    """Says which batches run.

    Attributes:
        rows: of the table, separated by commas; all if it is empty.
        items: pictures of a batch.
        moments: of a case at most; 0 for all.
        width: batches at a time.
    """

    rows: str
    items: int
    moments: int
    width: int

    def lines(self) -> list[Line]:
        rows = self.rows.split(",") if self.rows else []
        return [Line(case) for case in CASES if not rows or case.row in rows]

    def trials(self, lines: Sequence[Line]) -> list[tuple[BatchTrial, Line]]:
        numbers = count(1)
        return [
            (BatchTrial(line.case, seed, self.items, next(numbers)), line)
            for line in lines
            for seed in range(min(line.case.moments, self.moments or line.case.moments))
        ]


def run_batches(selection: BatchSelection, *, keep: bool) -> bool:
    """Runs the selected batches, and returns False if a promise was broken."""
    lines = selection.lines()
    trials = selection.trials(lines)
    if not trials:
        return True
    with BatchLaboratory(DATABASE, selection.items) as lab:
        say(f"{len(trials)} batches of {selection.items}; logs and records: {lab.folder}")
        for alone in (False, True):
            chosen = [each for each in trials if each[0].case.alone is alone]
            with ThreadPoolExecutor(selection.width) as pool:
                list(pool.map(lambda each: _run_one_trial(lab, *each), chosen))
            text = _write_report(lines, selection.items)
    say(text)
    is_sound = not any(line.wrong for line in lines)
    if is_sound and not keep:
        shutil.rmtree(lab.folder)
    return is_sound


def _run_one_trial(lab: BatchLaboratory, trial: BatchTrial, line: Line) -> None:
    try:
        outcome = run_trial(lab, trial)
    except Exception as error:
        line.wrong.append(f"{trial} {type(error).__name__}: {error}")
        traceback.print_exc()
        return
    line.outcomes.append(outcome)
    line.wrong += [f"{trial} {each}" for each in outcome.wrong]
    say(f"  {outcome}")


def _write_report(lines: Sequence[Line], items: int) -> str:
    head = f"## Batches of {items} on Airflow {VERSION}"
    text = f"{head}\n\n{markdown(lines)}\n\n{summary(lines)}\n{violation_list(lines)}\n"
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text)
    return text
