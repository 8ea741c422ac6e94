"""Waits for a PHOTA task that another Airflow task submitted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowTaskTimeout, BaseSensorOperator, PokeReturnValue
from airflow.triggers.base import StartTriggerArgs

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.costs import UNKNOWN_COST, final_cost
from airflow_provider_phota.api.endings import PhotaExecutionTimeout
from airflow_provider_phota.api.errors import PhotaConfigurationError, PhotaNotBilled, PhotaWaitTimeout
from airflow_provider_phota.api.parsing import check_conn_id, check_flags
from airflow_provider_phota.api.protocol import get_task_once
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.types import IfFileExists, PhotaResult
from airflow_provider_phota.api.written import Written
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.links.early import push_links
from airflow_provider_phota.links.phota import PICTURES_AND_TASK
from airflow_provider_phota.polling.state import WaitState
from airflow_provider_phota.results.delivery import Delivery
from airflow_provider_phota.results.landing import Landing, manifest
from airflow_provider_phota.results.landing_checks import check_before_waiting
from airflow_provider_phota.results.metrics import counting
from airflow_provider_phota.results.names import Names
from airflow_provider_phota.results.options import LandingOptions
from airflow_provider_phota.results.result import ResultImages, result_of
from airflow_provider_phota.retrying import (
    adding_retry_hint,
    as_airflow_errors,
    checking_arguments,
    noting_problems,
)
from airflow_provider_phota.sensors.ends import (
    explaining_execution_timeout,
    not_finished_in_time,
    saying_what_goes_on,
    skipping_soft_failures,
)
from airflow_provider_phota.sensors.remembering import remember, resume
from airflow_provider_phota.sensors.start import OnWorker, starting_id
from airflow_provider_phota.triggers.events import WaitEvent
from airflow_provider_phota.waiting import (
    Intervals,
    Wait,
    checked_seconds,
    default_deferrable,
    resumed_too_late,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath, XComArg

#: Seconds between two questions from a worker; the vendor recommends 5 to 10.
_STEADY = 5.0


class PhotaTaskSensor(BaseSensorOperator):
    """Waits for a PHOTA task and returns it, as the same dict that a waiting operator returns.

    With a `destination` it also lands the pictures, and the dict has `files`: what
    `PhotaToObjectStorageOperator` returns.

    If the PHOTA task failed, the sensor fails without retries, since waiting again cannot change that.
    Waiting is free. After any other failure the sensor can be retried or cleared at no cost while the results
    live (24 hours).

    Args:
        phota_task_id: the PHOTA task to wait for (templated), as an operator returns it.
        phota_conn_id: the Airflow connection.
        deferrable: whether to wait in the triggerer, without a worker slot.
        poke_interval: seconds between two questions: one number for a steady interval; or, with `deferrable`,
            the shortest and the longest, between which the pause is chosen by when the task is likely to be
            finished. The default is 2 and 30. In the modes `poke` and `reschedule` the interval is always
            steady: the number, the shortest, or 5 by default.
        timeout: seconds to wait at most, up to 20 hours (results live 24 hours).
        max_unreachable: how many seconds without a usable answer the wait tolerates. In mode `reschedule`
            each poke counts them from the start, so only `timeout` ends the wait.
        destination: an object-storage directory to land the pictures in (templated).
        filename: the name of each picture, without its extension, with the fields `{phota_task_id}` and
            `{index}` (templated).
        if_exists: what to do if a file of that name is there already: `skip`, `overwrite` or `fail`.
        thumbnails: whether small copies of the pictures are written into a folder of `destination`, so that
            Airflow can show them.
        start_from_trigger: whether to start in the triggerer, and to use a worker only for the result
            (Airflow 3.3 and later). If that is not possible, the sensor starts on a worker, says why in its
            log, and defers.

    Raises:
        AirflowFailException: The PHOTA task failed or is unknown, or PHOTA refuses to answer about it.
        AirflowSensorTimeout: The PHOTA task was not finished in time; it goes on.
        PhotaTaskError: The sensor lost sight of the PHOTA task; a retry waits for it again.
    """

    template_fields: Sequence[str] = ("phota_task_id", "destination", "filename")
    ui_color = "#f2e6ff"
    operator_extra_links = PICTURES_AND_TASK

    def __init__(
        self,
        *,
        phota_task_id: str | PhotaResult | XComArg,
        phota_conn_id: str = PhotaHook.default_conn_name,
        deferrable: bool | None = None,
        poke_interval: float | timedelta | tuple[float, float] | None = None,
        timeout: float | timedelta = 3600.0,
        max_unreachable: float = 1800.0,
        destination: str | ObjectStoragePath | XComArg | None = None,
        filename: str | XComArg = Names.template,
        if_exists: IfFileExists = "skip",
        thumbnails: bool = True,
        start_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        with checking_arguments(self):
            asked_for = None if poke_interval is None else Intervals.checked("poke_interval", poke_interval)
            seconds = checked_seconds("timeout", timeout)
        super().__init__(
            poke_interval=asked_for.shortest if asked_for else _STEADY, timeout=seconds, **kwargs
        )
        self.phota_task_id: Any = phota_task_id
        self.phota_conn_id = phota_conn_id
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.destination = destination
        self.filename = filename
        self.if_exists = if_exists
        self.thumbnails = thumbnails
        self._written = Written(phota_task_id=phota_task_id, destination=destination, filename=filename)
        with checking_arguments(self):
            self.max_unreachable = checked_seconds("max_unreachable", max_unreachable)
            check_conn_id(phota_conn_id)
            check_flags(
                deferrable=self.deferrable, start_from_trigger=start_from_trigger, thumbnails=thumbnails
            )
            if destination is None:
                self._landing_options.check_without_destination(kwargs.get("default_args") or ())
            else:
                self._landing_options.check_as_written()
        self._intervals = asked_for or Intervals()
        self._wait_state: WaitState | None = None
        self._landing_checked = False
        self._seen: PhotaTask | None = None
        self._on_worker: OnWorker | None = None
        self._starts_in_triggerer = start_from_trigger
        if start_from_trigger:
            self._start_in_triggerer()

    def pre_execute(self, context: Any) -> None:
        super().pre_execute(context)
        with self._explaining_execution_timeout():
            if resumed_too_late(self.execution_timeout, context):
                raise AirflowTaskTimeout

    @noting_problems
    def execute(self, context: Context) -> Any:
        if self._starts_in_triggerer:
            self._log_why_on_worker(context)
        with self._explaining_execution_timeout():
            if not self.deferrable:
                with saying_what_goes_on(lambda: self.phota_task_id):
                    return super().execute(context)
            with skipping_soft_failures(skips=self.soft_fail or self.never_fail):
                answer = self.poke(context)
            if answer.is_done:
                return answer.xcom_value
            wait = self._wait.within(self.execution_timeout, context)
        return self.defer(
            trigger=wait.trigger(self.phota_task_id, self._seen),
            method_name=self.execute_complete.__name__,
            timeout=wait.airflow_timeout,
        )

    def poke(self, context: Context) -> PokeReturnValue:
        """Asks once. A problem that may pass is tolerated for as long as `max_unreachable` allows."""
        with as_airflow_errors(), adding_retry_hint():
            phota_task_id = self._checked_phota_task_id()
            hook = self._usable_hook(phota_task_id)
            if self._wait_state is None:
                push_links(context, hook, phota_task_id)
                _ = self._landing  # a wrong argument is found before the wait, not after it
                self._wait_state = WaitState(phota_task_id, self._wait.patience, self._now())
                if self.reschedule:
                    resume(context, self._wait_state)
            task = self._ask(hook, self._wait_state)
            if self.reschedule and not task:
                remember(context, self._wait_state)
            return PokeReturnValue(is_done=bool(task), xcom_value=task and self._result(context, task))

    def _now(self) -> float:
        """Returns the present time: by a clock that other processes have too, if they go on with the wait."""
        return time.time() if self.reschedule else time.monotonic()

    def _ask(self, hook: PhotaHook, state: WaitState) -> PhotaTask | None:
        """Asks once, and returns the task if it is finished."""
        try:
            task = hook.run(get_task_once(state.phota_task_id, sync_upstream=state.ask_upstream))
        except PhotaNotBilled as problem:
            state.record_failure(problem, self._now())
            return None
        self._seen = task
        if state.record_answer(task, self._now()):
            return task
        self._check_landing(state.phota_task_id)
        return None

    @noting_problems
    def execute_complete(self, context: Context, event: dict[str, Any]) -> PhotaResult:
        """Returns the result after the wait in the triggerer."""
        self._written.restore(self)
        with self._explaining_execution_timeout(), as_airflow_errors(), adding_retry_hint():
            try:
                end = WaitEvent.from_dict(event)
                if self._starts_in_triggerer:  # then no worker has known the ID before
                    push_links(context, PhotaHook(self.phota_conn_id), end.phota_task_id)
                return self._result(context, self._wait.after(end))
            except PhotaExecutionTimeout:
                raise
            except PhotaWaitTimeout as timeout:
                raise not_finished_in_time(timeout) from None

    def _checked_phota_task_id(self) -> str:
        """Returns the ID of the PHOTA task, and keeps it for messages in place of what the author gave."""
        self._written.restore(self)
        self.phota_task_id = checked_task_id(self.phota_task_id)
        return str(self.phota_task_id)

    def on_kill(self) -> None:
        self.log.warning("PHOTA task %s goes on; the service has no way to cancel it.", self.phota_task_id)

    def _usable_hook(self, phota_task_id: str) -> PhotaHook:
        hook = PhotaHook(self.phota_conn_id)
        try:
            _ = hook.settings
        except PhotaConfigurationError as error:
            raise endings.refused(phota_task_id, error) from None
        return hook

    @property
    def _landing(self) -> Landing | None:
        return None if self.destination is None else self._landing_options.landing()

    @property
    def _landing_options(self) -> LandingOptions:
        return LandingOptions(self.destination, self.filename, self.if_exists, thumbnails=self.thumbnails)

    def _check_landing(self, phota_task_id: str) -> None:
        """Checks once where the pictures land; not in mode `reschedule`, where each poke is a new process."""
        if self._landing_checked or self.reschedule or (landing := self._landing) is None:
            return
        self._landing_checked = True
        check_before_waiting(landing, phota_task_id)

    def _result(self, context: Context, task: PhotaTask) -> PhotaResult:
        with counting(task, final_cost(UNKNOWN_COST, task)):
            result, landing = result_of(task), self._landing
            if landing and task.profile_ids:
                self.log.info("PHOTA task %s has made a profile; there is nothing to land.", task.id)
            elif landing:
                delivery = Delivery(PhotaHook(self.phota_conn_id), landing, context, self.outlets)
                result["files"] = manifest(delivery.deliver(ResultImages.of_task(task)))
            return result

    def _start_in_triggerer(self) -> None:
        self.deferrable = True
        phota_task_id = starting_id(self.phota_task_id)
        if isinstance(phota_task_id, OnWorker):
            self._on_worker = phota_task_id
            return
        self.start_from_trigger = True
        wait = self._wait.within(self.execution_timeout)
        path, arguments = wait.trigger_from_the_start(phota_task_id).serialize()
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=path,
            trigger_kwargs=arguments,
            next_method=self.execute_complete.__name__,
            timeout=wait.airflow_timeout,
        )

    def _log_why_on_worker(self, context: Context) -> None:
        mapped = "it is mapped" if context["ti"].map_index not in (None, -1) else "it was run by hand"
        why = self._on_worker.why if self._on_worker else mapped
        self.log.info("Not started in the triggerer, since %s.", why)

    @property
    def _wait(self) -> Wait:
        return Wait(self.phota_conn_id, float(self.timeout), self._intervals, self.max_unreachable)

    @contextmanager
    def _explaining_execution_timeout(self) -> Iterator[None]:
        # the ID may become known meanwhile: what the author gave may be the result of another task
        with explaining_execution_timeout(lambda: self.phota_task_id, self.execution_timeout):
            yield
