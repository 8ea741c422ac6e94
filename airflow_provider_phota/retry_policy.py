"""Provides a retry policy for Airflow 3.3 and later: `PhotaImageEditOperator(..., retry_policy=...)`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_phota.api.errors import PhotaError, PhotaInputRefused, PhotaTaskFailed

try:
    from airflow.providers.common.compat.sdk import RetryDecision, RetryPolicy
except ImportError:
    raise ImportError(
        "PhotaRetryPolicy needs Airflow 3.3 or later: the Airflow installed here has no retry policies. "
        "Leave retry_policy out, and Airflow retries the same errors after its own retry_delay."
    ) from None

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class PhotaRetryPolicy(RetryPolicy):
    """Retries the errors that another attempt can fix, after the time that the service asks for.

    Each decision gives its reason. Without this policy Airflow retries the same errors after its own
    `retry_delay`. Errors that a retry cannot fix fail the Airflow task either way.

    Args:
        pay_again: True to retry if the service ended the PHOTA task as failed. The retry submits, and pays
            for, a new one. If the service refused the input, as by content policy, there is no retry.
    """

    def __init__(self, *, pay_again: bool = True) -> None:
        self.pay_again = pay_again

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,  # noqa: ARG002  # Airflow's signature
        max_tries: int,  # noqa: ARG002  # Airflow's signature
        context: Context | None = None,  # noqa: ARG002  # Airflow's signature
    ) -> RetryDecision:
        """Returns whether Airflow retries an error, after how long, and why."""
        if isinstance(exception, PhotaInputRefused):
            return RetryDecision.fail(
                "PhotaInputRefused: the service would refuse, and bill, the order again"
            )
        if isinstance(exception, PhotaTaskFailed):
            return self._after_failed_task()
        if not isinstance(exception, PhotaError):
            return RetryDecision.default()
        if not exception.retryable:
            return RetryDecision.fail(f"{type(exception).__name__}: a retry cannot fix it")
        delay = timedelta(seconds=exception.retry_after) if exception.retry_after else None
        return RetryDecision.retry(delay, f"{type(exception).__name__}: {exception.money.value}")

    def _after_failed_task(self) -> RetryDecision:
        if self.pay_again:
            return RetryDecision.retry(reason="PhotaTaskFailed: the retry submits a new PHOTA task")
        return RetryDecision.fail("PhotaTaskFailed: a retry would pay for a new PHOTA task")
