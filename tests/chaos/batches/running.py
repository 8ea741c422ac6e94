"""Runs one trial of a batch: starts it, acts at its moment, judges, and lets a person decide what is open."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.chaos.batches.acts import ACTS
from tests.chaos.batches.cases import BatchTrial
from tests.chaos.batches.evidence import BatchEvidence, gather
from tests.chaos.batches.laboratory import BatchLaboratory
from tests.chaos.batches.run import BatchRun
from tests.chaos.batches.verdict import violations, violations_at_last


@dataclass(frozen=True)
class Outcome:
    """Says how a trial has ended.

    Attributes:
        evidence: after the retries.
        at_last: after a person has decided about every ambiguous item; None if there was none.
        wrong: the violations, in words.
    """

    evidence: BatchEvidence
    at_last: BatchEvidence | None
    wrong: tuple[str, ...]

    @property
    def last(self) -> BatchEvidence:
        return self.at_last or self.evidence

    def __str__(self) -> str:
        evidence = self.evidence
        counts = ", ".join(f"{number} {status}" for status, number in sorted(evidence.counts.items()))
        at_last = f"; at last billed {self.at_last.payments}, {self.at_last.state}" if self.at_last else ""
        wrong = f" VIOLATION {list(self.wrong)}" if self.wrong else ""
        return (
            f"{self.last.seconds:6.1f} s {evidence.trial}: {evidence.state}, try {evidence.tries}, "
            f"billed {evidence.payments}, {counts}{at_last}{wrong}"
        )


def run_trial(lab: BatchLaboratory, trial: BatchTrial) -> Outcome:
    """Runs a trial.

    Raises:
        MomentMissed: The batch ended before its moment.
        TimeoutError: It did not end.
    """
    lab.open_service(trial.case.service)
    began = time.monotonic()
    run = BatchRun(lab, trial, lab.place(trial))
    run.start()
    ACTS[trial.case.act](run)
    return judged(run, began)


def judged(run: BatchRun, began: float) -> Outcome:
    """Waits for the end of a batch, judges it, and lets a person decide about what is ambiguous."""
    evidence = gather(run, run.end(), time.monotonic() - began)
    wrong = list(violations(evidence))
    at_last = None
    if evidence.ambiguous and not wrong:
        _decide(run, evidence)
        at_last = gather(run, run.end(), time.monotonic() - began)
        wrong += violations_at_last(at_last)
    elif not wrong:
        wrong += violations_at_last(evidence)
    return Outcome(evidence, at_last, tuple(wrong))


def _decide(run: BatchRun, evidence: BatchEvidence) -> None:
    """Looks each ambiguous item up at the service, as a person does in the console."""
    found = {key: tasks[0] for key in evidence.ambiguous if (tasks := evidence.billed.get(key, ()))}
    run.decide(found, [key for key in evidence.ambiguous if key not in found])
