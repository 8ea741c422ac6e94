"""The same faults for each of the four models: no order is paid for twice, and no payment is lost."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from attempt_by_hand import Clock, set_clock
from model_orders import SUBMIT, context, every_model

from airflow_provider_phota.api.errors import PhotaTaskFailed
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.ledger.ledger import Ledger

pytestmark = pytest.mark.usefixtures("metadata_database")


class Killed(BaseException):
    """The process died here."""


NOTE_TASK = Ledger.note_task


def die(*_: Any) -> None:
    raise Killed


def note_task_and_die(ledger: Ledger, entry: Any) -> None:
    NOTE_TASK(ledger, entry)
    raise Killed


@every_model
def test_killed_in_flight_it_is_held_until_a_person_adopts_the_task(
    emulator, picture, remembering, monkeypatch, model
):
    here, kept = remembering
    with monkeypatch.context() as dying:
        dying.setattr(Ledger, "note_task", die)
        with pytest.raises(Killed):
            model.order(picture, **kept).execute(here)
    set_clock(monkeypatch, Clock(later=600.0))
    with pytest.raises(AirflowFailException, match=r"(?s)never got its answer.*adopt_phota_task_id"):
        model.order(picture, **kept).execute(here)
    (entry,) = emulator.ledger()
    adopted = model.order(picture, adopt_phota_task_id=entry.id, **kept).execute(here)
    assert model.is_result(adopted, entry.id)
    assert model.order(picture, **kept).execute(here) == adopted
    assert len(emulator.ledger()) == 1


@every_model
def test_killed_once_its_id_is_on_record_it_goes_on_with_the_paid_task(
    emulator, picture, remembering, monkeypatch, model
):
    here, kept = remembering
    with monkeypatch.context() as dying:
        dying.setattr(Ledger, "note_task", note_task_and_die)
        with pytest.raises(Killed):
            model.order(picture, **kept).execute(here)
    result = model.order(picture, **kept).execute(here)
    (entry,) = emulator.ledger()
    assert model.is_result(result, entry.id)
    assert emulator.counts()[SUBMIT] == 1


@every_model
def test_a_submit_without_an_answer_is_held_until_a_person_adopts_the_task(
    emulator, picture, remembering, monkeypatch, model
):
    here, kept = remembering
    emulator.add_faults(Fault(on="submit", kind="reset_after"))
    with pytest.raises(AirflowFailException, match="may have been created and billed"):
        model.order(picture, **kept).execute(here)
    set_clock(monkeypatch, Clock(later=600.0))
    with pytest.raises(AirflowFailException, match="never got its answer"):
        model.order(picture, **kept).execute(here)
    (entry,) = emulator.ledger()
    adopted = model.order(picture, adopt_phota_task_id=entry.id, **kept).execute(here)
    assert model.is_result(adopted, entry.id)
    assert emulator.counts()[SUBMIT] == 1


@every_model
def test_cleared_after_success_it_is_not_paid_for_again(emulator, picture, remembering, model):
    here, kept = remembering
    first = model.order(picture, **kept).execute(here)
    here["ti"].try_number, here["ti"].max_tries = 2, 1
    assert model.order(picture, **kept).execute(here) == first
    assert emulator.counts()[SUBMIT] == 1


@every_model
def test_without_a_ledger_a_service_that_fails_the_task_is_paid_again_by_a_retry_and_says_so(
    emulator, picture, model
):
    emulator.add_faults(Fault(on="submit", kind="fail_task", code="out_of_memory", message="No such luck."))
    with pytest.raises(
        PhotaTaskFailed, match=r"(?s)out_of_memory: No such luck.*A retry submits a new order"
    ):
        model.order(picture).execute(context())
    assert len(emulator.ledger()) == 1


@every_model
def test_input_that_the_service_refuses_is_not_paid_for_again(emulator, picture, model):
    emulator.add_faults(Fault(on="submit", kind="fail_task", code="content_policy_violation", message="no"))
    with pytest.raises(AirflowFailException, match="does not retry"):
        model.order(picture).execute(context())
    assert len(emulator.ledger()) == 1
