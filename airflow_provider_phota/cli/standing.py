"""Decides how a payment stands, by its record and by what the service says. It does no I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum

from airflow_provider_phota.api.tasks import RESULT_HOURS, Outcome, PhotaTask
from airflow_provider_phota.cli.payments import Payment

#: A result that lives no longer than this expires soon.
SOON = timedelta(hours=6)
_LIFE = timedelta(hours=RESULT_HOURS)


class Standing(Enum):
    """Says how a payment stands."""

    #: an attempt may still be sending it
    SENDING = "being sent"
    #: it may have been billed, and the ID of its task is not known
    AMBIGUOUS = "ambiguous"
    #: the service works on it
    OPEN = "open"
    #: its results are served
    READY = "ready"
    #: the same, and not for long
    EXPIRING = "expiring soon"
    #: its results are no longer served
    EXPIRED = "expired"
    #: the service has ended it as failed
    FAILED = "failed"
    #: the service has refused what it asks for: the next attempt stops
    REFUSED = "refused"
    #: the service does not know its task: the next attempt stops
    UNKNOWN = "not known to the service"
    #: the journal of its batch says how it has ended
    ENDED = "ended"
    #: the service was not asked
    NOT_ASKED = "paid"


#: What a person may have to do something about.
CALLS_FOR_ACTION = frozenset(
    {
        *(Standing.SENDING, Standing.AMBIGUOUS, Standing.OPEN, Standing.READY, Standing.EXPIRING),
        *(Standing.REFUSED, Standing.UNKNOWN, Standing.NOT_ASKED),
    }
)


@dataclass(frozen=True)
class Stand:
    """Is how a payment stands.

    Attributes:
        expires: when its results can stop to be served; None if they are not.
    """

    payment: Payment
    standing: Standing
    expires: datetime | None = None


def is_past(payment: Payment, now: datetime) -> bool:
    """Returns True if no result of a payment can be served any more."""
    return payment.sent is not None and payment.sent + _LIFE <= now


def by_record(payment: Payment, now: datetime) -> Stand:
    """Returns how a payment stands without a question to the service."""
    if payment.is_final:
        return Stand(payment, Standing.ENDED)
    if not payment.phota_task_id:
        is_sending = now.timestamp() < payment.deadline
        return Stand(payment, Standing.SENDING if is_sending else Standing.AMBIGUOUS)
    return Stand(payment, Standing.EXPIRED if is_past(payment, now) else Standing.NOT_ASKED)


def by_answer(payment: Payment, task: PhotaTask | None, now: datetime) -> Stand:
    """Returns how a payment stands.

    Args:
        payment: whose task is known.
        task: as the service shows it; None if the service does not know it.
        now: the time.
    """
    if task is None:
        return Stand(payment, Standing.UNKNOWN)
    payment = replace(payment, model=payment.model or task.model)  # a record of version 0.1 has none
    if task.refuses_input:
        return Stand(payment, Standing.REFUSED)
    if task.outcome is Outcome.FAILED:
        return Stand(payment, Standing.FAILED)
    if task.outcome is Outcome.RUNNING:
        return Stand(payment, Standing.OPEN)
    expires = datetime.fromtimestamp(task.expires_at.timestamp(), UTC) if task.expires_at else None
    return Stand(payment, _of_results(expires, now), expires)


def _of_results(expires: datetime | None, now: datetime) -> Standing:
    if expires is None or expires - now > SOON:
        return Standing.READY
    return Standing.EXPIRING if expires > now else Standing.EXPIRED
