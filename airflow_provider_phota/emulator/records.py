"""Defines what the service remembers. The status of a task is computed from its record and the time."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from airflow_provider_phota.emulator.orders import Order, read_order

#: The share of a task's duration in which it is still ``pending``.
PENDING_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Failure:
    """Says why a task ends as ``failed``, and when (epoch seconds)."""

    code: str
    message: str
    at: float


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """Records one task that was created and billed.

    Attributes:
        account: Digest of the key that pays. The key itself is not kept anywhere.
        request: The submit's body as it came.
        created: Epoch seconds.
        duration: Seconds from creation to completion.
        sources: Where each input comes from: ``upload:<id>`` or a URL.
        inputs: The stored inputs, or None while they are being fetched.
        number: How many tasks were created before, since the last reset.
    """

    id: str
    account: str
    request: dict[str, Any]
    order: Order
    created: float
    duration: float
    estimated_time: int
    sources: tuple[str, ...] = ()
    inputs: tuple[str, ...] | None = None
    failure: Failure | None = None
    number: int = 0

    @property
    def done_at(self) -> float:
        return self.created + self.duration

    def status(self, now: float) -> str:
        if self.failure and now >= self.failure.at:
            return "failed"
        if now >= self.done_at and self.inputs is not None:
            return "completed"
        return "pending" if now < self.created + PENDING_SHARE * self.duration else "processing"

    def progress(self, now: float) -> int:
        """Returns the percentage, which grows with time and is 100 only when the task is completed."""
        status = self.status(now)
        if status in ("pending", "completed"):
            return 100 if status == "completed" else 0
        until = min(now, self.failure.at) if self.failure else now
        if until >= self.done_at or until <= self.created:
            return 99 if until >= self.done_at else 0
        return int(99 * (until - self.created) / self.duration)

    def credits(self, now: float) -> int:
        """Returns the credits that are reserved or spent. A failed task is refunded."""
        return 0 if self.status(now) == "failed" else self.order.credits

    def to_json(self) -> str:
        # not `asdict`, which copies all that is in it, and takes longer than all the rest of a submit
        record = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "order"}
        return json.dumps(record | {"failure": self.failure and asdict(self.failure)})

    @classmethod
    def from_json(cls, text: str) -> "TaskRecord":
        record = json.loads(text)
        inputs, failure = record["inputs"], record["failure"]
        record |= {
            "order": read_order(record["request"]),
            "sources": tuple(record["sources"]),
            "inputs": None if inputs is None else tuple(inputs),
            "failure": Failure(**failure) if failure else None,
        }
        return cls(**record)


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """Records one uploaded file. Its bytes are stored under ``blob``."""

    id: str
    filename: str
    size: int
    created: float
    blob: str


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """Shows one line of the billing ledger: a task that the service created and charged for.

    Attributes:
        created: Epoch seconds, whole as in the API.
        credits: Reserved or spent. It is 0 once the task has failed, since that is refunded.
        request: The submit's body as it came.
    """

    id: str
    model: str
    created: int
    status: str
    credits: int
    request: dict[str, Any]


@dataclass(slots=True)
class SeenRequest:
    """Shows one HTTP request that the emulator saw, without its query and its headers.

    Attributes:
        at: Epoch seconds on the service's clock.
        status: The status of the answer, or None if no answer was sent (yet).
    """

    method: str
    path: str
    at: float
    status: int | None = None
