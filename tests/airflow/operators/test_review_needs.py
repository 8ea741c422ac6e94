"""What a review needs: an Airflow that can ask people, and arguments that make sense."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.operators.review import PhotaReviewOperator

CAN_ASK = version("apache-airflow") >= "3.1"


@pytest.mark.skipif(CAN_ASK, reason="this Airflow can ask people")
def test_an_older_airflow_is_told_what_is_missing():
    from airflow.providers.common.compat.sdk import AirflowOptionalProviderFeatureException

    from airflow_provider_phota.operators.review_rounds import review_rounds

    with pytest.raises(
        AirflowOptionalProviderFeatureException, match=r"PhotaReviewOperator needs Airflow 3\.1 or later"
    ):
        PhotaReviewOperator(task_id="review", results=[])
    with pytest.raises(
        AirflowOptionalProviderFeatureException, match=r"review_rounds needs Airflow 3\.1 or later"
    ):
        review_rounds("group", prompt="a", edit=lambda prompt, task_id: None)


@pytest.mark.skipif(not CAN_ASK, reason="this Airflow cannot ask people")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"choose": "all"}, "choose: must be 'approve', 'pick_one' or 'pick_many'"),
        ({"on_reject": "stop"}, "on_reject: must be 'skip' or 'fail'"),
        ({"on_reject": "edit_again"}, "on_reject: 'edit_again' needs an edit for each round"),
        ({"publish_to": "/live"}, "publish_to: must be an object-storage URL"),
        ({"publish_to": "s3://shop/live.png"}, "publish_to: is a directory"),
        ({"default": "approve"}, "default: needs a timeout"),
        ({"timeout": 0}, "timeout: must be more than 0 seconds"),
        ({"timeout": "1 h"}, "timeout: must be seconds or a timedelta"),
        ({"timeout": 5, "default": "yes"}, "default: must be 'approve' or 'reject' with choose='approve'"),
        (
            {"timeout": 5, "default": "approve", "choose": "pick_one"},
            "default: must be 'reject' or an option",
        ),
        ({"timeout": "{{ 5 }}"}, "timeout: is not a templated field"),
        ({"assigned_users": ["anna"]}, "assigned_users: must be dicts with 'id' and 'name'"),
    ],
)
def test_wrong_arguments_are_found_when_the_dag_is_parsed(wrong, message):
    with pytest.raises(PhotaInputError) as refused:
        PhotaReviewOperator(task_id="review", **{"results": []} | wrong)
    assert str(refused.value).startswith(message)
