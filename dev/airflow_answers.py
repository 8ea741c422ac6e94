"""Defines typed answers of Airflow's REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


class AirflowApiError(RuntimeError):
    """Airflow refused a request. The message has the status and the body of its answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class TaskInstance:
    """Shows one task instance as it is now. Its `state` is None before the scheduler has looked at it."""

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
            start_date=_datetime_or_none(row["start_date"]),
            end_date=_datetime_or_none(row["end_date"]),
        )


@dataclass(frozen=True)
class LogMessage:
    """Shows one message of a task's log. All else that Airflow kept with it is in `fields`."""

    timestamp: str
    level: str
    event: str
    fields: Mapping[str, Any]

    @classmethod
    def of_text(cls, line: str) -> Self:
        """Returns a message that is only a line of text."""
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
    """Shows the state of the database, and the last heartbeat of each component that says it is healthy."""

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


def _datetime_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
