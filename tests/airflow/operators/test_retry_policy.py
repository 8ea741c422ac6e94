"""PhotaRetryPolicy: what Airflow 3.3 and later asks it when a task failed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.providers.common.compat.sdk import RetryAction

from airflow_provider_phota.api.errors import (
    PhotaInputRefused,
    PhotaLostSight,
    PhotaRateLimited,
    PhotaSubmitAmbiguous,
    PhotaTaskFailed,
    PhotaTaskUnknown,
    PhotaUnreachable,
)
from airflow_provider_phota.retry_policy import PhotaRetryPolicy


def decide(error, **how):
    return PhotaRetryPolicy(**how).evaluate(error, try_number=1, max_tries=3)


@pytest.mark.parametrize(
    "error", [PhotaUnreachable("away"), PhotaLostSight("away", "task-1"), PhotaTaskFailed("failed", "task-1")]
)
def test_what_another_attempt_can_heal_is_retried(error):
    assert decide(error).action is RetryAction.RETRY


@pytest.mark.parametrize("error", [PhotaSubmitAmbiguous("lost"), PhotaTaskUnknown("gone", "task-1")])
def test_what_no_attempt_can_heal_fails(error):
    assert decide(error).action is RetryAction.FAIL


def test_the_retry_comes_after_as_long_as_the_service_asks_for():
    assert decide(PhotaRateLimited("slow down", 429, retry_after=90.0)).retry_delay == timedelta(seconds=90)
    assert decide(PhotaUnreachable("away")).retry_delay is None


def test_a_failed_edit_is_not_paid_for_again_where_that_is_asked():
    assert decide(PhotaTaskFailed("failed", "task-1"), pay_again=False).action is RetryAction.FAIL


@pytest.mark.parametrize("pay_again", [True, False])
def test_an_edit_whose_input_is_refused_is_not_paid_for_again(pay_again):
    decision = decide(PhotaInputRefused("no", "task-1"), pay_again=pay_again)
    assert decision.action is RetryAction.FAIL


def test_what_is_not_ours_is_left_to_airflow():
    assert decide(RuntimeError("else")).action is RetryAction.DEFAULT
