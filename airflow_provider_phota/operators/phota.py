"""Submit an edit to PHOTA, and wait for it if asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, BaseOperator, conf

from airflow_provider_phota.api.edits import EditRequest, checked_task_id
from airflow_provider_phota.api.errors import PhotaInputError, PhotaTaskError, PhotaTaskFailed
from airflow_provider_phota.api.models import PhotaTask
from airflow_provider_phota.events import WaitEvent
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.ledger.decisions import Policy
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.submitting import Policies, Submission
from airflow_provider_phota.waiting import Intervals, Wait, airflow_retries, checked_seconds, result_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

#: XCom key under which the PHOTA task ID is pushed right after the submit.
XCOM_PHOTA_TASK_ID = "phota_task_id"

NO_LEDGER = (
    "There is no ledger: this Airflow keeps no task state (3.3 and later do) and no ledger_path is set, so a "
    "retry or a clear of this task submits, and pays for, a new edit."
)
NO_RETRY = "Airflow does not retry this, since without a ledger a retry would pay for a new edit."


class PhotaImageEditOperator(BaseOperator):
    """Submits an edit task to PHOTA (model `phota-image-edit`) and pushes its ID via XCom. Billed.

    The ID is pushed under the key `phota_task_id` as soon as it is known. Without `wait_for_completion` it is
    also the return value; with it, the finished task is: a dict with `phota_task_id`, `model`, `status`,
    `images` (each `url` and `content_type`), `created`, `expires_at` (ISO 8601) and `usage`.

    Args:
        prompt: what to change (templated).
        image_urls: the pictures to edit, one http(s) URL or several, readable by the service (templated).
        num_outputs: how many pictures to make; each is billed on its own (templated).
        resolution: `1K`, or `4K` at double the price (templated).
        profile_ids: profiles to keep a person's likeness by; leave out unless necessary (templated).
        phota_conn_id: the Airflow connection.
        wait_for_completion: whether to wait for the result.
        deferrable: wait in the triggerer, without a worker slot.
        poll_interval: seconds between two questions while waiting: the shortest and the longest, between
            which the pause is chosen by when the task is likely to be finished; or one number for a steady
            interval.
        timeout: seconds to wait for the result, at most 20 hours (results live 24).
        max_unreachable: seconds without any usable answer that a wait survives.
        ledger_path: object-storage directory in which to record what was paid for, beside Airflow's own task
            state store (3.3 and later); the connection's extra of that name if left out.
        on_ambiguous: `fail`, or `resubmit` once where nobody knows whether the last submit was billed.
        on_missing: `fail`, or `resubmit` where the service no longer knows the paid task.
        on_expired: `fail`, or `resubmit` where the paid results are no longer served.
        edition: any text; another one makes an identical edit a new one, which is paid anew (templated).
        adopt_phota_task_id: a PHOTA task to take up instead of submitting (templated).

    Raises:
        AirflowFailException: where a retry cannot help, or would pay again.
        PhotaError: where it can; the subclass says what it means for the money.
    """

    template_fields: Sequence[str] = (
        "prompt",
        "image_urls",
        "num_outputs",
        "resolution",
        "profile_ids",
        "edition",
        "adopt_phota_task_id",
    )
    ui_color = "#f2e6ff"

    def __init__(
        self,
        *,
        prompt: str,
        image_urls: str | Sequence[str],
        num_outputs: int = 1,
        resolution: str = "1K",
        profile_ids: Sequence[str] | None = None,
        phota_conn_id: str = PhotaHook.default_conn_name,
        wait_for_completion: bool = False,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | timedelta | tuple[float, float] = (2.0, 30.0),
        timeout: float | timedelta = 3600.0,
        max_unreachable: float = 1800.0,
        ledger_path: str | None = None,
        on_ambiguous: str = "fail",
        on_missing: str = "fail",
        on_expired: str = "fail",
        edition: str = "",
        adopt_phota_task_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt
        self.image_urls = image_urls
        self.num_outputs = num_outputs
        self.resolution = resolution
        self.profile_ids = profile_ids
        self.phota_conn_id = phota_conn_id
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self._intervals = Intervals.checked("poll_interval", poll_interval)
        self.timeout = checked_seconds("timeout", timeout)
        self.max_unreachable = checked_seconds("max_unreachable", max_unreachable)
        self.ledger_path = ledger_path
        self.on_ambiguous = on_ambiguous
        self.on_missing = on_missing
        self.on_expired = on_expired
        self.edition = edition
        self.adopt_phota_task_id = adopt_phota_task_id
        self._policies = Policies(
            on_ambiguous=_policy("on_ambiguous", on_ambiguous),
            on_missing=_policy("on_missing", on_missing),
            on_expired=_policy("on_expired", on_expired),
        )
        self._phota_task_id: str | None = None

    def execute(self, context: Context) -> str | dict[str, Any]:
        with airflow_retries():
            phota_task_id, seen = self._submit(context)
        if not self.wait_for_completion:
            return phota_task_id
        # what an earlier attempt paid for may be finished: then there is nothing to defer for
        if self.deferrable and not (seen and seen.is_finished):
            self.defer(
                trigger=self._wait.trigger(phota_task_id, seen),
                method_name=self.execute_complete.__name__,
                timeout=self._wait.airflow_timeout,
            )
        return self._finish(context, lambda: self._wait.here(phota_task_id, seen))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take up the task again after its wait in the triggerer."""
        end = WaitEvent.from_dict(event)
        self._phota_task_id = end.phota_task_id
        return self._finish(context, lambda: self._wait.after(end))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Airflow's way back from a deferral; a broken one is not retried where no ledger remembers."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowException as error:
            if next_method == self.execute_complete.__name__ or self._ledger(context).remembers:
                raise
            raise AirflowFailException(
                f"The deferral broke ({error}). The PHOTA task goes on and is billed; its ID is in XCom "
                f"{XCOM_PHOTA_TASK_ID!r}. {NO_RETRY}"
            ) from None

    def on_kill(self) -> None:
        if self._phota_task_id:
            self.log.warning(
                "PHOTA task %s goes on and is billed; the service has no way to cancel it.",
                self._phota_task_id,
            )

    def _submit(self, context: Context) -> tuple[str, PhotaTask | None]:
        """The ID of the paid task, and the task as the service showed it."""
        hook = PhotaHook(self.phota_conn_id)
        edit = self._edit(local_inputs=hook.settings.is_loopback)
        ledger = self._ledger(context)
        if not ledger.remembers:
            self.log.warning(NO_LEDGER)
        submission = Submission(
            hook=hook,
            edit=edit,
            ledger=ledger,
            policies=self._policies,
            edition=_checked_edition(self.edition),
            try_number=context["ti"].try_number,
            adopt=self._adopted(),
        )
        self._phota_task_id = phota_task_id = submission.phota_task_id()
        context["ti"].xcom_push(key=XCOM_PHOTA_TASK_ID, value=phota_task_id)
        return phota_task_id, submission.seen

    def _edit(self, *, local_inputs: bool) -> EditRequest:
        return EditRequest.checked(
            prompt=self.prompt,
            image_urls=self.image_urls,
            num_outputs=self.num_outputs,
            resolution=self.resolution,
            profile_ids=self.profile_ids,
            local_inputs=local_inputs,
        )

    def _ledger(self, context: Context) -> Ledger:
        path = self.ledger_path or PhotaHook(self.phota_conn_id).settings.ledger_path
        return Ledger.of(context, path)

    def _adopted(self) -> str | None:
        if self.adopt_phota_task_id in (None, "", "None"):
            return None
        return checked_task_id(self.adopt_phota_task_id, "adopt_phota_task_id")

    def _finish(self, context: Context, wait: Callable[[], PhotaTask]) -> dict[str, Any]:
        """Wait and return the result; where no ledger remembers the paid task, a retry must not follow."""
        try:
            return result_of(wait(), num_outputs=self.num_outputs)
        except PhotaTaskFailed as failed:
            raise failed.saying("A retry submits a new edit, which is billed.") from None
        except PhotaTaskError as error:
            if self._ledger(context).remembers:
                with airflow_retries():
                    raise
            raise AirflowFailException(
                f"{error} {NO_RETRY} Fetch the result with "
                f"PhotaTaskSensor(phota_task_id={error.phota_task_id!r})."
            ) from None

    @property
    def _wait(self) -> Wait:
        return Wait(self.phota_conn_id, self.timeout, self._intervals, self.max_unreachable)


def _checked_edition(value: object) -> str:
    if not isinstance(value, (str, int)):
        raise PhotaInputError("edition", f"must be text, got {value!r}.")
    return str(value)


def _policy(argument: str, value: str) -> Policy:
    try:
        return Policy(value)
    except ValueError:
        raise PhotaInputError(argument, f"must be 'fail' or 'resubmit', got {value!r}.") from None
