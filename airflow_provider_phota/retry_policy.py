"""A retry policy for PHOTA tasks (Airflow 3.3 and later): `PhotaImageEditOperator(..., retry_policy=...)`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_phota.api.errors import PhotaError, PhotaInputRefused, PhotaTaskFailed

try:
    from airflow.providers.common.compat.sdk import RetryDecision, RetryPolicy
except ImportError:
    raise ImportError(
        "PhotaRetryPolicy takes Airflow 3.3 or later: the Airflow installed here has no retry policies. "
        "Leave retry_policy out, and Airflow retries the same errors after its own retry_delay."
    ) from None

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class PhotaRetryPolicy(RetryPolicy):
    """Retries what another attempt can heal, after as long as the service asks for, and says why.

    Without it Airflow does the same with its own `retry_delay`; errors that no retry can heal fail the task
    either way.

    Args:
        pay_again: whether to retry an edit that the service ended as failed. The retry submits, and pays for,
            a new one. An edit whose input the service refuses, as by content policy, is not retried.
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
        if isinstance(exception, PhotaInputRefused):
            return RetryDecision.fail("PhotaInputRefused: the service would refuse, and bill, the edit again")
        if isinstance(exception, PhotaTaskFailed):
            return self._after_a_failed_edit()
        if not isinstance(exception, PhotaError):
            return RetryDecision.default()
        if not exception.retryable:
            return RetryDecision.fail(f"{type(exception).__name__}: a retry cannot heal it")
        delay = timedelta(seconds=exception.retry_after) if exception.retry_after else None
        return RetryDecision.retry(delay, f"{type(exception).__name__}: {exception.money.value}")

    def _after_a_failed_edit(self) -> RetryDecision:
        if self.pay_again:
            return RetryDecision.retry(reason="PhotaTaskFailed: the retry submits a new edit")
        return RetryDecision.fail("PhotaTaskFailed: a retry would pay for a new edit")
