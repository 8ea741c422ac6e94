"""Checks the promises of a batch: nothing is paid twice, nothing is lost, and the results are right."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.batches.cases import IN_FLIGHT
from tests.chaos.batches.evidence import BatchEvidence
from tests.chaos.batches.laboratory import PRICE

#: What the provider says if its results and its journal differ.
DISAGREEMENT = "do not agree with its journal"


def violations(evidence: BatchEvidence) -> Iterator[str]:
    """Yields what is wrong with a batch that has ended after its retries, in words."""
    yield from _wrong_payments(evidence)
    yield from _wrong_results(evidence)
    counts, trial = evidence.counts, evidence.trial
    most = IN_FLIGHT if trial.case.holds else 0
    if len(evidence.ambiguous) > most:
        yield f"{len(evidence.ambiguous)} are ambiguous, at most {most} were in flight"
    if trial.max_failures == 0:
        should_end = "failed" if evidence.ambiguous else "success"
    else:
        should_end = "success"
        if counts["not_sent"]:
            yield f"{counts['not_sent']} were not sent, although any number may fail"
    if evidence.state != should_end:
        yield f"it ended as {evidence.state}, expected {should_end}: {dict(counts)}"


def violations_at_last(evidence: BatchEvidence) -> Iterator[str]:
    """Yields what is wrong with a batch after a person has decided about every ambiguous item."""
    yield from _wrong_payments(evidence)
    yield from _wrong_results(evidence)
    items = evidence.trial.items
    if evidence.state != "success" or evidence.counts["landed"] != items or evidence.payments != items:
        yield f"at last {evidence.state}, {dict(evidence.counts)}, {evidence.payments} billed for {items} items"


def _wrong_payments(evidence: BatchEvidence) -> Iterator[str]:
    if evidence.twice:
        yield f"billed twice: {evidence.twice}"
    if evidence.lost:
        yield f"lost: {evidence.lost}"
    yield from evidence.books.violations()


def _wrong_results(evidence: BatchEvidence) -> Iterator[str]:
    rows, items = evidence.rows, evidence.trial.items
    if [row["number"] for row in rows] != list(range(1, items + 1)) or len({r["key"] for r in rows}) != items:
        yield f"{len(rows)} rows for {items} items, or not in their order"
    if evidence.rows_of_csv != items + 1:
        yield f"results.csv has {evidence.rows_of_csv} rows for {items} items"
    yield from evidence.broken[:5]
    named = [row["phota_task_id"] for row in rows if row["phota_task_id"]]
    if len(set(named)) != len(named):
        yield "one PHOTA task is in two rows"
    for row in rows:
        if row["phota_task_id"] and row["phota_task_id"] not in evidence.billed.get(row["key"], ()):
            yield f"the row of {row['key']} names {row['phota_task_id']}, which was not billed for it"
        if row["status"] == "not_sent" and evidence.billed.get(row["key"]):
            yield f"{row['key']} was billed, and its row says that it was not sent"
    if DISAGREEMENT in evidence.log:
        yield f"the log says that the results {DISAGREEMENT}"
    yield from _wrong_summary(evidence, named)


def _wrong_summary(evidence: BatchEvidence, named: list[str]) -> Iterator[str]:
    if evidence.state != "success":
        return
    if (summary := evidence.summary) is None:
        yield "it ended well, and returned nothing"
        return
    if {name: number for name, number in summary["counts"].items() if number} != dict(evidence.counts):
        yield f"the summary counts {summary['counts']}, and the rows {dict(evidence.counts)}"
    if summary["total"] != evidence.trial.items:
        yield f"the summary has {summary['total']} items"
    # the service tells the price only in its answer to the submit, which is what was lost of an adopted task
    unpriced = {row["key"] for row in evidence.rows if row["phota_task_id"] and row["credits"] is None}
    if not unpriced <= evidence.adopted:
        yield f"nobody knows what {sorted(unpriced - evidence.adopted)} cost"
    if summary["submitted"] != len(named) or summary["credits"] != PRICE * (len(named) - len(unpriced)):
        yield f"the summary has {summary['submitted']} payments of {summary['credits']}, the rows {len(named)}"
