"""Records each time that an order is sent, before the first byte of it leaves."""

from __future__ import annotations

from uuid import uuid4

from airflow_provider_phota.api.clock import Clock
from airflow_provider_phota.api.costs import UNKNOWN_COST, Quote
from airflow_provider_phota.ledger.decisions import Submit
from airflow_provider_phota.ledger.ledger import Ledger, Overtaken
from airflow_provider_phota.ledger.records import Entry

#: Seconds by which a recorded send deadline is later than the request's own.
_MARGIN = 5.0


class Sending:
    """Writes the intents of one submit, which may be sent several times, to the ledger.

    Args:
        ledger: of the task instance.
        fingerprint: of the order.
        step: why it is sent.
        known: the latest entry of the order when that was decided.
        try_number: Airflow's, of this attempt.
        seconds: how long one request may take.
        clock: by which intents are dated.
    """

    def __init__(
        self,
        ledger: Ledger,
        fingerprint: str,
        step: Submit,
        known: Entry | None,
        *,
        try_number: int,
        seconds: float,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._fingerprint = fingerprint
        self._step = step
        self._known = known
        self._try_number = try_number
        self._seconds = seconds + _MARGIN
        self._clock = clock
        #: What the order costs, once that is asked.
        self.quote: Quote | None = None
        #: The last intent, once there is one: from then on the order may have been sent.
        self.intent: Entry | None = None

    def begin(self) -> None:
        """Records that the order is sent now; the driver calls it when the connection stands.

        Raises:
            Overtaken: Another attempt sends it.
            PhotaLedgerError: It cannot be recorded, so it must not be sent.
        """
        self.take_back()  # if it was sent before, the service has refused it
        intent, end = self.intent_for(self._seconds), self._clock.monotonic() + self._seconds
        self._ledger.intend(intent, self._known)
        if self._clock.monotonic() >= end:
            # this process stood still for so long that others have stopped waiting for it
            self._ledger.forget(intent)
            raise Overtaken
        self.intent = intent

    def take_back(self) -> None:
        """Removes the last intent: it provably created no task."""
        if self.intent:
            self._ledger.forget(self.intent)

    def intent_for(self, seconds: float) -> Entry:
        """Returns the entry of a sending that begins now and can take that many seconds."""
        now = self._clock.time()
        return Entry(
            self._fingerprint,
            self._step.generation,
            self._try_number,
            sent_at=now,
            send_deadline=now + seconds,
            resubmits=self._step.resubmits,
            token=uuid4().hex,
            model=self.quote.order.model if self.quote else "",
            cost=self.quote.expected if self.quote else UNKNOWN_COST,
        )
