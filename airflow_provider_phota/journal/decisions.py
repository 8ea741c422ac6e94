"""Decides what an attempt does next with an item, from what the journal knows. It does no I/O.

The promise: with `on_ambiguous` on "fail", no sequence of crashes, retries and answers leads to two paid
tasks for an item that nobody has reopened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.journal.history import ItemState, Phase
from airflow_provider_phota.journal.rows import Status


@dataclass(frozen=True, slots=True)
class Start:
    """Tells the attempt to send the order.

    Attributes:
        generation: the number of this payment, to be recorded.
        resubmits: how many submits of unknown fate it repeats, to be recorded.
    """

    generation: int = 1
    resubmits: int = 0


@dataclass(frozen=True, slots=True)
class Resume:
    """Tells the attempt to go on with a task that is paid for."""

    phota_task_id: str


@dataclass(frozen=True, slots=True)
class WaitForSender:
    """Tells the attempt to wait that many seconds and to read again: another process may be sending."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Tells the attempt to leave the item to a person, since going on may pay for it twice."""


@dataclass(frozen=True, slots=True)
class Done:
    """Tells the attempt that the item has a row that stays."""

    status: Status


Step: TypeAlias = Start | Resume | WaitForSender | Hold | Done


def next_step(
    state: ItemState | None, seconds_left: float, on_ambiguous: Policy, *, new_attempt: bool
) -> Step:
    """Decides about one item.

    Args:
        state: None if the journal does not know the item.
        seconds_left: how long the sender of an intent may still be sending.
        on_ambiguous: what to do about a submit whose fate is unknown.
        new_attempt: True if the item has ended in an earlier try, so that it may be tried again.
    """
    if state is None:
        return Start()
    if state.end is not None:
        return _after_its_end(state, state.end.status, seconds_left, on_ambiguous, new_attempt=new_attempt)
    if state.phase is Phase.PAID and state.phota_task_id:
        return Resume(state.phota_task_id)
    return _send_or_hold(state, seconds_left, on_ambiguous)


def _after_its_end(
    state: ItemState, status: Status, seconds_left: float, on_ambiguous: Policy, *, new_attempt: bool
) -> Step:
    if not new_attempt or not (state.can_retry or status is Status.AMBIGUOUS):
        return Done(status)
    is_own = state.sending is not None  # else it shares the task of another item, and looks for it again
    if state.can_retry and state.phota_task_id and is_own and status is not Status.AMBIGUOUS:
        return Resume(state.phota_task_id)
    step = _send_or_hold(state, seconds_left, on_ambiguous)
    return Done(status) if isinstance(step, Hold) and status is Status.AMBIGUOUS else step


def _send_or_hold(state: ItemState, seconds_left: float, on_ambiguous: Policy) -> Step:
    if not state.unresolved:
        return Start(state.generation + 1)
    if seconds_left > 0:
        return WaitForSender(seconds_left)
    if on_ambiguous is Policy.RESUBMIT and state.resubmits == 0:
        return Start(state.generation + 1, resubmits=1)
    return Hold()
