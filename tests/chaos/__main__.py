"""The fault matrix with a real Airflow: `python -m tests.chaos`, or `make chaos`.

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
from tests.chaos.laboratory import ROOT, Laboratory
from tests.chaos.matrix import GROUPS
from tests.chaos.planning import Plan, Wish, planned
from tests.chaos.report import Line, markdown, summary, violated
from tests.chaos.running import run_trial
from tests.chaos.verdict import violations

OUTPUT = ROOT / ".build" / f"chaos-{VERSION}.md"


def _wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    ask = parser.add_argument
    ask(
        "--database",
        default=_env("DATABASE", ",".join(AIRFLOW.databases)),
        help="by comma (default: %(default)s)",
    )
    ask("--seeds", type=int, default=_env("SEEDS", "2"), help="of each kill row (default: %(default)s)")
    ask(
        "--edits", type=int, default=_env("EDITS", "40"), help="random edits of row 41 (default: %(default)s)"
    )
    ask("--groups", default=_env("GROUPS", ""), help=f"{', '.join(GROUPS)} (default: all)")
    ask("--rows", default=_env("ROWS", ""), help="such as 23,24 (default: all)")
    ask("--width", type=int, default=_env("WIDTH", "6"), help="cases at a time (default: %(default)s)")
    ask("--naive", type=int, default=_env("NAIVE", "1"), help="seeds of the naive operator, 0 for none")
    ask("--modes", default=_env("MODES", ""), help="submit, worker, deferred (default: all)")
    ask("--ledgers", default=_env("LEDGERS", ""), help="such as both,resubmit (default: all)")
    ask("--stores", default=_env("STORES", "file,s3"), help="of ledger_path (default: %(default)s)")
    ask("--s3-seeds", type=int, default=_env("S3_SEEDS", "1"), help="of each kill row (default: %(default)s)")
    ask("--keep", action="store_true", help="keep logs and records even if all is well")
    return parser.parse_args()


def _env(name: str, default: str) -> str:
    return os.environ.get(f"CHAOS_{name}") or default


def main() -> int:
    """Run what is asked for; 1 if an invariant was violated."""
    asked = _wish()
    wish = Wish(
        asked.groups,
        asked.rows,
        asked.modes,
        asked.ledgers,
        asked.stores,
        asked.seeds,
        asked.s3_seeds,
        asked.edits,
        asked.naive,
    )
    texts, sound = [], True
    for database in asked.database.split(","):
        lines = _on(database, wish, asked.width, keep=asked.keep)
        head = f"## Airflow {VERSION} on {database}"
        texts.append(f"{head}\n\n{markdown(lines)}\n\n{summary(lines)}\n{violated(lines)}\n")
        sound = sound and not any(line.wrong for line in lines)
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_text("\n".join(texts))
    _say("\n".join(texts))
    return 0 if sound else 1


def _on(database: str, wish: Wish, width: int, *, keep: bool) -> Sequence[Line]:
    plan = planned(GROUPS, wish, database)
    _say(f"{len(plan)} runs on {database}")
    with Laboratory(database) as lab:
        _say(f"Airflow is up; logs and records: {lab.folder}")
        with ThreadPoolExecutor(width) as several:
            list(several.map(lambda each: _one(lab, each), [each for each in plan if not each.alone]))
        for each in plan:
            if each.alone:
                _one(lab, each)
    lines = list({id(each.line): each.line for each in plan}.values())
    if not keep and not any(line.wrong for line in lines):
        shutil.rmtree(lab.folder)
    return lines


def _one(lab: Laboratory, plan: Plan) -> None:
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
    told = f"{plan.trial.tag} {plan.trial.case.title}: billed {len(evidence.billed)}, {ends}"
    _say(f"  {evidence.seconds:5.1f} s {told}{' VIOLATION ' + str(wrong) if wrong else ''}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
