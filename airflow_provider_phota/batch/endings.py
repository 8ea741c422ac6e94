"""Says what an error means for an item, and which errors end the whole batch."""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_phota.api.costs import NO_COST
from airflow_provider_phota.api.errors import (
    PhotaAuthenticationError,
    PhotaBudgetExceeded,
    PhotaConfigurationError,
    PhotaError,
    PhotaInputError,
    PhotaInputRefused,
    PhotaLandingError,
    PhotaLedgerError,
    PhotaLostSight,
    PhotaNotBilled,
    PhotaQuotaError,
    PhotaRefused,
    PhotaResultsExpired,
    PhotaResultsMissing,
    PhotaSubmitAmbiguous,
    PhotaTaskFailed,
    PhotaTaskUnknown,
    PhotaWaitRefused,
    PhotaWaitTimeout,
)
from airflow_provider_phota.batch.neighbours import PhotaItemNotSent
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.results.lander import PhotaBadResult

#: Errors after which no other order of the batch would end better.
_OF_THE_BATCH = (
    PhotaBudgetExceeded,
    PhotaAuthenticationError,
    PhotaConfigurationError,
    PhotaLedgerError,
    PhotaQuotaError,
)
#: Errors after which another attempt can bring home what is paid for, or send what is not.
_FREE_TO_TRY = (
    PhotaItemNotSent,
    PhotaLandingError,
    PhotaLostSight,
    PhotaResultsMissing,
    PhotaWaitRefused,
    PhotaWaitTimeout,
)
#: Errors of paid tasks that another look hardly changes.
_BROKEN = (PhotaBadResult, PhotaResultsExpired, PhotaResultsMissing, PhotaTaskFailed, PhotaTaskUnknown)


def stops_batch(error: PhotaError) -> bool:
    """Returns True if the error is about the account, the service or the journal, and not about one item."""
    if isinstance(error, PhotaNotBilled) and error.retryable:
        return True  # it was tried for as long as it made sense
    if isinstance(error, PhotaWaitRefused):
        return error.is_about_all
    return isinstance(error, _OF_THE_BATCH)


def status_of(error: PhotaError) -> Status:
    """Returns what became of an item that ended with this error."""
    if isinstance(error, PhotaSubmitAmbiguous):
        return Status.AMBIGUOUS
    if isinstance(error, PhotaResultsExpired):
        return Status.EXPIRED
    if isinstance(error, (PhotaInputError, PhotaRefused, PhotaInputRefused)):
        return Status.REFUSED
    return Status.FAILED


def row_after(error: PhotaError, row: Row) -> Row:
    """Returns the row of an item that ended with this error."""
    status = status_of(error)
    # what was expected is not billed
    cost = row.cost if row.phota_task_id or status is Status.AMBIGUOUS else NO_COST
    return replace(row, status=status, error=str(error), can_retry=can_retry(error), cost=cost)


def can_retry(error: PhotaError) -> bool:
    """Returns True if another attempt can end better without another payment."""
    return isinstance(error, _FREE_TO_TRY)


def is_broken(error: PhotaError) -> bool:
    """Returns True if what was paid for has no pictures, or none that can be used."""
    return isinstance(error, _BROKEN)
