"""Defines what can go wrong, sorted by what it means for the money.

PhotaError
├── PhotaNotBilled            nothing was billed by this call
│   ├── PhotaInputError           an argument is wrong; nothing was sent
│   ├── PhotaConfigurationError   the Airflow connection is wrong; nothing was sent
│   ├── PhotaBudgetExceeded       the order does not fit into the budget; nothing was sent
│   ├── PhotaBudgetUnusable       it is not known what may be spent; nothing was sent
│   ├── PhotaReviewError          a person's decision is missing, or cannot be carried out
│   │   └── PhotaPublishError         a store did not take an approved picture
│   ├── PhotaUnreachable          the service could not be asked, or did not answer a free question
│   └── PhotaRefused              the service answered with a documented error
│       ├── PhotaAuthenticationError   401, 403: the key
│       ├── PhotaQuotaError            402: the balance
│       ├── PhotaNotFound              404: the service does not know the task
│       ├── PhotaRateLimited           429: too many requests
│       └── PhotaNoChannel             422: no upstream serves the model right now
├── PhotaSubmitAmbiguous      a task may have been created and billed; its ID is not known
├── PhotaLedgerError          the record of what was paid for cannot be read or written; nothing was sent
│   └── PhotaLedgerUnusable       the same, until a person changes something
└── PhotaTaskError            a billed task exists; the error names it
    ├── PhotaTaskFailed           the service ended the task as failed
    │   └── PhotaInputRefused         the service refuses the prompt or a picture, as by content policy
    ├── PhotaWaitTimeout          the deadline passed; the task goes on
    ├── PhotaLostSight            the service could not be asked for too long; the task goes on
    ├── PhotaWaitRefused          the service or the connection does not let us ask about the task
    ├── PhotaTaskUnknown          the service says that it does not know the task
    ├── PhotaResultsMissing       completed, but the service shows no results
    ├── PhotaResultsExpired       completed, but the result URLs are no longer served
    └── PhotaLandingError         completed, but a result could not be brought to its destination

TransportError                no complete answer came; a driver raises it into a conversation, never to a user
├── NotSent                   no byte of the request left this process, so the service cannot have acted on it
└── MaybeSent                 bytes may have left: the service may have acted on it
"""

from __future__ import annotations

import copy
from decimal import Decimal
from enum import Enum
from typing import ClassVar, Self


class Money(Enum):
    """Says whether the PHOTA task that an error is about is billed."""

    NOT_BILLED = "not billed"
    UNKNOWN = "maybe billed"
    BILLED = "billed"


class PhotaError(Exception):
    """Is the base of all errors that this package raises on purpose. It never holds a key or a signed URL."""

    money: ClassVar[Money]
    #: True if the same attempt can succeed later although nothing was changed.
    retryable: bool = False
    #: Seconds for which the service asked us not to ask again.
    retry_after: float = 0.0

    def saying(self, *more: str) -> Self:
        """Returns the same error with further lines."""
        longer = copy.copy(self)
        longer.args = ("\n".join((str(self), *more)),)
        return longer


class PhotaNotBilled(PhotaError):
    """Nothing was billed by the call that raised this."""

    money = Money.NOT_BILLED


class PhotaInputError(PhotaNotBilled, ValueError):
    """An argument is wrong. This was found before anything was sent."""

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"{argument}: {problem}")
        self.argument = argument
        self.problem = problem

    def __reduce__(self) -> tuple[type[PhotaInputError], tuple[str, str]]:
        return type(self), (self.argument, self.problem)


class PhotaConfigurationError(PhotaNotBilled):
    """The Airflow connection does not describe a usable PHOTA account. Nothing was sent."""


class PhotaBudgetExceeded(PhotaNotBilled):
    """The order does not fit into the budget any more. Nothing was sent.

    Attributes:
        amount: what the order would have reserved, as the text of a number.
        limit: of the budget, as the text of a number.
        log: where the budget is counted, as a URL of object storage.
        ends_at: epoch seconds at which the period turns; None if it does not.
    """

    def __init__(
        self, message: str, amount: str = "0", limit: str = "0", log: str = "", ends_at: float | None = None
    ) -> None:
        super().__init__(message)
        self.amount = amount
        self.limit = limit
        self.log = log
        self.ends_at = ends_at

    @property
    def can_fit(self) -> bool:
        """True if the order fits once money is given back or the period turns; False if it costs too much."""
        return Decimal(self.amount) <= Decimal(self.limit)

    def __reduce__(self) -> tuple[type[PhotaBudgetExceeded], tuple[str, str, str, str, float | None]]:
        return type(self), (str(self), self.amount, self.limit, self.log, self.ends_at)


class PhotaBudgetUnusable(PhotaNotBilled):
    """It is not known what may be spent: the budget, or the price of the order, cannot be read."""

    retryable = True


class PhotaUnreachable(PhotaNotBilled):
    """A request was never sent, or a free question (not a submit) got no usable answer."""

    retryable = True

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PhotaRefused(PhotaNotBilled):
    """The service refused the request with a documented error, so the request created no task.

    Attributes:
        status: the HTTP status.
        code: the vendor's `error.code` or, without one, its `error.type`; may be empty.
        request_id: the vendor's request id for a support ticket; may be empty.
    """

    def __init__(
        self, message: str, status: int, code: str = "", request_id: str = "", retry_after: float = 0.0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[PhotaRefused], tuple[str, int, str, str, float]]:
        return type(self), (str(self), self.status, self.code, self.request_id, self.retry_after)


class PhotaAuthenticationError(PhotaRefused):
    """401 or 403: the key is invalid, expired or not allowed to do this."""


class PhotaQuotaError(PhotaRefused):
    """402: the balance is too low. Add credit to the account."""


class PhotaNotFound(PhotaRefused):
    """404: the service does not know the task."""


class PhotaRateLimited(PhotaRefused):
    """429: the service got too many requests. It did not accept this one and does not bill it."""

    retryable = True


class PhotaNoChannel(PhotaRefused):
    """422 with a code that says that no upstream serves the model right now."""

    retryable = True


class PhotaSubmitAmbiguous(PhotaError):
    """The submit was sent, and no answer proves what became of it: it may have been billed.

    Attributes:
        named_task_id: ID of a PHOTA task that the answer mentions; empty if it mentions no task.
    """

    money = Money.UNKNOWN
    named_task_id: str = ""


class PhotaLedgerError(PhotaError):
    """The record of what was paid for cannot be read or written.

    Nothing was sent, since the record may name a task that is paid for already.
    """

    money = Money.UNKNOWN
    retryable = True


class PhotaLedgerUnusable(PhotaLedgerError):
    """The record is damaged, missing or not ours, or a right is missing, so another attempt fails too."""

    retryable = False


class PhotaTaskError(PhotaError):
    """A task exists and is billed, but something is wrong with it or with the wait for it.

    Attributes:
        phota_task_id: ID of the task, for the vendor's console and for another wait.
    """

    money = Money.BILLED

    def __init__(self, message: str, phota_task_id: str) -> None:
        super().__init__(message)
        self.phota_task_id = phota_task_id

    def __reduce__(self) -> tuple[type[PhotaTaskError], tuple[str, str]]:
        return type(self), (str(self), self.phota_task_id)


class PhotaTaskFailed(PhotaTaskError):
    """The service ended the task as failed or cancelled. Waiting again cannot change that."""


class PhotaInputRefused(PhotaTaskFailed):
    """The service ended the task because it refuses its input.

    A new order with the same prompt and pictures would be billed, and would end the same way.
    """


class PhotaWaitTimeout(PhotaTaskError):
    """The deadline passed while the task was running; the task goes on."""

    retryable = True


class PhotaLostSight(PhotaTaskError):
    """The service could not be asked for too long; the task goes on."""

    retryable = True


class PhotaWaitRefused(PhotaTaskError):
    """The service or the connection does not let us ask about the task, as with a revoked key.

    Attributes:
        is_about_all: True if no other task can be asked about either.
    """

    def __init__(self, message: str, phota_task_id: str, *, is_about_all: bool = False) -> None:
        super().__init__(message, phota_task_id)
        self.is_about_all = is_about_all


class PhotaTaskUnknown(PhotaTaskError):
    """The service does not know the task: the ID is wrong, of another account, or already deleted."""

    money = Money.UNKNOWN


class PhotaResultsMissing(PhotaTaskError):
    """The task is completed, but the service keeps answering without its results."""

    retryable = True


class PhotaResultsExpired(PhotaTaskError):
    """The task is completed, but its result URLs are no longer served (they live 24 hours)."""


class PhotaLandingError(PhotaTaskError):
    """The task is completed, but a result could not be downloaded or written; doing that again is free."""

    retryable = True


class TransportError(Exception):
    """No complete answer came. The text says what happened, without URLs, headers or the key."""


class NotSent(TransportError):
    """No byte of the request was handed to the socket.

    Attributes:
        permanent: True if sending again would fail the same way, as with an untrusted certificate.
    """

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class MaybeSent(TransportError):
    """At least one byte of the request may have left, so the service may have acted on it."""
