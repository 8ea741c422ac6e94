"""Places an order once: the ledger is read first, and written before and after the money is spent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.clock import Clock
from airflow_provider_phota.api.costs import NO_COST, UNKNOWN_COST, Cost, final_cost
from airflow_provider_phota.api.errors import (
    PhotaLedgerError,
    PhotaNotBilled,
    PhotaSubmitAmbiguous,
    PhotaTaskUnknown,
)
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.budget.purse import Purse
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.hooks.price_lists import quote
from airflow_provider_phota.ledger.decisions import (
    AfterAsking,
    Attach,
    BeforeAsking,
    Hold,
    Submit,
    WaitForSender,
    Why,
    after_asking,
    before_asking,
)
from airflow_provider_phota.ledger.ledger import Ledger, Overtaken
from airflow_provider_phota.ledger.messages import discarded_error, held_error, what_to_do
from airflow_provider_phota.ledger.records import Entry, Record, fingerprint
from airflow_provider_phota.ledger.stores import Discarded
from airflow_provider_phota.submitting.charge import Charge, Charges
from airflow_provider_phota.submitting.paid_tasks import ask_about
from airflow_provider_phota.submitting.policies import Policies
from airflow_provider_phota.submitting.sending import Sending
from airflow_provider_phota.submitting.witness import Witness
from airflow_provider_phota.submitting.words import expectation, mention, next_step, what_a_retry_does

log = logging.getLogger(__name__)

#: Seconds between two looks at the record while another attempt may be sending.
_LOOK = 5.0


@dataclass(frozen=True)
class PaidTask:
    """Names the PHOTA task that is paid for.

    Attributes:
        seen: the task as the service showed it last. It is None if the service does not know it yet.
        cost: as it was frozen when the order was sent; of an adopted task, what the service says of it.
        charge: what it takes from the budgets.
    """

    phota_task_id: str
    seen: PhotaTask | None
    cost: Cost
    charge: Charge


@dataclass
class Submission:
    """Places one order for one task instance, in one attempt.

    Attributes:
        identity: what is asked for, as bytes; an earlier attempt's order is recognised by it.
        publish: makes the order as the service can read it, once it is certain to be submitted.
        order: what is asked for, with its files as the user named them.
        edition: text that makes an otherwise identical order another one.
        try_number: Airflow's, for the record.
        adopt: a task, found by a person, to go on with instead of submitting.
        purse: what pays for the order.
        unanswered: a submit whose answer this attempt waits for: its own, or that of an earlier one.
    """

    hook: PhotaHook
    ledger: Ledger
    identity: bytes
    publish: Callable[[], Order]
    order: Order
    policies: Policies = field(default_factory=Policies)
    edition: str = ""
    try_number: int = 1
    adopt: str | None = None
    purse: Purse = field(default_factory=Purse)
    clock: Clock = time
    unanswered: Entry | None = field(default=None, init=False)
    _sending: Sending | None = field(default=None, init=False)

    def place(self) -> PaidTask:
        """Returns the paid task: an earlier attempt's if there is one, or else a new one's.

        Raises:
            PhotaSubmitAmbiguous: An earlier attempt, or this one, may have paid for a task of unknown ID.
            PhotaTaskUnknown: The service no longer knows the task of an earlier attempt.
            PhotaLostSight: There was no usable answer about that task; nothing was submitted.
            PhotaWaitRefused: The service does not let us ask about that task; nothing was submitted.
            PhotaResultsExpired: The results of an earlier attempt are no longer served.
            PhotaLedgerError: The record cannot be read or written.
            PhotaNotBilled: The service refused the order, or could not be reached.
        """
        if self.adopt and self.adopt not in self._record().phota_task_ids:
            return self._adopt(self.adopt)
        while True:
            try:
                return self._resume_or_submit()
            except Overtaken:
                log.info("Another attempt has submitted this order meanwhile; this one sent nothing.")

    @property
    def may_have_sent(self) -> bool:
        """True once this attempt has come as far as sending the order."""
        return self._sending is not None and self._sending.intent is not None

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self.identity, self.hook.phota_conn_id, self.hook.settings.base_url, self.edition)

    @cached_property
    def _charges(self) -> Charges:
        return Charges(self.purse, self._fingerprint, is_remembered=self.ledger.remembers)

    def _resume_or_submit(self) -> PaidTask:
        entry, step = self._look_up()
        if entry and isinstance(step, Attach):
            charge = self._charges.settled(entry)  # first: it is paid for, whatever the service says
            seen, step = self._ask(entry, step.phota_task_id)
            if isinstance(step, Attach):
                log.info(
                    "Going on with PHOTA task %s, which try %s paid for.",
                    step.phota_task_id,
                    entry.try_number,
                )
                self.ledger.settle(entry)
                return PaidTask(step.phota_task_id, seen, entry.cost, charge)
            if seen and seen.is_finished:  # perhaps no attempt has counted its end yet
                charge.end(final_cost(entry.cost, seen))
        if entry and isinstance(step, Hold):
            step = self._settled_or_held(entry, step)
        if not isinstance(step, Submit):
            raise TypeError(f"{step} is not a reason to pay")
        return self._submit(step, entry)

    def _settled_or_held(self, entry: Entry, hold: Hold) -> Submit:
        """Returns the next submit if the last one was provably not billed; else raises the error of it."""
        if hold.why is not Why.AMBIGUOUS:
            raise held_error(entry, hold)
        charge = self._charges.of(entry)
        evidence = self._witness.evidence(entry, charge)
        if self.policies.on_ambiguous is not Policy.SETTLE or not evidence.proves_unbilled:
            raise held_error(entry, hold).saying(*evidence.words)
        charge.settle(NO_COST, paid_at=None)
        return Submit(entry.generation + 1, entry.resubmits, Why.UNBILLED)

    @property
    def _witness(self) -> Witness:
        return Witness(self.hook, settles=self.policies.on_ambiguous is Policy.SETTLE)

    def _adopt(self, phota_task_id: str) -> PaidTask:
        """Goes on with a task that a person found, and remembers it."""
        seen = ask_about(self.hook, phota_task_id)
        cost = final_cost(UNKNOWN_COST, seen)
        while True:
            latest = self._record().latest(self._fingerprint)
            step = Submit(latest.generation + 1 if latest else 1)
            free = Charge(Purse(), "")
            intent = self._new_sending(step, latest, free).intent_for(seconds=0.0)
            # first: once the task is on record, no later attempt looks for the reservation of the lost submit
            charge = self._charges.settled(latest or intent, cost)
            try:
                self.ledger.intend(intent, latest)
            except Overtaken:
                continue
            self.ledger.note_task(replace(intent, phota_task_id=phota_task_id, model=seen.model, cost=cost))
            log.info("Going on with PHOTA task %s by adopt_phota_task_id; nothing is sent.", phota_task_id)
            return PaidTask(phota_task_id, seen, cost, charge)

    def _look_up(self) -> tuple[Entry | None, BeforeAsking]:
        """Reads the record once no other attempt can be sending any more."""
        sender: Entry | None = None
        end = 0.0
        while True:
            record = self._record()
            entry = record.latest(self._fingerprint)
            if entry != sender:
                sender, end = entry, self.clock.monotonic() + self._seconds_left(entry)
            step = before_asking(entry, end - self.clock.monotonic(), self.policies.on_ambiguous)
            self.unanswered = entry if isinstance(step, WaitForSender) else None
            if not isinstance(step, WaitForSender):
                for other in record.others(self._fingerprint):
                    mention(other)
                return entry, step
            log.info("Another attempt may still be sending this order, for up to %.0f s.", step.seconds)
            self.clock.sleep(min(step.seconds, _LOOK))

    def _record(self) -> Record:
        try:
            return self.ledger.read()
        except Discarded:
            raise discarded_error(self.try_number - 1) from None

    def _seconds_left(self, entry: Entry | None) -> float:
        is_intent = entry is not None and entry.phota_task_id is None
        return self.ledger.seconds_left(entry) if entry and is_intent else 0.0

    def _ask(self, entry: Entry, phota_task_id: str) -> tuple[PhotaTask | None, AfterAsking]:
        try:
            task = ask_about(self.hook, phota_task_id)
        except PhotaTaskUnknown:
            task = None
        return task, after_asking(
            entry,
            task,
            self.clock.time(),
            on_missing=self.policies.on_missing,
            on_expired=self.policies.on_expired,
        )

    def _submit(self, step: Submit, known: Entry | None) -> PaidTask:
        if step.why:
            log.warning("Submitting again, which is billed: %s.", step.why.value)
        charge = self._charges.new(step.generation)
        self._sending = sending = self._new_sending(step, known, charge)
        sending.quote = quote(self.hook, self.order)
        charge.reserve(sending.quote.expected)
        sending.before = self._witness.look_before(charge)
        try:
            task = self.hook.run(
                protocol.submit(
                    self.publish(),
                    before_sending=self._begin_sending,
                    resend_on_503=self.hook.settings.resend_on_503,
                )
            )
        except PhotaNotBilled as problem:
            sending.take_back()
            charge.release(is_sole=self.may_have_sent)
            raise problem.saying(f"Nothing was billed.{next_step(problem)}") from None
        except PhotaLedgerError:
            charge.release(is_sole=self.may_have_sent)
            raise
        except Overtaken:
            charge.release(is_sole=False)
            raise
        except PhotaSubmitAmbiguous as ambiguous:
            raise self._ambiguous(ambiguous, step, charge) from None
        # in the log too, and first: if every store fails, a person can still find the task
        cost = sending.quote.reserved(task.usage)
        log.info("Submitted PHOTA task %s.%s Cost: %s.", task.id, expectation(task), cost)
        self.unanswered = None
        intent = sending.intent or sending.intent_for(seconds=0.0)
        self.ledger.note_task(replace(intent, phota_task_id=task.id, cost=cost))
        charge.settle(cost, intent.sent_at)
        return PaidTask(task.id, task, cost, charge)

    def _new_sending(self, step: Submit, known: Entry | None, charge: Charge) -> Sending:
        return Sending(
            self.ledger,
            self._fingerprint,
            step,
            known,
            try_number=self.try_number,
            seconds=self.hook.settings.total_timeout,
            clock=self.clock,
            charge=charge,
        )

    def _begin_sending(self) -> None:
        if self._sending:
            self._sending.begin()
            self.unanswered = self._sending.intent

    def _ambiguous(self, error: PhotaSubmitAmbiguous, step: Submit, charge: Charge) -> PhotaSubmitAmbiguous:
        if self._sending and (intent := self._sending.intent):
            error = error.saying(*self._witness.evidence(intent, charge).words)
        if not self.ledger.remembers or not (then := what_a_retry_does(self.policies.on_ambiguous, step)):
            return error.saying(what_to_do(self.try_number, resubmits=step.resubmits))
        retried = error.saying(then)
        retried.retryable = True
        return retried
