"""Orders that name profiles: an error names them, since the service may no longer know one of them."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from model_orders import EDIT, ENHANCE, GENERATE, context, every_model

from airflow_provider_phota.api.errors import PhotaTaskFailed
from airflow_provider_phota.emulator import Fault

pytestmark = pytest.mark.usefixtures("metadata_database")

WITH_PROFILES = [
    (EDIT, {"profile_ids": ["p-1", "p-2"]}),
    (ENHANCE, {"profile_ids": ["p-1", "p-2"]}),
    (GENERATE, {"prompt": "[[anna]] and [[ben]]", "profiles": {"anna": "p-1", "ben": "p-2"}}),
]
with_profiles = pytest.mark.parametrize(
    ("model", "arguments"), WITH_PROFILES, ids=[model.name for model, _ in WITH_PROFILES]
)
NAMED = r"(?s)Profiles of this order: \['p-1', 'p-2'\]\..*PhotaCreateProfileOperator with another edition"


@with_profiles
@pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (422, "invalid_param"), (403, "forbidden")])
def test_a_refused_order_names_its_profiles(emulator, picture, model, arguments, status, code):
    emulator.add_faults(
        Fault(on="submit", kind="status", status=status, code=code, message="profile p-2 not found")
    )
    with pytest.raises(AirflowFailException, match=NAMED) as caught:
        model.order(picture, **arguments).execute(context())
    assert "profile p-2 not found" in str(caught.value)
    assert "Nothing was billed." in str(caught.value)
    assert emulator.ledger() == []


@with_profiles
@pytest.mark.parametrize("code", ["profile_not_found", "invalid_profile"])
def test_a_failed_task_names_the_profiles_of_its_order(emulator, picture, model, arguments, code):
    emulator.add_faults(Fault(on="submit", kind="fail_task", code=code, message="profile p-2 not found"))
    here = context()
    with pytest.raises((AirflowFailException, PhotaTaskFailed), match=NAMED):
        model.order(picture, **arguments).execute(here)
    (entry,) = emulator.ledger()
    event = {"version": 1, "end": "finished", "phota_task_id": entry.id, "message": ""}
    with pytest.raises((AirflowFailException, PhotaTaskFailed), match=NAMED):
        model.order(picture, deferrable=True, **arguments).execute_complete(here, event)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(on="submit", kind="status", status=401, code="authentication_error"),
        Fault(on="submit", kind="status", status=402, code="insufficient_quota"),
        Fault(on="upload", kind="status", status=422, code="invalid_file_type"),
    ],
    ids=lambda fault: f"{fault.on} {fault.status}",
)
def test_a_refusal_that_is_not_about_the_order_does_not_name_profiles(emulator, picture, fault):
    emulator.add_faults(fault)
    with pytest.raises(AirflowFailException, match="Nothing was billed") as caught:
        EDIT.order(picture, profile_ids="p-1").execute(context())
    assert "Profiles of this order" not in str(caught.value)


@every_model
def test_an_order_without_profiles_does_not_mention_any(emulator, picture, model):
    emulator.add_faults(Fault(on="submit", kind="status", status=422, code="invalid_param"))
    with pytest.raises(AirflowFailException) as caught:
        model.order(picture).execute(context())
    assert "Profiles of this order" not in str(caught.value)


def test_arguments_that_have_changed_while_it_waited_do_not_hide_why_the_task_failed(emulator, picture):
    emulator.add_faults(Fault(on="submit", kind="fail_task", code="out_of_memory", message="No such luck."))
    phota_task_id = EDIT.order(picture, wait_for_completion=False, profile_ids="p-1").execute(context())
    event = {"version": 1, "end": "finished", "phota_task_id": phota_task_id, "message": ""}
    operator = EDIT.order(picture, deferrable=True, profile_ids="{{ params.x }}")
    operator.profile_ids = []  # as Airflow does when it renders
    with pytest.raises(PhotaTaskFailed, match="No such luck"):
        operator.execute_complete(context(), event)


def test_an_unknown_name_in_a_prompt_is_refused_before_anything_is_sent(emulator, picture):
    with pytest.raises(AirflowFailException, match=r"prompt: refers to the profile '\[\[ana\]\]'"):
        GENERATE.order(picture, prompt="[[ana]]", profiles={"anna": "p-1"}).execute(context())
    assert emulator.requests() == []
