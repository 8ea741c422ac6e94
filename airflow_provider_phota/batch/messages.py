"""Words what a batch says when it ends or is ended."""

from __future__ import annotations

import pendulum

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.tally import Tally
from airflow_provider_phota.journal.history import ItemState
from airflow_provider_phota.journal.rows import Status

_SAME_WORK = (
    "A retry, or clearing this task, goes on from the journal: it pays for nothing twice, and sends the rest."
)


def counts_text(tally: Tally) -> str:
    """Returns how many items ended how, such as "97 landed, 3 failed"."""
    known = [f"{tally.counts[status]} {status.value}" for status in Status if tally.counts[status]]
    if missing := tally.items - tally.ended:
        known.append(f"{missing} not ended")
    return ", ".join(known) or "no items"


def stopped_text(reason: Exception, tally: Tally, results: str) -> str:
    """Returns the message of a batch that stopped before all its items were sent.

    Args:
        reason: why it stopped.
        tally: of its items.
        results: where its results file is.
    """
    return endings.lines(
        f"The batch stopped: {str(reason).partition(chr(10))[0]}",
        f"Of {tally.items} items: {counts_text(tally)}. What was paid for before has been brought home.",
        f"Each item has a line in {results}.",
        *str(reason).splitlines()[1:],
        _SAME_WORK,
    )


def failed_text(tally: Tally, results: str) -> str:
    """Returns the message of a batch of which more items have failed than may fail."""
    again = (
        f"A retry tries {tally.can_retry} of them again, without another payment."
        if tally.can_retry
        else "A retry cannot change that."
    )
    return endings.lines(
        f"{tally.failures} of {tally.items} items have failed; max_failures is {tally.max_failures}.",
        f"In all: {counts_text(tally)}. The reasons are in {results}.",
        again,
        "To pay for failed items once more, clear this task with redo='failed' or the DAG run's conf "
        '{"phota_redo": "failed"}.',
    )


def killed_text(in_flight: int) -> str:
    """Returns what a batch says when its Airflow task is killed."""
    return (
        f"The batch is ended from outside. {in_flight} PHOTA tasks go on and are billed; the service cannot "
        "cancel them. " + _SAME_WORK
    )


def held_text(state: ItemState, key: str) -> str:
    """Returns the error of an item whose last submit may have been paid for."""
    sent = state.sending
    when = pendulum.from_timestamp(sent.at).to_iso8601_string() if sent and sent.at else "an unknown time"
    return endings.lines(
        f"The order was sent at {when}, and no answer proves what became of it: it may be billed.",
        *(sent.doubt.splitlines()[1:] if sent else ()),
        "Look in the PHOTA console for a task of that time. If it is there, clear this Airflow task with "
        f"adopt={{{shown(key)}: '<its ID>'}}, which pays nothing.",
        f"If it is not there, clear it with redo=[{shown(key)}], which pays for a new one.",
    )


def not_home_text(phota_task_id: str) -> str:
    """Returns the error of an item that is paid for, and not landed yet."""
    return endings.lines(
        f"PHOTA task {phota_task_id} is paid for. The attempt ended before its pictures landed.",
        endings.MAY_GO_ON,
        "A retry, or clearing this task, brings them home and pays nothing.",
    )


def overtaken_text() -> str:
    """Returns the message of an attempt after which another one has begun."""
    return endings.lines(
        "Another attempt of this task has taken over the batch; this one sends nothing more.",
        "What it had paid for is in the journal, and the other attempt brings it home.",
    )


def twin_held_text(key: str | None) -> str:
    """Returns the error of an item that asks for the same as one whose submit may have been paid for."""
    return endings.lines(
        f"It asks for the same as {shown(key) if key else 'an item that is not in the batch any more'}, "
        "and it is not known whether that was billed. Nothing was sent for this one.",
        "Once that one is adopted or paid for again, clear this task: both get the same pictures.",
        "To pay for this one alone, use redo=[<its key>].",
    )
