"""Runs the fault matrix with a real Airflow: `python -m tests.chaos`, or `make chaos`.

Every option is also an environment variable: `make chaos CHAOS_SEEDS=10 CHAOS_EDITS=200`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from dev.airflow_major import AIRFLOW, VERSION
from tests.chaos.batches import group as batches
from tests.chaos.laboratory import ROOT, Laboratory
from tests.chaos.matrix import GROUPS
from tests.chaos.planning import Plan, Selection, planned_trials
from tests.chaos.report import Line, markdown, say, summary, violation_list
from tests.chaos.running import run_trial
from tests.chaos.settle_table import settle_table
from tests.chaos.verdict import violations

OUTPUT = ROOT / ".build" / f"chaos-{VERSION}.md"


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    ask = parser.add_argument
    ask(
        "--database",
        default=_env_or("DATABASE", ",".join(AIRFLOW.databases)),
        help="names, separated by commas (default: %(default)s)",
    )
    ask(
        "--seeds",
        type=int,
        default=_env_or("SEEDS", "2"),
        help="seeds of each kill row (default: %(default)s)",
    )
    ask(
        "--edits",
        type=int,
        default=_env_or("EDITS", "40"),
        help="random edits of row 41 (default: %(default)s)",
    )
    ask(
        "--groups", default=_env_or("GROUPS", ""), help=f"{', '.join((*GROUPS, batches.NAME))} (default: all)"
    )
    ask("--rows", default=_env_or("ROWS", ""), help="such as 23,24 (default: all)")
    ask("--width", type=int, default=_env_or("WIDTH", "6"), help="cases at a time (default: %(default)s)")
    ask(
        "--naive",
        type=int,
        default=_env_or("NAIVE", "1"),
        help="seeds of the naive operator (0: it does not run)",
    )
    ask("--modes", default=_env_or("MODES", ""), help="submit, worker, deferred (default: all)")
    ask("--ledgers", default=_env_or("LEDGERS", ""), help="such as both,resubmit (default: all)")
    ask("--stores", default=_env_or("STORES", "file,s3"), help="stores of ledger_path (default: %(default)s)")
    ask(
        "--s3-seeds",
        type=int,
        default=_env_or("S3_SEEDS", "1"),
        help="seeds of each kill row on S3 (default: %(default)s)",
    )
    ask(
        "--items",
        type=int,
        default=_env_or("ITEMS", "300"),
        help="pictures of a batch (default: %(default)s)",
    )
    ask("--moments", type=int, default=_env_or("MOMENTS", "0"), help="moments of a case of batches (0: all)")
    ask(
        "--batches",
        type=int,
        default=_env_or("BATCHES", "4"),
        help="batches at a time (default: %(default)s)",
    )
    ask("--keep", action="store_true", help="keep logs and records even if all is well")
    return parser.parse_args()


def _env_or(name: str, default: str) -> str:
    return os.environ.get(f"CHAOS_{name}") or default


def main() -> int:
    """Runs the selected trials, and returns 1 if an invariant was violated."""
    options = _read_options()
    groups = options.groups.split(",") if options.groups else [*GROUPS, batches.NAME]
    of_edits = [name for name in groups if name != batches.NAME]
    sound = _run_edits(options, of_edits) if of_edits else True
    if batches.NAME in groups and batches.DATABASE in options.database.split(","):
        chosen = batches.BatchSelection(options.rows, options.items, options.moments, options.batches)
        sound = batches.run_batches(chosen, keep=options.keep) and sound
    return 0 if sound else 1


def _run_edits(options: argparse.Namespace, groups: Sequence[str]) -> bool:
    selection = Selection(
        ",".join(groups),
        options.rows,
        options.modes,
        options.ledgers,
        options.stores,
        options.seeds,
        options.s3_seeds,
        options.edits,
        options.naive,
    )
    texts, sound = [], True
    for database in options.database.split(","):
        lines = _run_on(database, selection, options.width, keep=options.keep)
        head = f"## Airflow {VERSION} on {database}"
        parts = (head, markdown(lines), settle_table(lines), summary(lines), violation_list(lines))
        texts.append("\n\n".join(filter(None, parts)) + "\n")
        sound = sound and not any(line.wrong for line in lines)
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_text("\n".join(texts))
    say("\n".join(texts))
    return sound


def _run_on(database: str, selection: Selection, width: int, *, keep: bool) -> Sequence[Line]:
    plan = planned_trials(GROUPS, selection, database)
    say(f"{len(plan)} runs on {database}")
    with Laboratory(database) as lab:
        say(f"Airflow is up; logs and records: {lab.folder}")
        with ThreadPoolExecutor(width) as pool:
            list(pool.map(lambda each: _run_one_trial(lab, each), [each for each in plan if not each.alone]))
        for each in plan:
            if each.alone:
                _run_one_trial(lab, each)
    lines = list({id(each.line): each.line for each in plan}.values())
    if not keep and not any(line.wrong for line in lines):
        shutil.rmtree(lab.folder)
    return lines


def _run_one_trial(lab: Laboratory, plan: Plan) -> None:
    try:
        evidence = run_trial(lab, plan.trial)
    except Exception as error:
        plan.line.wrong.append(f"{plan.trial.tag} {type(error).__name__}: {error}")
        traceback.print_exc()
        return
    if plan.trial.ledger == "naive":
        plan.line.naive.append(evidence)
        wrong = []
    else:
        plan.line.evidence.append(evidence)
        wrong = [f"{plan.trial.tag} {each}" for each in violations(evidence)]
        plan.line.wrong += wrong
    ends = "+".join(sorted(end.value for end in evidence.ends))
    summary_of_trial = f"{plan.trial.tag} {plan.trial.case.title}: billed {len(evidence.billed)}, {ends}"
    say(f"  {evidence.seconds:5.1f} s {summary_of_trial}{' VIOLATION ' + str(wrong) if wrong else ''}")


if __name__ == "__main__":
    sys.exit(main())
