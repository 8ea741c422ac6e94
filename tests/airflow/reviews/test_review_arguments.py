"""Arguments of a review are checked when a DAG is parsed."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_phota.api.errors import PhotaInputError


def review(**arguments: Any) -> Any:
    from airflow_provider_phota.operators.review import PhotaReviewOperator

    return PhotaReviewOperator(task_id="review", results=[], **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"options": ["a"]}, "options: is not an argument of a review; .* use choose"),
        ({"multiple": True}, "multiple: .* use choose='pick_many'"),
        ({"defaults": ["Reject"], "timeout": 60}, "defaults: .* use default"),
        ({"response_timeout": timedelta(1)}, "response_timeout: .* use timeout"),
        ({"body": "Look!"}, "body: .* use subject"),
        ({"timeout": float("nan")}, "timeout: must be more than 0 seconds"),
        ({"timeout": float("inf")}, "timeout: .* at most 3650 days"),
        ({"timeout": 1e20}, "timeout: .* at most 3650 days"),
        ({"timeout": timedelta.max}, "timeout: .* at most 3650 days"),
        ({"timeout": "60"}, "timeout: must be seconds"),
        ({"assigned_users": []}, "assigned_users: is empty"),
        ({"assigned_users": {"id": "", "name": ""}}, "assigned_users: .* not empty"),
        ({"assigned_users": [{"id": "7"}]}, "assigned_users: .* not empty"),
        ({"notifiers": "slack"}, "notifiers: must be Airflow's notifiers, got 'slack'"),
        ({"notifiers": [dict]}, "notifiers: must be Airflow's notifiers"),
    ],
)
def test_a_wrong_argument_says_what_to_do_instead(arguments, message):
    with pytest.raises(PhotaInputError, match=message):
        review(**arguments)


@pytest.mark.parametrize("timeout", [None, 86_400, timedelta(days=1)])
def test_execution_timeout_is_not_the_time_that_a_person_has(timeout):
    from airflow.providers.common.compat.sdk import DAG

    short = timedelta(minutes=10)
    with warnings.catch_warnings(), DAG("short", schedule=None, default_args={"execution_timeout": short}):
        warnings.simplefilter("error")
        made = review(timeout=timeout)
    assert made.execution_timeout == short
    assert made.response_timeout == (None if timeout is None else timedelta(days=1))


def test_a_notifier_and_the_defaults_of_a_dag_are_taken():
    from airflow.providers.common.compat.sdk import DAG

    called = []
    with DAG("defaults", schedule=None, params={"size": 3}, default_args={"body": "b", "defaults": ["c"]}):
        made = review(notifiers=called.append, assigned_users={"id": "7", "name": "anna"})
    assert [*made.notifiers] == [called.append]
    assert made.assigned_users == [{"id": "7", "name": "anna"}]
