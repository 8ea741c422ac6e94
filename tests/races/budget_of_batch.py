"""A batch and single asks race for one budget: `python -m tests.races.budget_of_batch`, or `make races`.

The batch has more orders than fit, and reserves for many at a time; other processes ask for one order each.
What the service has billed for the batch, and what the others were admitted, is together exactly the limit.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.budget.state import BudgetState, Exceeded
from airflow_provider_phota.emulator import Emulator
from airflow_provider_phota.storage.paths import Place, checked_path
from tests.chaos.object_store import ROOT
from tests.races.budgets import Laboratory

OUTPUT = ROOT / ".build" / "budget-of-batch.md"
#: What one picture of the emulator costs in USD.
PRICE = Decimal("0.03")
ORDERS, FIT, OTHERS, ASKS = 5_000, 3_000, 7, 60
#: Seconds between two asks of one of the others.
PAUSE = 0.2
LIMIT_OF_A_RACE = 1_800.0


@dataclass
class Outcome:
    """Is what came of a race.

    Attributes:
        billed: orders of the batch that the service has billed.
        admitted: asks of the others.
        state: of the budget, after the batch has settled.
        seconds: that the batch took.
    """

    billed: int
    admitted: int
    state: BudgetState
    seconds: float


def ask(url: str, until: float, out: Path) -> None:
    """Is one of the others: asks again and again for one order, and says how often it was admitted."""
    log, admitted = BudgetLog(Place.of(checked_path("budget_path", url))), 0
    for _ in range(ASKS):
        with suppress(Exceeded):
            log.reserve(uuid4().hex, PRICE, PRICE * FIT)
            admitted += 1
        time.sleep(min(PAUSE, max(until - time.time(), 0.0)))
    out.write_text(str(admitted))


def place_batch(folder: Path, connection: dict[str, Any]) -> dict[str, Any]:
    """Places the batch in this process, as an attempt of an Airflow task does."""
    from airflow_provider_phota.operators.phota import PhotaImageGenerateBatchOperator

    os.environ["AIRFLOW_CONN_PHOTA_DEFAULT"] = json.dumps(connection)
    items = folder / "items.jsonl"
    items.write_text("".join(f'{{"prompt": "beach {number}"}}\n' for number in range(ORDERS)))
    operator = PhotaImageGenerateBatchOperator(
        task_id="generate",
        orders=f"file://{items}",
        destination=f"file://{folder}/out",
        on_budget="skip",
        deferrable=False,
    )
    instance = SimpleNamespace(
        dag_id="dag", run_id="run", task_id="generate", map_index=-1, try_number=1, max_tries=0
    )
    instance.task = SimpleNamespace(retries=0)
    instance.xcom_push = lambda **_: None
    summary = operator.execute({"ti": instance})  # type: ignore[arg-type]  # what it reads of a context
    return dict(summary or {})


def race(lab: Laboratory, folder: Path, store: str) -> Outcome:
    """Runs one race."""
    folder.mkdir()
    path = f"file://{folder}/budget" if store == "file" else lab.make_bucket()
    fork = multiprocessing.get_context("fork")
    outs = [folder / f"other-{number}" for number in range(OTHERS)]
    with Emulator(latency=(0.5, 1.0), seed=0) as emulator:
        emulator.draw("small")
        extra = {"budget": f"{PRICE * FIT} USD / total", "budget_path": path, "requests_per_second": 1_000}
        connection = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, "extra": extra}
        url, began = f"{path}/all/usd/total", time.time()
        others = [fork.Process(target=ask, args=(url, began + LIMIT_OF_A_RACE, out)) for out in outs]
        for process in others:
            process.start()
        place_batch(folder, connection)
        seconds = time.time() - began
        for process in others:
            process.join(LIMIT_OF_A_RACE)
        state = BudgetLog(Place.of(checked_path("budget_path", url))).state()
        return Outcome(len(emulator.ledger()), sum(int(out.read_text()) for out in outs), state, seconds)


def violations(outcome: Outcome) -> list[str]:
    """Returns what is wrong, in words."""
    wrong = []
    if outcome.billed + outcome.admitted != FIT:
        wrong.append(f"{outcome.billed} billed and {outcome.admitted} admitted are not {FIT}")
    if outcome.state.spent != outcome.billed * PRICE:
        wrong.append(f"{outcome.state.spent} spent, {outcome.billed * PRICE} billed")
    if outcome.state.reserved != outcome.admitted * PRICE:
        wrong.append(f"{outcome.state.reserved} reserved, {outcome.admitted * PRICE} admitted")
    return wrong


def main(stores: Sequence[str]) -> int:
    """Runs the races, and returns 1 if more or less is admitted than must be."""
    heads = "| store | orders | fit | billed | others admitted | entries | seconds |\n|" + " --- |" * 7 + "\n"
    text, wrong = heads, list[str]()
    with tempfile.TemporaryDirectory(prefix="phota-budgets-") as folder, Laboratory(Path(folder)) as lab:
        for store in stores:
            outcome = race(lab, Path(folder) / f"of-batch-{store}", store)
            wrong += [f"{store}: {each}" for each in violations(outcome)]
            cells = (store, ORDERS, FIT, outcome.billed, outcome.admitted, outcome.state.number)
            text += f"| {' | '.join(map(str, cells))} | {outcome.seconds:.0f} |\n"
    text += "".join(f"- {each}\n" for each in wrong) + f"\n{len(stores)} races, {len(wrong)} violations\n"
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text)
    sys.stdout.write(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.races.budget_of_batch", description=__doc__)
    parser.add_argument("--stores", nargs="+", choices=("file", "s3"), default=("file", "s3"))
    sys.exit(main(parser.parse_args().stores))
