"""Words the failures of a journal's store, without the store's own texts, which may hold secrets."""

from __future__ import annotations

from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.errors import PhotaLedgerError, PhotaLedgerUnusable
from airflow_provider_phota.storage.paths import reason_of
from airflow_provider_phota.storage.rights import is_denied


def store_error(error: Exception, first: str, *then: str) -> PhotaLedgerError:
    """Returns the error for a store that has failed. Airflow does not retry it if the store lacks a right.

    Args:
        error: what the store's library has raised.
        first: the first line, which says what could not be done.
        then: further lines, after the reason.
    """
    kind = PhotaLedgerUnusable if is_denied(error) else PhotaLedgerError
    return kind(lines(first, f"{reason(error)}.", *then))


def reason(error: Exception) -> str:
    """Returns why a store has failed, as a sentence without its full stop."""
    if is_denied(error):
        return "permission denied: a journal needs the rights to list, read, create and delete objects there"
    return "no answer in time" if isinstance(error, TimeoutError) else reason_of(error)
