import dataclasses

import pytest
from emulator_client import Client

from airflow_provider_phota.emulator import Emulator, Fault

WRONG = [
    ([], "a fault must be an object"),
    ({}, "on is required: one of submit, task"),
    ({"on": "submit"}, "kind is required"),
    ({"on": "moon", "kind": "status"}, "on must be one of submit"),
    ({"on": ["submit"], "kind": "status"}, "on must be one of submit"),
    ({"on": "submit", "kind": "explode"}, "kind must be one of status"),
    ({"on": "submit", "kind": "status"}, "kind 'status' needs status"),
    (
        {"on": "submit", "kind": "status", "status": 42},
        "status must be an HTTP status from 200 to 599, got 42",
    ),
    ({"on": "submit", "kind": "status", "status": "500"}, "status must be an HTTP status"),
    ({"on": "submit", "kind": "status", "status": 500, "headers": {"Retry-After": 3}}, "headers must be"),
    ({"on": "submit", "kind": "status", "status": 500, "headers": {"X": "a\nb"}}, "without line breaks"),
    ({"on": "submit", "kind": "status", "status": 500, "body": 7}, "body must be a string"),
    ({"on": "submit", "kind": "status", "status": 500, "code": 7}, "code must be a string"),
    ({"on": "submit", "kind": "status", "status": 500, "message": 7}, "message must be a string"),
    ({"on": "submit", "kind": "status", "status": 500, "seconds": 1}, "takes body, code, headers"),
    ({"on": "submit", "kind": "reset_after", "status": 500}, "takes nothing more; it has no status"),
    ({"on": "submit", "kind": "hang"}, "kind 'hang' needs seconds"),
    ({"on": "submit", "kind": "hang", "seconds": -1}, "seconds must be a number of seconds"),
    ({"on": "submit", "kind": "hang", "seconds": True}, "seconds must be a number of seconds"),
    ({"on": "submit", "kind": "hang", "seconds": 1, "created": 1}, "created must be true or false"),
    ({"on": "submit", "kind": "no_results"}, "kind 'no_results' works on task, not on 'submit'"),
    ({"on": "models", "kind": "billed_status", "status": 500}, "works on submit, not on 'models'"),
    ({"on": "task", "kind": "status_word", "word": ""}, "word must be a non-empty string"),
    ({"on": "task", "kind": "reset_before", "times": 0}, "times must be an integer of at least 1, or null"),
    ({"on": "task", "kind": "reset_before", "skip": -1}, "skip must be an integer of at least 0"),
    ({"on": "task", "kind": "reset_before", "match": {"id": "x"}}, "task_id, prompt and/or url"),
    (
        {"on": "models", "kind": "reset_before", "match": {"prompt": "x"}},
        "match works on submit, task and result",
    ),
    ({"on": "submit", "kind": "reset_before", "match": {"task_id": "x"}}, "there is no task yet"),
    ({"on": "submit", "kind": "reset_before", "share": 0}, "share must be a number above 0, and at most 1"),
    ({"on": "submit", "kind": "reset_before", "share": 5}, "share must be a number above 0"),
    ({"on": "submit", "kind": "reset_before", "share": "5 %"}, "share must be a number above 0"),
    ({"on": "submit", "kind": "reset_before", "share": True}, "share must be a number above 0"),
    ({"on": "submit", "kind": "reset_before", "seed": 0.5}, "seed must be an integer"),
    ({"on": "submit", "kind": "reset_before", "drawn": -1}, "drawn must be an integer of at least 0"),
    ({"on": "task", "kind": "reset_before", "tims": 1}, "unknown field 'tims'; a fault has body, code"),
]


@pytest.mark.parametrize(("spec", "says"), WRONG)
def test_a_wrong_fault_is_a_400_that_says_what_is_wrong(client: Client, spec: object, says: str):
    good = {"on": "models", "kind": "reset_before"}

    answer = client.post("/_emulator/faults", json={"faults": [good, spec]})

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("faults[1]: ")
    assert says in answer.json()["error"]["message"]
    assert client.get("/_emulator/faults").json() == {"faults": []}


@pytest.mark.parametrize("body", [{}, {"faults": {}}, {"fault": []}])
def test_the_list_itself_may_be_wrong(client: Client, body: dict):
    answer = client.post("/_emulator/faults", json=body)

    assert answer.status_code == 400
    assert '{"faults": [' in answer.json()["error"]["message"]


def test_the_python_class_refuses_the_same():
    with pytest.raises(ValueError, match="kind 'status' needs status"):
        Fault("submit", "status")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Fault("task", "no_results").times = 2  # type: ignore[misc]


def test_a_fault_survives_json():
    fault = Fault(
        "submit", "status", {"prompt": "x"}, 1, None, status=503, headers={"Retry-After": "3"}, body={"a": 1}
    )

    assert Fault.from_dict(fault.to_dict()) == fault
    assert Fault("task", "no_results").to_dict() == {
        "on": "task",
        "kind": "no_results",
        "skip": 0,
        "times": 1,
    }


def test_what_is_left_is_shown_and_can_be_cleared(client: Client, phota_emulator: Emulator):
    spec = {"on": "models", "kind": "status", "status": 503, "skip": 1, "times": 2}
    assert client.post("/_emulator/faults", json={"faults": [spec]}).json() == {"faults": [spec]}

    assert [client.get("/v1/models").status_code for _ in range(2)] == [200, 503]
    assert client.get("/_emulator/faults").json() == {"faults": [spec | {"skip": 0, "times": 1}]}

    assert client.call("DELETE", "/_emulator/faults").json() == {"faults": []}
    assert client.get("/v1/models").status_code == 200


def test_one_request_is_hit_by_one_fault_in_the_order_they_were_added(
    client: Client, phota_emulator: Emulator
):
    statuses = (500, 502, 503)
    phota_emulator.add_faults(*(Fault("models", "status", status=status) for status in statuses))

    assert [client.get("/v1/models").status_code for _ in range(4)] == [*statuses, 200]
