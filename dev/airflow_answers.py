"""What Airflow's REST API answers, typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


class AirflowApiError(RuntimeError):
    """Airflow refused a request; the message has its status and body."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class TaskInstance:
    """One task instance as it is now; `state` is None before the scheduler has looked at it."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int
    max_tries: int
    start_date: datetime | None
    end_date: datetime | None
    duration: float | None
    operator: str | None
    pool: str
    pid: int | None
    note: str | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        return cls(
            **{name: row[name] for name in cls.__dataclass_fields__ if not name.endswith("_date")},
            start_date=_instant(row["start_date"]),
            end_date=_instant(row["end_date"]),
        )


@dataclass(frozen=True)
class LogMessage:
    """One message of a task's log; `fields` is all else that Airflow kept with it."""

    timestamp: str
    level: str
    event: str
    fields: Mapping[str, Any]

    @classmethod
    def of_text(cls, line: str) -> Self:
        """A line of which Airflow knows no more than its text."""
        return cls("-", "-", line, {})

    @property
    def error(self) -> str:
        """The exceptions logged with the message, outermost first."""
        chain = self.fields.get("error_detail") or []
        return " <- ".join(f"{each['exc_type']}: {each['exc_value']}" for each in chain)

    def __str__(self) -> str:
        fields = json.dumps(self.fields, default=str) if self.fields else ""
        return f"{self.timestamp} {self.level} {self.event} {fields}".rstrip()


@dataclass(frozen=True)
class ImportProblem:
    """A DAG file that Airflow could not import."""

    filename: str
    stack_trace: str


@dataclass(frozen=True)
class Health:
    """The last heartbeat of each background component that calls itself healthy; the database's state."""

    database_is_healthy: bool
    heartbeats: Mapping[str, datetime]

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        beats = {
            name: datetime.fromisoformat(body[name][f"latest_{name}_heartbeat"])
            for name in ("scheduler", "triggerer", "dag_processor")
            if (body.get(name) or {}).get("status") == "healthy"
        }
        return cls(body["metadatabase"]["status"] == "healthy", beats)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
