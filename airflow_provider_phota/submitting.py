"""Submit an edit once: the ledger is read first, and written before and after the money is spent."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import pendulum

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.edits import EditRequest
from airflow_provider_phota.api.errors import (
    PhotaError,
    PhotaLostSight,
    PhotaNotBilled,
    PhotaNotFound,
    PhotaResultsExpired,
    PhotaSubmitAmbiguous,
    PhotaTaskUnknown,
    PhotaWaitRefused,
)
from airflow_provider_phota.api.models import PhotaTask
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.ledger.decisions import (
    AfterAsking,
    Attach,
    BeforeAsking,
    Hold,
    Policy,
    Submit,
    WaitForSender,
    Why,
    after_asking,
    before_asking,
)
from airflow_provider_phota.ledger.ledger import Ledger, Overtaken
from airflow_provider_phota.ledger.records import Entry, fingerprint

log = logging.getLogger(__name__)

#: Seconds by which a recorded send deadline is later than the request's own.
_SENDER_MARGIN = 5.0


@dataclass(frozen=True)
class Policies:
    """What to do where only a new payment would bring a result."""

    on_ambiguous: Policy = Policy.FAIL
    on_missing: Policy = Policy.FAIL
    on_expired: Policy = Policy.FAIL

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
        adopt: a task to take up instead of submitting, found by a person.
        seen: the PHOTA task as the service showed it last, None if it never did.
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
            return self._adopt(self.adopt)
        entry, step = self._look_up()
        if entry and isinstance(step, Attach):
            attached = step.phota_task_id
            step = self._ask(entry, attached)
            if isinstance(step, Attach):
                log.info("Taking up PHOTA task %s, which try %s paid for.", attached, entry.try_number)
                return attached
        if entry and isinstance(step, Hold):
            raise self._held(entry, step)
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
        """Whether a task was adopted or paid for already, so that its own fate decides what comes next."""
        return any(entry.phota_task_id == phota_task_id for entry in self.ledger.read().entries)

    def _adopt(self, phota_task_id: str) -> str:
        """Take up a task that a person found, and remember it."""
        self._task(phota_task_id)
        latest = self.ledger.read().latest(self._fingerprint)
        generation = latest.generation + 1 if latest else 1
        now = time.time()
        self.ledger.note_task(Entry(self._fingerprint, generation, self.try_number, now, now, phota_task_id))
        log.info("Taking up PHOTA task %s by adopt_phota_task_id; nothing is submitted.", phota_task_id)
        return phota_task_id

    def _look_up(self) -> tuple[Entry | None, BeforeAsking]:
        """What the record says, once nobody can be sending any more."""
        waited_for: Entry | None = None
        while True:
            record = self.ledger.read()
            entry = record.latest(self._fingerprint)
            now = math.inf if entry and entry == waited_for else time.time()
            step = before_asking(entry, now, self.policies.on_ambiguous)
            if not isinstance(step, WaitForSender):
                for other in record.others(self._fingerprint):
                    _mention(other)
                return entry, step
            log.info("Another attempt may still be sending this edit; looking again in %.0f s.", step.seconds)
            time.sleep(step.seconds)
            waited_for = entry

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
                f"The service knows no PHOTA task {phota_task_id}. {error}", phota_task_id
            ) from None
        except PhotaNotBilled as error:
            lost = PhotaLostSight if error.retryable else PhotaWaitRefused
            raise lost(
                f"PHOTA task {phota_task_id} is billed, but cannot be asked about. {error} It may be running "
                "or finished; nothing was submitted.",
                phota_task_id,
            ) from None
        return self.seen

    def _submit(self, step: Submit, known: Entry | None) -> str:
        if step.why:
            log.warning("Submitting anew, which is billed: %s.", step.why.value)
        intent = Entry(
            self._fingerprint, step.generation, self.try_number, 0.0, 0.0, resubmits=step.resubmits
        )

        def before_sending() -> None:
            nonlocal intent, known
            now = time.time()
            deadline = now + self.hook.settings.total_timeout + _SENDER_MARGIN
            intent = replace(intent, sent_at=now, send_deadline=deadline)
            self.ledger.intend(intent, known)
            known = intent if self.ledger.remembers else None

        try:
            task = self.hook.run(
                protocol.submit(
                    self.published() if self.published else self.edit,
                    before_sending=before_sending,
                    resend_on_503=self.hook.settings.resend_on_503,
                )
            )
        except PhotaNotBilled as problem:
            self.ledger.forget(intent)
            raise problem.saying(f"Nothing was billed.{_then(problem)}") from None
        except PhotaSubmitAmbiguous as ambiguous:
            raise self._ambiguous(ambiguous, intent) from None
        # in the log too, and first: where every store fails, a person can still find the task
        log.info("Submitted PHOTA task %s.%s", task.id, _expectation(task))
        self.seen = task
        self.ledger.note_task(replace(intent, phota_task_id=task.id))
        return task.id

    def _ambiguous(self, error: PhotaSubmitAmbiguous, intent: Entry) -> PhotaSubmitAmbiguous:
        resubmits = self.policies.on_ambiguous is Policy.RESUBMIT and not intent.resubmits
        if resubmits and self.ledger.remembers:
            told = error.saying("on_ambiguous='resubmit': a retry pays for it once more.")
            told.retryable = True
            return told
        return error.saying(_what_to_do(intent))

    def _held(self, entry: Entry, hold: Hold) -> PhotaError:
        if entry.phota_task_id is None:
            return PhotaSubmitAmbiguous(
                f"A PHOTA task may have been created and billed: {_told(entry)} never got its answer. "
                f"{_what_to_do(entry)}"
            )
        if hold.why is Why.EXPIRED:
            return PhotaResultsExpired(
                f"{_told(entry)} was completed and billed, but its results are no longer served: they live "
                "24 hours. To pay for the edit anew, set on_expired='resubmit' or another edition.",
                entry.phota_task_id,
            )
        return PhotaTaskUnknown(
            f"{_told(entry)} was billed, but the service no longer knows it. To pay for the edit anew, set "
            "on_missing='resubmit' or another edition.",
            entry.phota_task_id,
        )


def _then(problem: PhotaNotBilled) -> str:
    return " A retry submits the edit." if problem.retryable else ""


def _what_to_do(entry: Entry) -> str:
    anew = "another edition" if entry.resubmits else "on_ambiguous='resubmit' or another edition"
    return (
        "Look for a task of that minute in the vendor's console. If there is one, take it up with "
        f"adopt_phota_task_id='...'; if there is none, set {anew}. Then clear this task."
    )


def _mention(other: Entry) -> None:
    """Name what was paid, or may have been, for a different edit of the same Airflow task."""
    if other.phota_task_id:
        log.info("This task paid for a different edit before: %s.", _told(other))
    else:
        log.warning(
            "A different edit of this task may have been billed: %s never got its answer.", _told(other)
        )


def _told(entry: Entry) -> str:
    at = pendulum.from_timestamp(entry.sent_at).to_iso8601_string()
    name = f"PHOTA task {entry.phota_task_id}" if entry.phota_task_id else "The submit"
    return f"{name} of try {entry.try_number} at {at}"


def _expectation(task: PhotaTask) -> str:
    return f" The service expects it to take {task.estimated_time:.0f} s." if task.estimated_time else ""
