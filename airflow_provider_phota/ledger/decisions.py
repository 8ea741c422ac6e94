"""Decides what an attempt does next from what the ledger and the service know. It does no I/O.

The promise: with every policy on `fail`, no sequence of crashes, retries and answers leads to two live paid
tasks for one fingerprint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.api.tasks import Outcome, PhotaTask
from airflow_provider_phota.ledger.records import Entry


class Why(Enum):
    """Says why an earlier submit brings no result. The text continues "Submitting again: ..."."""

    AMBIGUOUS = "it is not known what became of the last submit"
    UNBILLED = "the account proves that the last submit was not billed"
    MISSING = "the service no longer knows the last task"
    EXPIRED = "the results of the last task are no longer served"
    FAILED = "the service ended the last task as failed"
    REFUSED = "the service refused what the last task asked for"


@dataclass(frozen=True)
class Submit:
    """Tells the attempt to send the order, since no live task of it is known.

    Attributes:
        generation: the number of this submit, to be recorded.
        resubmits: how many submits of unknown fate it repeats, to be recorded.
        why: why it is right to submit again. It is None for the first submit.
    """

    generation: int = 1
    resubmits: int = 0
    why: Why | None = None


@dataclass(frozen=True)
class Attach:
    """Tells the attempt to go on with the task that an earlier attempt paid for."""

    phota_task_id: str


@dataclass(frozen=True)
class WaitForSender:
    """Tells the attempt to wait that many seconds, since another process may still be sending."""

    seconds: float


@dataclass(frozen=True)
class Hold:
    """Tells the attempt to stop, since going on would pay again, so that a person decides."""

    why: Why


BeforeAsking: TypeAlias = Submit | Attach | WaitForSender | Hold
AfterAsking: TypeAlias = Submit | Attach | Hold

#: Seconds after a submit in which the service may not know its own task yet.
NEW_TASK_GRACE = 120.0


def before_asking(entry: Entry | None, seconds_left: float, on_ambiguous: Policy) -> BeforeAsking:
    """Decides by the record alone, before the service is asked.

    Args:
        entry: the latest entry of this attempt's fingerprint, or None if it was never submitted.
        seconds_left: how long the writer of an intent may still be sending.
        on_ambiguous: what to do about a submit whose fate is unknown.
    """
    if entry is None:
        return Submit()
    if entry.phota_task_id is not None:
        return Attach(entry.phota_task_id)
    if seconds_left > 0:
        return WaitForSender(seconds_left)
    if on_ambiguous is Policy.RESUBMIT and entry.resubmits == 0:
        return Submit(entry.generation + 1, resubmits=1, why=Why.AMBIGUOUS)
    return Hold(Why.AMBIGUOUS)


def after_asking(
    entry: Entry, task: PhotaTask | None, now: float, *, on_missing: Policy, on_expired: Policy
) -> AfterAsking:
    """Decides by the record and the service's answer.

    Args:
        entry: an entry with the ID of a paid task.
        task: the task as the service shows it, or None if the service does not know it.
        now: epoch seconds.
        on_missing: what to do about a task the service does not know.
        on_expired: what to do about results that are no longer served.
    """
    again = Submit(entry.generation + 1, entry.resubmits)
    attach = Attach(entry.phota_task_id or "")
    if task is None:
        if now - entry.sent_at < NEW_TASK_GRACE:
            return attach
        return _submit_or_hold(on_missing, again, Why.MISSING)
    if task.refuses_input:
        return Hold(Why.REFUSED)
    if task.outcome is Outcome.FAILED:
        return replace(again, why=Why.FAILED)
    if task.outcome is not Outcome.RUNNING and task.expires_at and task.expires_at.timestamp() <= now:
        return _submit_or_hold(on_expired, again, Why.EXPIRED)
    return attach


def _submit_or_hold(policy: Policy, again: Submit, why: Why) -> Submit | Hold:
    return replace(again, why=why) if policy is Policy.RESUBMIT else Hold(why)
