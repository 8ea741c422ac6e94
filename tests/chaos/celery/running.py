"""Runs a row once: starts it, breaks something, waits for all ends, and judges."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from tests.chaos.batches.running import Outcome as BatchOutcome
from tests.chaos.batches.running import judged
from tests.chaos.celery.acts import ACTS
from tests.chaos.celery.leaks import leaks
from tests.chaos.celery.run import CeleryRun
from tests.chaos.celery.verdict import violations_of_edits
from tests.chaos.evidence import Evidence, gather


@dataclass(frozen=True)
class Outcome:
    """Says how a run of a row has ended.

    Attributes:
        evidence: of the single edits.
        batch: of the batch; None if there was none.
        wrong: the violations, in words.
        leaks: where the key was found, in words.
        notes: what the harness did, in numbers.
    """

    evidence: Evidence
    batch: BatchOutcome | None
    wrong: tuple[str, ...]
    leaks: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float


def run_row(run: CeleryRun) -> Outcome:
    """Runs a row once, and returns when everything runs again.

    Raises:
        MomentMissed: What should have been broken was over before.
        TimeoutError: It did not end.
    """
    since = run.lab.now()
    ACTS[run.row.act](run)
    run.end()
    evidence = _gathered(run)
    batch = judged(run.batch, run.began) if run.batch else None
    wrong = [*violations_of_edits(run, evidence), *(batch.wrong if batch else ())]
    run.lab.service.forget_faults()
    run.lab.settle(since)
    found = tuple(leaks(run.lab))
    return Outcome(evidence, batch, (*wrong, *found), found, tuple(run.notes), time.monotonic() - run.began)


def _gathered(run: CeleryRun) -> Evidence:
    """Gathers the evidence of the edits, after their budget is settled if something is left reserved."""
    evidence = gather(run.single, None, time.monotonic() - run.began)
    if evidence.books is None or evidence.books.is_settled or run.single.root is None:
        return evidence
    run.lab.settle_budget(run.single.run_id, "--ledger", run.single.root.url)
    return replace(gather(run.single, None, time.monotonic() - run.began), is_settled_later=True)
