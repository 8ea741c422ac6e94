"""Words the errors for an order that is not sent because sending it might pay again.

Every text has a short first line, since that is all that Airflow's log view shows of an exception. Then it
says what is paid, and what to do.
"""

from __future__ import annotations

import pendulum

from airflow_provider_phota.api.errors import (
    PhotaError,
    PhotaInputRefused,
    PhotaResultsExpired,
    PhotaSubmitAmbiguous,
    PhotaTaskUnknown,
)
from airflow_provider_phota.ledger.decisions import Hold, Why
from airflow_provider_phota.ledger.records import Entry


def held_error(entry: Entry, hold: Hold) -> PhotaError:
    """Returns the error for an order that has an earlier submit on record."""
    phota_task_id = entry.phota_task_id
    if phota_task_id is None:
        return PhotaSubmitAmbiguous(
            "An earlier submit of this order may be billed; nothing was sent now.\n"
            f"{describe(entry)} never got its answer: a PHOTA task may have been created and billed.\n"
            f"{what_to_do(entry.try_number, resubmits=entry.resubmits)}"
        )
    if hold.why is Why.EXPIRED:
        return PhotaResultsExpired(
            "The paid results of this order are no longer served; nothing was sent now.\n"
            f"{describe(entry)} was completed and billed; results live 24 hours.\n"
            "To pay for the order again, set on_expired='resubmit' or another edition.",
            phota_task_id,
        )
    if hold.why is Why.REFUSED:
        return PhotaInputRefused(
            "The service has refused what this order asks for; nothing was sent now.\n"
            f"{describe(entry)} ended as failed for that reason.\n"
            "Change the prompt or the pictures. To pay for the same order again, set another edition.",
            phota_task_id,
        )
    return PhotaTaskUnknown(
        "The service no longer knows the paid task of this order; nothing was sent now.\n"
        f"{describe(entry)} was billed.\n"
        "To pay for the order again, set on_missing='resubmit' or another edition.",
        phota_task_id,
    )


def discarded_error(tries: int) -> PhotaSubmitAmbiguous:
    """Returns the error for a cleared Airflow task whose record Airflow has discarded.

    Args:
        tries: how many attempts there were before this one.
    """
    return PhotaSubmitAmbiguous(
        "An earlier attempt of this cleared Airflow task may have paid; nothing was sent now.\n"
        "A PHOTA task may have been created and billed: Airflow 3.4 discards the record when an Airflow\n"
        "task is cleared without 'Keep task state and resume'.\n"
        f"{_how_to_find_it('try 1' if tries <= 1 else f'the tries 1 to {tries}')}\n"
        "If nothing was paid, set on_discarded='resubmit'.\n"
        "A ledger_path keeps the record in object storage, where clearing the task does not discard it."
    )


def what_to_do(try_number: int, *, resubmits: int = 0) -> str:
    """Returns what a person can do about a submit that never got its answer."""
    again = "another edition" if resubmits else "on_ambiguous='resubmit' or another edition"
    return (
        f"{_how_to_find_it(f'try {try_number}')}\n"
        f"If there is no such task, set {again}. Then clear this Airflow task."
    )


def timed_out_before_answer(next_step: str) -> str:
    """Returns the text for an attempt that execution_timeout ends before its submit is answered.

    Args:
        next_step: what a retry does, or what a person can do.
    """
    return (
        "execution_timeout passed before a submit of this order got its answer.\n"
        "A PHOTA task may have been created and billed; its ID is not known.\n"
        f"{next_step}"
    )


def describe(entry: Entry) -> str:
    """Returns an entry in words, as the beginning of a sentence."""
    at = pendulum.from_timestamp(entry.sent_at).to_iso8601_string()
    name = f"PHOTA task {entry.phota_task_id}" if entry.phota_task_id else "The submit"
    return f"{name} of try {entry.try_number} at {at}"


def _how_to_find_it(attempts: str) -> str:
    return (
        f"First look for 'Submitted PHOTA task' in the log of {attempts}, then in the vendor's console.\n"
        "If there is a task, set adopt_phota_task_id='<its ID>': nothing more is paid."
    )
