"""Submit an edit once: the ledger is read first, and written before and after the money is spent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import uuid4

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.errors import (
    PhotaLostSight,
    PhotaNotBilled,
    PhotaNotFound,
    PhotaSubmitAmbiguous,
    PhotaTaskUnknown,
    PhotaWaitRefused,
)
from airflow_provider_phota.api.orders.edit import EditRequest
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.ledger.decisions import (
    AfterAsking,
    Attach,
    BeforeAsking,
    Hold,
    Policy,
    Submit,
    WaitForSender,
    after_asking,
    before_asking,
)
from airflow_provider_phota.ledger.held import discarded, held, told, what_to_do
from airflow_provider_phota.ledger.ledger import Ledger, Overtaken
from airflow_provider_phota.ledger.records import Entry, Record, fingerprint
from airflow_provider_phota.ledger.stores import Discarded

log = logging.getLogger(__name__)

#: Seconds by which a recorded send deadline is later than the request's own.
_SENDER_MARGIN = 5.0
#: Seconds between two looks at the record while another attempt may be sending.
_LOOK = 5.0


@dataclass(frozen=True)
class Policies:
    """What to do where only a new payment would bring a result."""

    on_ambiguous: Policy = Policy.FAIL
    on_missing: Policy = Policy.FAIL
    on_expired: Policy = Policy.FAIL
    on_discarded: Policy = Policy.FAIL

    @classmethod
    def checked(cls, **policies: str) -> Policies:
        """What an author gave, by the names of the attributes.

        Raises:
            PhotaInputError: one is no policy.
        """
        return cls(**{name: checked_choice(Policy, name, value) for name, value in policies.items()})


@dataclass
class Submission:
    """One edit of one task instance, in one attempt.

    Attributes:
        edit: what is asked for, by which an earlier attempt's is recognised.
        edition: text that makes an otherwise identical edit another one.
        try_number: Airflow's, for the record.
        published: makes of the edit what the service can read, once it is certain to be submitted.
        adopt: a task to go on with instead of submitting, found by a person.
        seen: the PHOTA task as the service showed it last, None if it never did.
        may_have_sent: whether this attempt has come as far as sending the edit.
        unanswered: a submit whose answer this attempt waits for: its own, or that of one before it.
    """

    hook: PhotaHook
    edit: EditRequest
    ledger: Ledger
    policies: Policies = Policies()
    edition: str = ""
    try_number: int = 1
    adopt: str | None = None
    published: Callable[[], EditRequest] | None = None
    seen: PhotaTask | None = field(default=None, init=False)
    may_have_sent: bool = field(default=False, init=False)
    unanswered: Entry | None = field(default=None, init=False)

    def phota_task_id(self) -> str:
        """The ID of the paid task: an earlier attempt's where there is one, or a new one's.

        Raises:
            PhotaSubmitAmbiguous: an earlier attempt, or this one, may have paid for a task nobody knows.
            PhotaTaskUnknown: the service no longer knows the task of an earlier attempt.
            PhotaLostSight: it could not be asked about that task; nothing was submitted.
            PhotaWaitRefused: it does not let us ask about that task; nothing was submitted.
            PhotaResultsExpired: the results of an earlier attempt are no longer served.
            PhotaLedgerError: the record cannot be read or written.
            PhotaNotBilled: the service refused the edit, or could not be reached.
        """
        if self.adopt and not self._knows(self.adopt):
            return self._adopted(self.adopt)
        entry, step = self._look_up()
        if entry and isinstance(step, Attach):
            attached = step.phota_task_id
            step = self._ask(entry, attached)
            if isinstance(step, Attach):
                log.info("Going on with PHOTA task %s, which try %s paid for.", attached, entry.try_number)
                self.ledger.settle(entry)
                return attached
        if entry and isinstance(step, Hold):
            raise held(entry, step)
        try:
            return self._submit(step if isinstance(step, Submit) else Submit(), entry)
        except Overtaken:
            log.info("Another attempt has submitted this edit meanwhile; nothing was sent by this one.")
            return self.phota_task_id()

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(
            self.edit.body(), self.hook.phota_conn_id, self.hook.settings.base_url, self.edition
        )

    def _knows(self, phota_task_id: str) -> bool:
        """True if a task was adopted or paid for already, so that its own fate decides what comes next."""
        return phota_task_id in self._record().phota_task_ids

    def _adopted(self, phota_task_id: str) -> str:
        """Go on with a task that a person found, and remember it."""
        self._task(phota_task_id)
        while True:
            latest = self._record().latest(self._fingerprint)
            intent = self._intent(Submit(latest.generation + 1 if latest else 1), seconds=0.0)
            try:
                self.ledger.intend(intent, latest)
            except Overtaken:
                continue
            self.ledger.note_task(replace(intent, phota_task_id=phota_task_id))
            log.info("Going on with PHOTA task %s by adopt_phota_task_id; nothing is sent.", phota_task_id)
            return phota_task_id

    def _look_up(self) -> tuple[Entry | None, BeforeAsking]:
        """What the record says, once no other attempt can be sending any more."""
        sender: Entry | None = None
        end = 0.0
        while True:
            record = self._record()
            entry = record.latest(self._fingerprint)
            if entry != sender:
                sender, end = entry, time.monotonic() + self._seconds_left(entry)
            step = before_asking(entry, end - time.monotonic(), self.policies.on_ambiguous)
            self.unanswered = entry if isinstance(step, WaitForSender) else None
            if not isinstance(step, WaitForSender):
                for other in record.others(self._fingerprint):
                    _mention(other)
                return entry, step
            log.info("Another attempt may still be sending this edit, for up to %.0f s.", step.seconds)
            time.sleep(min(step.seconds, _LOOK))

    def _record(self) -> Record:
        try:
            return self.ledger.read()
        except Discarded:
            raise discarded(self.try_number - 1) from None

    def _seconds_left(self, entry: Entry | None) -> float:
        is_intent = entry is not None and entry.phota_task_id is None
        return self.ledger.seconds_left(entry) if entry and is_intent else 0.0

    def _ask(self, entry: Entry, phota_task_id: str) -> AfterAsking:
        try:
            task = self._task(phota_task_id)
        except PhotaTaskUnknown:
            task = None
        return after_asking(
            entry,
            task,
            time.time(),
            on_missing=self.policies.on_missing,
            on_expired=self.policies.on_expired,
        )

    def _task(self, phota_task_id: str) -> PhotaTask:
        """Ask about a paid task; an error names it."""
        try:
            self.seen = self.hook.get_task(phota_task_id)
        except PhotaNotFound as error:
            raise PhotaTaskUnknown(
                f"The service does not know PHOTA task {phota_task_id}.\n{error}", phota_task_id
            ) from None
        except PhotaNotBilled as error:
            lost = PhotaLostSight if error.retryable else PhotaWaitRefused
            raise lost(
                f"PHOTA task {phota_task_id} is billed, but cannot be asked about.\n{error}\n"
                "It may be running or finished; nothing was submitted now.",
                phota_task_id,
            ) from None
        return self.seen

    def _submit(self, step: Submit, known: Entry | None) -> str:
        if step.why:
            log.warning("Submitting again, which is billed: %s.", step.why.value)
        sending: Entry | None = None

        def before_sending() -> None:
            nonlocal sending
            if sending:
                self.ledger.forget(sending)  # the service refused that one
            self.unanswered = sending = self._begin_sending(step, known)
            self.may_have_sent = True

        try:
            task = self.hook.run(
                protocol.submit(
                    self.published() if self.published else self.edit,
                    before_sending=before_sending,
                    resend_on_503=self.hook.settings.resend_on_503,
                )
            )
        except PhotaNotBilled as problem:
            if sending:
                self.ledger.forget(sending)
            raise problem.saying(f"Nothing was billed.{_next_step(problem)}") from None
        except PhotaSubmitAmbiguous as ambiguous:
            raise self._ambiguous(ambiguous, step) from None
        # in the log too, and first: where every store fails, a person can still find the task
        log.info("Submitted PHOTA task %s.%s", task.id, _expectation(task))
        self.seen, self.unanswered = task, None
        intent = sending or self._intent(step, seconds=0.0)
        self.ledger.note_task(replace(intent, phota_task_id=task.id))
        return task.id

    def _begin_sending(self, step: Submit, known: Entry | None) -> Entry:
        """Record that the edit is sent now.

        Raises:
            Overtaken: another attempt sends it.
            PhotaLedgerError: it cannot be recorded, so it must not be sent.
        """
        seconds = self.hook.settings.total_timeout + _SENDER_MARGIN
        intent, end = self._intent(step, seconds), time.monotonic() + seconds
        self.ledger.intend(intent, known)
        if time.monotonic() >= end:
            # this process stood still for so long that others have stopped waiting for it
            self.ledger.forget(intent)
            raise Overtaken
        return intent

    def _intent(self, step: Submit, seconds: float) -> Entry:
        """A sending that begins now and may take so long."""
        now = time.time()
        return Entry(
            self._fingerprint,
            step.generation,
            self.try_number,
            sent_at=now,
            send_deadline=now + seconds,
            resubmits=step.resubmits,
            token=uuid4().hex,
        )

    def _ambiguous(self, error: PhotaSubmitAmbiguous, step: Submit) -> PhotaSubmitAmbiguous:
        resubmits = self.policies.on_ambiguous is Policy.RESUBMIT and not step.resubmits
        if resubmits and self.ledger.remembers:
            retried = error.saying("on_ambiguous='resubmit': a retry pays for it once more.")
            retried.retryable = True
            return retried
        return error.saying(what_to_do(self.try_number, resubmits=step.resubmits))


def _next_step(problem: PhotaNotBilled) -> str:
    return " A retry submits the edit." if problem.retryable else ""


def _mention(other: Entry) -> None:
    """Name what was paid, or may have been, for a different edit of the same Airflow task."""
    if other.phota_task_id:
        log.info("This task paid for a different edit before: %s.", told(other))
    else:
        log.warning(
            "A different edit of this task may have been billed: %s never got its answer.", told(other)
        )


def _expectation(task: PhotaTask) -> str:
    return f" The service expects it to take {task.estimated_time:.0f} s." if task.estimated_time else ""
