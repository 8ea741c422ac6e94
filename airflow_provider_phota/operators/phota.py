"""Submit an edit to PHOTA, and wait for it if asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator, conf

from airflow_provider_phota.api.errors import PhotaTaskError, PhotaTaskFailed
from airflow_provider_phota.api.models import PhotaTask
from airflow_provider_phota.events import WaitEvent
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.waiting import Wait, airflow_retries, checked_seconds, result_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

#: XCom key under which the PHOTA task ID is pushed right after the submit.
XCOM_PHOTA_TASK_ID = "phota_task_id"


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
        poll_interval: seconds between two questions while waiting; the vendor recommends 5 to 10.
        timeout: seconds to wait for the result, at most 20 hours (results live 24).
        max_unreachable: seconds without any usable answer that a wait survives.

    Raises:
        AirflowFailException: where a retry cannot help, or would pay again.
        PhotaError: where it can; the subclass says what it means for the money.
    """

    template_fields: Sequence[str] = ("prompt", "image_urls", "num_outputs", "resolution", "profile_ids")
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
        poll_interval: float = 5.0,
        timeout: float | timedelta = 3600.0,
        max_unreachable: float = 1800.0,
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
        self.poll_interval = checked_seconds("poll_interval", poll_interval)
        self.timeout = checked_seconds("timeout", timeout)
        self.max_unreachable = checked_seconds("max_unreachable", max_unreachable)
        self._phota_task_id: str | None = None

    def execute(self, context: Context) -> str | dict[str, Any]:
        with airflow_retries():
            task = self._submit(context)
        if not self.wait_for_completion:
            return task.id
        if self.deferrable:
            self.defer(
                trigger=self._wait.trigger(task.id),
                method_name=self.execute_complete.__name__,
                timeout=self._wait.airflow_timeout,
            )
        return self._finish(lambda: self._wait.here(task.id))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002  # Airflow's signature
        """Take up the task again after its wait in the triggerer."""
        try:
            end = WaitEvent.from_dict(event)
        except ValueError as error:
            raise AirflowFailException(
                f"{error} The edit is billed; a retry would pay for a new one."
            ) from None
        self._phota_task_id = end.phota_task_id
        return self._finish(lambda: self._wait.after(end))

    def on_kill(self) -> None:
        if self._phota_task_id:
            self.log.warning(
                "PHOTA task %s goes on and is billed; the service has no way to cancel it.",
                self._phota_task_id,
            )

    def _submit(self, context: Context) -> PhotaTask:
        task = PhotaHook(self.phota_conn_id).submit_edit(
            prompt=self.prompt,
            image_urls=self.image_urls,
            num_outputs=self.num_outputs,
            resolution=self.resolution,
            profile_ids=self.profile_ids,
        )
        self._phota_task_id = task.id
        self.log.info("Submitted PHOTA task %s.%s", task.id, _expectation(task))
        context["ti"].xcom_push(key=XCOM_PHOTA_TASK_ID, value=task.id)
        return task

    def _finish(self, wait: Callable[[], PhotaTask]) -> dict[str, Any]:
        """Wait and return the result; an error that a retry would answer with a second payment ends it."""
        try:
            return result_of(wait(), num_outputs=self.num_outputs)
        except PhotaTaskFailed as failed:
            raise PhotaTaskFailed(
                f"{failed} A retry submits a new edit, which is billed.", failed.phota_task_id
            ) from None
        except PhotaTaskError as error:
            raise AirflowFailException(
                f"{error} Airflow does not retry this, since a retry would pay for a new edit: fetch the "
                f"result with PhotaTaskSensor(phota_task_id={error.phota_task_id!r})."
            ) from None

    @property
    def _wait(self) -> Wait:
        return Wait(self.phota_conn_id, self.timeout, self.poll_interval, self.max_unreachable)


def _expectation(task: PhotaTask) -> str:
    return f" The service expects it to take {task.estimated_time:.0f} s." if task.estimated_time else ""
