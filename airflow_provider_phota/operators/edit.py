"""Submit an edit to PHOTA, and wait for it if asked to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowTaskTimeout,
    Asset,
    BaseOperator,
)

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.endings import PhotaExecutionTimeout
from airflow_provider_phota.api.errors import (
    PhotaError,
    PhotaInputError,
    PhotaInputRefused,
    PhotaLedgerError,
    PhotaTaskFailed,
)
from airflow_provider_phota.api.orders.edit import (
    EDIT_MODEL,
    EditRequest,
    check_edit_as_written,
    checked_task_id,
)
from airflow_provider_phota.api.parsing import check_conn_id, check_flags, check_not_templated
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.types import (
    FailOrResubmit,
    IfFileExists,
    PhotaFile,
    PhotaResult,
    PublishWay,
    Resolution,
    Template,
)
from airflow_provider_phota.api.written import Written
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.publisher import Order, Publish, Publisher, as_text
from airflow_provider_phota.ledger.decisions import Policy
from airflow_provider_phota.ledger.held import out_of_time_unanswered, what_to_do
from airflow_provider_phota.ledger.instances import checked_key
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.stores import Discarded
from airflow_provider_phota.results.delivery import (
    Delivery,
    check_landing_as_written,
    check_nothing_to_land,
    checked_landing,
)
from airflow_provider_phota.results.landing import LandedFile, Landing, manifest
from airflow_provider_phota.results.landing_checks import check_before_paying
from airflow_provider_phota.results.manifests import landed_before
from airflow_provider_phota.results.names import NAMES_BY_DIGEST, Names
from airflow_provider_phota.results.result import ResultImages, existing_result, result_of
from airflow_provider_phota.retrying import (
    RESUMES,
    airflow_retries,
    logged,
    telling_of_retries,
    when_parsed,
)
from airflow_provider_phota.submitting.submission import Policies, Submission
from airflow_provider_phota.triggers.events import WaitEvent
from airflow_provider_phota.waiting import (
    Intervals,
    Wait,
    checked_seconds,
    default_deferrable,
    out_of_time,
    resumed_too_late,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath, XComArg

#: XCom key under which the PHOTA task ID is pushed right after the submit.
XCOM_PHOTA_TASK_ID = "phota_task_id"
#: The same of what the files of an edit are found by again, with `skip_existing_edits`.
XCOM_EDIT_DIGEST = "phota_edit_digest"

NO_LEDGER = (
    "There is no ledger: this Airflow keeps no task state (3.3 and later do) and no ledger_path is set, so a "
    "retry or a clear of this task submits, and pays for, a new edit."
)
REFUSED = (
    "Airflow does not retry this. Change the prompt or the pictures, then clear this task: that submits "
    "another edit, which is billed."
)
NO_RETRY = "Airflow does not retry this, since without a ledger a retry would pay for a new edit."


class PhotaImageEditOperator(BaseOperator):
    """Submits an edit task to PHOTA (model `phota-image-edit`) and pushes its ID via XCom. Billed.

    The ID is pushed under the key `phota_task_id` as soon as it is known. Without `wait_for_completion` it is
    also the return value; with it, the finished task is: a dict with `phota_task_id`, `model`, `status`,
    `images` (each `url` and `content_type`), `created`, `expires_at` (ISO 8601) and `usage`; and, with a
    `destination`, `files`: what `PhotaToObjectStorageOperator` returns.

    Args:
        prompt: what to change (templated).
        image_urls: the pictures to edit, one or several: http(s) URLs that the service can read, or paths of
            an object store, which are published for it (templated).
        num_outputs: how many pictures to make; each is billed on its own (templated).
        resolution: `1K`, or `4K` at double the price (templated).
        profile_ids: profiles to keep a person's likeness by; leave out unless necessary (templated).
        publish: how paths become URLs: `upload`, or `presign` where the store can sign URLs; the connection's
            extra of that name if left out.
        destination: an object-storage directory to land the pictures in, once they are finished (templated).
        filename: of each picture, without its extension, with the fields `{phota_task_id}`, `{index}` and,
            with `skip_existing_edits`, `{digest}` (templated). `{phota_task_id}-{index}` if left out, or
            `{digest}-{index}`.
        if_exists: `skip`, `overwrite` or `fail` where a file of that name is there already.
        skip_existing_edits: neither pay nor download where the same edit of pictures with the same content
            has landed in `destination` before, in whatever run. Takes pictures of an object store.
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
        ledger_key: a name for this item of a mapped task, by which its record is found again when the list
            has changed between a run and its clear (templated). Takes a ledger_path; no two items share one.
        on_ambiguous: `fail`, or `resubmit` once where nobody knows whether the last submit was billed.
        on_missing: `fail`, or `resubmit` where the service no longer knows the paid task.
        on_expired: `fail`, or `resubmit` where the paid results are no longer served.
        on_discarded: `fail`, or `resubmit` where Airflow 3.4 has thrown the record of earlier attempts away
            when the task was cleared, and there is no ledger_path.
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
        "destination",
        "filename",
        "ledger_key",
        "edition",
        "adopt_phota_task_id",
    )
    ui_color = "#f2e6ff"

    def __init__(
        self,
        *,
        prompt: str | XComArg,
        image_urls: str | ObjectStoragePath | XComArg | Sequence[str | ObjectStoragePath | XComArg],
        num_outputs: int | Template | XComArg = 1,
        resolution: Resolution | Template | XComArg = "1K",
        profile_ids: Sequence[str | XComArg] | Template | XComArg | None = None,
        publish: PublishWay | None = None,
        destination: str | ObjectStoragePath | XComArg | None = None,
        filename: str | XComArg | None = None,
        if_exists: IfFileExists = "skip",
        skip_existing_edits: bool = False,
        phota_conn_id: str = PhotaHook.default_conn_name,
        wait_for_completion: bool = False,
        deferrable: bool | None = None,
        poll_interval: float | timedelta | tuple[float, float] = (2.0, 30.0),
        timeout: float | timedelta = 3600.0,
        max_unreachable: float = 1800.0,
        ledger_path: str | None = None,
        ledger_key: str | None = None,
        on_ambiguous: FailOrResubmit = "fail",
        on_missing: FailOrResubmit = "fail",
        on_expired: FailOrResubmit = "fail",
        on_discarded: FailOrResubmit = "fail",
        edition: str | XComArg = "",
        adopt_phota_task_id: str | PhotaResult | XComArg | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt
        self.image_urls = image_urls
        self.num_outputs: Any = num_outputs  # an int when the task runs, as all that is rendered is checked
        self.resolution = resolution
        self.profile_ids = profile_ids
        self.publish = publish
        self.destination = destination
        self.filename = filename
        self.if_exists = if_exists
        self.skip_existing_edits = skip_existing_edits
        self.phota_conn_id = phota_conn_id
        self.wait_for_completion = wait_for_completion
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.poll_interval = poll_interval
        self.ledger_path = ledger_path
        self.ledger_key = ledger_key
        self.on_ambiguous = on_ambiguous
        self.on_missing = on_missing
        self.on_expired = on_expired
        self.on_discarded = on_discarded
        self.edition = edition
        self.adopt_phota_task_id = adopt_phota_task_id
        self._written = Written(
            prompt=prompt,
            profile_ids=profile_ids,
            destination=destination,
            filename=filename,
            ledger_key=ledger_key,
            edition=edition,
            adopt_phota_task_id=adopt_phota_task_id,
        )
        # what the whole DAG has as a default is not meant for this task in particular
        self._defaults = frozenset(kwargs.get("default_args") or ())
        self._phota_task_id: str | None = None
        with when_parsed(self):
            self._intervals = Intervals.checked("poll_interval", poll_interval)
            self.timeout = checked_seconds("timeout", timeout)
            self.max_unreachable = checked_seconds("max_unreachable", max_unreachable)
            self._policies = Policies.checked(
                on_ambiguous=on_ambiguous,
                on_missing=on_missing,
                on_expired=on_expired,
                on_discarded=on_discarded,
            )
            self._publish = Publish.checked(publish)
            self._check_as_written()
            if deferrable and "deferrable" not in self._defaults:
                self._check_that_it_waits()

    def pre_execute(self, context: Any) -> None:
        super().pre_execute(context)
        if resumed_too_late(self.execution_timeout, context):
            ti = context["ti"]
            self._phota_task_id = ti.xcom_pull(
                task_ids=self.task_id, key=XCOM_PHOTA_TASK_ID, map_indexes=ti.map_index
            )
            with self._paid(context):
                raise AirflowTaskTimeout

    def execute(self, context: Context) -> str | PhotaResult:
        self._written.restore(self)
        with airflow_retries():
            with self._told_of_paid(context):
                order = self._order()
                landing = self._landing(order.digest)
            if landing and self.skip_existing_edits and (files := self._files(context, landing)):
                return self._landed_before(context, landing, files)
            phota_task_id, seen = self._submit(context, order, landing)
        if not self.wait_for_completion:
            return phota_task_id
        # what an earlier attempt paid for may be finished: then there is nothing to defer for
        if self.deferrable and not (seen and seen.is_finished):
            with self._paid(context):
                wait = self._wait.within(self.execution_timeout, context)
                trigger = wait.trigger(phota_task_id, seen)
            self.defer(
                trigger=trigger,
                method_name=self.execute_complete.__name__,
                timeout=wait.airflow_timeout,
            )
        return self._finish(context, lambda: self._wait.here(phota_task_id, seen))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> PhotaResult:
        """Take up the task again after its wait in the triggerer."""
        self._written.restore(self)
        with self._paid(context):
            end = WaitEvent.from_dict(event)
            self._phota_task_id = end.phota_task_id
        return self._finish(context, lambda: self._wait.after(end))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Airflow's way back from a deferral; a broken one is not retried where no ledger remembers."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowException as error:
            if next_method == self.execute_complete.__name__ or self._will_be_remembered(context):
                raise
            text = endings.lines(
                "The deferral broke. The PHOTA task goes on and is billed.",
                f"Airflow says: {error}",
                f"The ID of the PHOTA task is in XCom {XCOM_PHOTA_TASK_ID!r}.",
                NO_RETRY,
            )
            raise AirflowFailException(logged(text)) from None

    def on_kill(self) -> None:
        if self._phota_task_id:
            self.log.warning(
                "PHOTA task %s goes on and is billed; the service has no way to cancel it.",
                self._phota_task_id,
            )

    def _check_as_written(self) -> None:
        """Check what is a plain value; a template is checked when it is rendered, before anything is sent."""
        check_conn_id(self.phota_conn_id)
        check_flags(
            wait_for_completion=self.wait_for_completion,
            deferrable=self.deferrable,
            skip_existing_edits=self.skip_existing_edits,
        )
        check_not_templated(ledger_path=self.ledger_path)
        check_edit_as_written(num_outputs=self.num_outputs, resolution=self.resolution)
        self._check_destination()

    def _check_that_it_waits(self) -> None:
        if not self.wait_for_completion:
            raise PhotaInputError(
                "deferrable",
                "takes wait_for_completion=True: without it this task does not wait at all. Or let "
                "a PhotaTaskSensor(deferrable=True) wait.",
            )

    def _check_destination(self) -> None:
        if self.destination is not None and not self.wait_for_completion:
            raise PhotaInputError(
                "destination", "takes wait_for_completion=True: there is nothing to land yet."
            )
        if self.skip_existing_edits and self.destination is None:
            raise PhotaInputError(
                "skip_existing_edits", "takes a destination, where earlier edits are looked for."
            )
        by_digest = self.skip_existing_edits
        if self.destination is not None:
            check_landing_as_written(
                self.destination,
                self.filename or (NAMES_BY_DIGEST if by_digest else Names.template),
                self.if_exists,
                by_digest=by_digest,
                pictures=self.num_outputs,
            )
        else:
            check_nothing_to_land(self.filename, self.if_exists, self._defaults)

    @contextmanager
    def _told_of_paid(self, context: Context) -> Iterator[None]:
        """Say with a wrong argument what an earlier attempt has paid for."""
        try:
            yield
        except PhotaInputError as error:
            if before := self._paid_before(context):
                raise error.saying(before) from None
            raise

    def _order(self) -> Order:
        """What is asked for, with its pictures looked at; nothing is sent."""
        edit = EditRequest.checked(
            prompt=self.prompt,
            image_urls=as_text(self.image_urls),
            num_outputs=self.num_outputs,
            resolution=self.resolution,
            profile_ids=self.profile_ids,
            local_inputs=self._hook.settings.is_loopback,
            stored_inputs=True,
        )
        order = Order.of(edit, Publisher(self._hook, self._publish), self.edition)
        if self.skip_existing_edits:
            order.check_content_is_known()
        return order

    def _submit(
        self, context: Context, order: Order, landing: Landing | None
    ) -> tuple[str, PhotaTask | None]:
        """The ID of the paid task, and the task as the service showed it."""

        def published() -> EditRequest:
            # not of a task that is paid for: its pictures may be able to land when it is finished
            if landing:
                with self._told_of_paid(context):
                    check_before_paying(landing, context, self.num_outputs, checked_key(self.ledger_key))
                if self.skip_existing_edits:
                    landed_before(landing)
            return order.published()

        ledger = self._ledger(context)
        if not ledger.remembers:
            self.log.warning(NO_LEDGER)
        submission = Submission(
            hook=order.hook,
            edit=order.identified,
            ledger=ledger,
            policies=self._policies,
            edition=order.edition,
            try_number=context["ti"].try_number,
            adopt=self._adopted(),
            published=published,
        )
        with self._sending(submission):
            self._phota_task_id = phota_task_id = submission.phota_task_id()
        with self._paid(context):
            context["ti"].xcom_push(key=XCOM_PHOTA_TASK_ID, value=phota_task_id)
            if self.skip_existing_edits:
                context["ti"].xcom_push(key=XCOM_EDIT_DIGEST, value=order.digest)
        return phota_task_id, submission.seen

    @contextmanager
    def _sending(self, submission: Submission) -> Iterator[None]:
        """Say what may be paid for, and do not let Airflow retry it where no ledger remembers it."""
        try:
            yield
        except AirflowTaskTimeout:
            if submission.ledger.remembers:
                # every attempt may end like this, and then none comes as far as saying what is held
                if (sent := submission.unanswered) is None:
                    raise
                what_now = what_to_do(sent.try_number, resubmits=sent.resubmits)
                raise AirflowTaskTimeout(logged(out_of_time_unanswered(what_now))) from None
            if not submission.may_have_sent:
                raise
            raise AirflowFailException(logged(out_of_time_unanswered(NO_RETRY))) from None

    def _landing(self, digest: str) -> Landing | None:
        if self.destination is None:
            return None
        names = NAMES_BY_DIGEST if self.skip_existing_edits else Names.template
        return checked_landing(
            self.destination,
            self.filename or names,
            self.if_exists,
            digest=digest if self.skip_existing_edits else "",
            pictures=self.num_outputs,
        )

    def _landed_before(self, context: Context, landing: Landing, files: Sequence[LandedFile]) -> PhotaResult:
        paths = shown([file.path for file in files])
        self.log.info("This edit has landed before: %s. Nothing is paid.", paths)
        result = existing_result(EDIT_MODEL)
        result["files"] = manifest(files)
        outlets = self.outlets
        if files[0].phota_task_id in self._ids_on_record(context):
            result["phota_task_id"] = files[0].phota_task_id  # an earlier attempt of this very task made it
        else:
            # an alias is told of new files only, but an asset among the outlets gets an event in any case
            outlets = [outlet for outlet in outlets if isinstance(outlet, Asset)]
        Delivery(self._hook, landing, context, outlets).announce(files)
        return result

    def _files(self, context: Context, landing: Landing) -> list[LandedFile] | None:
        """The files of this edit, if it has landed. An unreadable store does not hold up what is paid for."""
        try:
            return landed_before(landing)
        except PhotaLedgerError as error:
            if not self._paid_before(context):
                raise
            self.log.warning("%s", error)
            return None

    def _ledger(self, context: Context) -> Ledger:
        return Ledger.of(
            context,
            self.ledger_path or self._hook.settings.ledger_path,
            key=checked_key(self.ledger_key),
            # with an adopted task a person has said what became of the attempts before
            on_discarded=Policy.RESUBMIT if self._adopted() else self._policies.on_discarded,
        )

    def _ids_on_record(self, context: Context) -> frozenset[str]:
        try:
            return self._ledger(context).read().phota_task_ids
        except Discarded:
            return frozenset()

    def _will_be_remembered(self, context: Context) -> bool:
        """Whether a later attempt will know what was paid for; where nobody can say, none will."""
        if self.ledger_path or context.get("task_state_store"):
            return True
        try:
            return bool(self._hook.settings.ledger_path)
        except Exception:
            return False

    def _paid_before(self, context: Context) -> str:
        """What to do about what an earlier attempt paid for, where the edit can no longer be asked for."""
        try:
            phota_task_ids = self._ids_on_record(context)
        except PhotaError:
            return ""
        if not phota_task_ids:
            return ""
        return (
            f"An earlier attempt has paid for {', '.join(sorted(phota_task_ids))}: fetch the result with "
            "PhotaToObjectStorageOperator(result=<that ID>) within 24 hours."
        )

    def _adopted(self) -> str | None:
        if self.adopt_phota_task_id in (None, "", "None"):
            return None
        return checked_task_id(self.adopt_phota_task_id, "adopt_phota_task_id")

    def _finish(self, context: Context, wait: Callable[[], PhotaTask]) -> PhotaResult:
        """Wait, land and return the result."""
        with self._paid(context):
            task = wait()
            result = result_of(task, num_outputs=self.num_outputs)
            if (files := self._delivered(context, task)) is not None:
                result["files"] = files
            return result

    @contextmanager
    def _paid(self, context: Context) -> Iterator[None]:
        """Whatever fails now: where no ledger remembers the paid task, a retry must not follow."""
        try:
            yield
        except PhotaInputRefused as refused:
            raise AirflowFailException(logged(endings.lines(str(refused), REFUSED))) from None
        except PhotaTaskFailed as failed:
            told = failed.saying("A retry submits a new edit, which is billed.")
            logged(str(told))
            raise told from None
        except (AirflowTaskTimeout, PhotaExecutionTimeout):
            if self._will_be_remembered(context):
                raise AirflowTaskTimeout(logged(self._out_of_time(RESUMES))) from None
            text = endings.lines(self._out_of_time(NO_RETRY), self._fetching)
            raise AirflowFailException(logged(text)) from None
        except Exception as error:
            if self._will_be_remembered(context):
                with airflow_retries(), telling_of_retries():
                    raise
            text = endings.lines(self._broke(error), NO_RETRY, self._fetching)
            raise AirflowFailException(logged(text)) from None

    def _out_of_time(self, then: str) -> str:
        return out_of_time(self._named, self.execution_timeout, then)

    def _broke(self, error: Exception) -> str:
        if isinstance(error, PhotaError):
            return str(error)
        return endings.lines(
            f"PHOTA task {self._named} is billed, but its result was not fetched.",
            f"{type(error).__name__}: {error}",
        )

    @property
    def _named(self) -> str:
        return self._phota_task_id or f"of XCom {XCOM_PHOTA_TASK_ID!r}"

    @property
    def _fetching(self) -> str:
        where = repr(self._phota_task_id) if self._phota_task_id else f"<XCom {XCOM_PHOTA_TASK_ID!r}>"
        return f"Fetch the result with PhotaTaskSensor(phota_task_id={where})."

    def _delivered(self, context: Context, task: PhotaTask) -> list[PhotaFile] | None:
        digest = ""
        if self.skip_existing_edits:
            # not of the pictures as they may be by now: of those that were paid for
            ti = context["ti"]
            digest = ti.xcom_pull(task_ids=self.task_id, key=XCOM_EDIT_DIGEST, map_indexes=ti.map_index)
        landing = self._landing(digest)
        if landing is None:
            return None
        key = checked_key(self.ledger_key)
        delivery = Delivery(self._hook, landing, context, self.outlets, key)
        return manifest(delivery.deliver(ResultImages.of_task(task), self.num_outputs))

    @cached_property
    def _hook(self) -> PhotaHook:
        return PhotaHook(self.phota_conn_id)

    @property
    def _wait(self) -> Wait:
        return Wait(self.phota_conn_id, self.timeout, self._intervals, self.max_unreachable)
