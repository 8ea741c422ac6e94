"""Describes a PHOTA task and what became of it. Source: the vendor's pages of the task query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import pendulum

from airflow_provider_phota.api.refused_inputs import refuses_input
from airflow_provider_phota.api.types import PhotaCost, PhotaResult

#: Hours a result URL lives, counted here from the task's creation: the earliest it can end.
RESULT_HOURS = 24


class TaskStatus(Enum):
    """Says how the service describes a task. A word that is not in this list is `UNKNOWN`: still running."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_terminal(self) -> bool:
        return self in (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED)


class Outcome(Enum):
    """Says what a task's answer means to someone who waits for its results."""

    RUNNING = "running"
    #: completed, but the answer has no results yet: seen in production, gone within seconds
    RESULTS_PENDING = "results pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class Image:
    """Is one output picture. Whoever has its URL can read the picture for 24 hours."""

    url: str = field(repr=False)
    content_type: str | None = None


@dataclass(frozen=True)
class Failure:
    """Says in the service's words why it ended a task.

    Attributes:
        code: of the error or, without one, its type.
        kind: the error's type, which says less than a code.
    """

    code: str
    message: str
    kind: str = ""

    @property
    def refuses_input(self) -> bool:
        """True if the prompt or a picture was refused, so that the same order would end in the same way."""
        return refuses_input((self.code, self.kind), self.message)


@dataclass(frozen=True)
class PhotaTask:
    """Shows a task as it is in one answer of the service.

    Attributes:
        id: opaque, as `TASK_ID` has it.
        status_word: the service's own word, kept for the log where `status` is UNKNOWN.
        progress: percent 0-100, a hint: never decides anything.
        created: epoch seconds, None if the service did not say.
        age: seconds since `created` when the answer was given, by the service's own clock; None if unknown.
        estimated_time: seconds the service expects the task to take, None if it did not say.
        images: output pictures, for the image models.
        profile_ids: created profiles, for `phota-create-profile`.
        usage: what the service said about credits, as it said it.
        request_id: of the answer this was read from, for a support ticket.
    """

    id: str
    model: str
    status: TaskStatus
    status_word: str
    progress: int | None = None
    created: int | None = None
    age: float | None = None
    estimated_time: float | None = None
    images: tuple[Image, ...] = ()
    profile_ids: tuple[str, ...] = ()
    failure: Failure | None = None
    usage: Mapping[str, str | int | float] = field(default_factory=dict)
    request_id: str = ""

    @property
    def outcome(self) -> Outcome:
        if self.status in (TaskStatus.FAILED, TaskStatus.CANCELLED):
            return Outcome.FAILED
        if self.status is not TaskStatus.COMPLETED:
            return Outcome.RUNNING
        return Outcome.SUCCEEDED if self.images or self.profile_ids else Outcome.RESULTS_PENDING

    @property
    def refuses_input(self) -> bool:
        """True if the service refused the input, so that the same order would end in the same way."""
        return self.outcome is Outcome.FAILED and self.failure is not None and self.failure.refuses_input

    @property
    def is_finished(self) -> bool:
        """True once the wait is over, with a result or with an error."""
        return self.outcome in (Outcome.SUCCEEDED, Outcome.FAILED)

    @property
    def expires_at(self) -> pendulum.DateTime | None:
        """The earliest moment at which its result URLs can stop working; None if `created` is not known."""
        created = self.created_at
        return created.add(hours=RESULT_HOURS) if created else None

    @property
    def created_at(self) -> pendulum.DateTime | None:
        return pendulum.from_timestamp(self.created) if self.created is not None else None

    def to_dict(self, cost: PhotaCost | None = None) -> PhotaResult:
        """Returns the finished task as plain data, which operators and sensors return and users chain on.

        Args:
            cost: of its order; None if nothing is known of it.
        """
        created, expires = self.created_at, self.expires_at
        result: PhotaResult = {
            "phota_task_id": self.id,
            "model": self.model,
            "status": self.status_word,
            "images": [{"url": image.url, "content_type": image.content_type} for image in self.images],
            "created": created.to_iso8601_string() if created else None,
            "expires_at": expires.to_iso8601_string() if expires else None,
            "usage": dict(self.usage),
            "cost": cost or {"usd": None, "credits": None, "is_estimate": True},
        }
        if self.profile_ids:
            result["profile_ids"] = list(self.profile_ids)
        return result
