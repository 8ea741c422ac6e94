"""Describes what a check has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """Says how a thing is."""

    OK = "ok"
    #: it works, or an order can do without it
    WARNING = "warning"
    FAILED = "failed"
    #: something else has to be fixed first
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """Is one line of the doctor.

    Attributes:
        name: of what was checked.
        text: what was found, and what to do if it is not ok.
    """

    name: str
    state: State
    text: str

    @classmethod
    def ok(cls, name: str, text: str) -> Finding:
        return cls(name, State.OK, text)

    @classmethod
    def warning(cls, name: str, text: str) -> Finding:
        return cls(name, State.WARNING, text)

    @classmethod
    def failed(cls, name: str, text: str) -> Finding:
        return cls(name, State.FAILED, text)

    @classmethod
    def not_checked(cls, name: str, needs: str) -> Finding:
        return cls(name, State.NOT_CHECKED, f"{needs} comes first")

    def to_dict(self) -> dict[str, str]:
        return {"check": self.name, "state": self.state.value, "text": self.text}
