"""Describes how a wait ended, as a trigger tells its Airflow task. A worker then fetches the results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from airflow_provider_phota.api.endings import PhotaExecutionTimeout
from airflow_provider_phota.api.errors import (
    PhotaError,
    PhotaLostSight,
    PhotaResultsMissing,
    PhotaTaskError,
    PhotaTaskUnknown,
    PhotaWaitRefused,
    PhotaWaitTimeout,
)

VERSION = 1


class WaitEnd(Enum):
    """Says how a wait ended: the service ended the task, or the wait had one of its errors."""

    FINISHED = "finished"
    TIMED_OUT = "timed_out"
    EXECUTION_TIMED_OUT = "execution_timed_out"
    LOST_SIGHT = "lost_sight"
    RESULTS_MISSING = "results_missing"
    TASK_UNKNOWN = "task_unknown"
    REFUSED = "refused"


_ERRORS: dict[WaitEnd, type[PhotaTaskError]] = {
    WaitEnd.EXECUTION_TIMED_OUT: PhotaExecutionTimeout,  # first, since it is a PhotaWaitTimeout too
    WaitEnd.TIMED_OUT: PhotaWaitTimeout,
    WaitEnd.LOST_SIGHT: PhotaLostSight,
    WaitEnd.RESULTS_MISSING: PhotaResultsMissing,
    WaitEnd.TASK_UNKNOWN: PhotaTaskUnknown,
    WaitEnd.REFUSED: PhotaWaitRefused,
}


@dataclass(frozen=True)
class WaitEvent:
    """Describes the end of one wait. It travels through Airflow's database, without URL, prompt and key.

    Attributes:
        end: how the wait ended.
        phota_task_id: the task that was waited for.
        message: the text of the error; empty if the task is finished.
    """

    end: WaitEnd
    phota_task_id: str
    message: str = ""

    @classmethod
    def of_error(cls, error: PhotaError, phota_task_id: str) -> WaitEvent:
        """Returns the event of a wait that ended with an error."""
        ends = (end for end, kind in _ERRORS.items() if isinstance(error, kind))
        return cls(next(ends, WaitEnd.REFUSED), phota_task_id, str(error))

    @property
    def error(self) -> PhotaTaskError | None:
        """The error that this end means; None for FINISHED."""
        kind = _ERRORS.get(self.end)
        return kind(self.message, self.phota_task_id) if kind else None

    def to_dict(self) -> dict[str, Any]:
        """Returns the event as plain data, which any version of Airflow can store."""
        return {
            "version": VERSION,
            "end": self.end.value,
            "phota_task_id": self.phota_task_id,
            "message": self.message,
        }

    @classmethod
    def from_dict(cls, event: Any) -> WaitEvent:
        """Returns the event in plain data.

        Raises:
            ValueError: the data is not such an event, or of a version that this package does not know.
        """
        try:
            if event["version"] != VERSION:
                raise ValueError(f"version {event['version']!r}")
            return cls(WaitEnd(event["end"]), str(event["phota_task_id"]), str(event["message"]))
        except (TypeError, KeyError, ValueError) as error:
            raise unreadable_event(error) from None


def unreadable_event(error: Exception) -> ValueError:
    """Returns the error of an event that cannot be read, given what failed."""
    return ValueError(
        f"The trigger's event cannot be read ({type(error).__name__}: {error}). Do triggerer and "
        "worker run the same version of airflow-provider-phota?"
    )
