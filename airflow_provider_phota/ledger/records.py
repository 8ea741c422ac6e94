"""Defines what the ledger records about the orders of one task instance."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost
from airflow_provider_phota.api.task_ids import TASK_ID

VERSION = 1


class UnreadableRecord(ValueError):
    """The record exists, but it cannot be read. It may name a paid task, so nothing may be paid now."""


@dataclass(frozen=True)
class InstanceName:
    """Names a task instance, the same in all its attempts. Its record has that name.

    Attributes:
        iteration: the number of the iteration in a loop of Airflow 3.4, or None outside a loop.
        key: the author's name for the item of a mapped task, used instead of the map index.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    iteration: int | None = None
    key: str | None = None

    @property
    def digest(self) -> str:
        """The name of its record, which can be used in any store."""
        parts = [self.dag_id, self.run_id, self.task_id]
        parts += [str(self.map_index)] if self.key is None else ["key", self.key]
        if self.iteration is not None:
            parts += ["iteration", str(self.iteration)]
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]

    def to_dict(self) -> dict[str, Any]:
        """Returns the name as plain data, for the files of the task instance."""
        return asdict(self)  # which a golden file holds

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> InstanceName:
        """Reads a name back.

        Raises:
            KeyError, TypeError, ValueError: It is not the name of a task instance.
        """
        iteration, key = fields["iteration"], fields["key"]
        return cls(
            str(fields["dag_id"]),
            str(fields["run_id"]),
            str(fields["task_id"]),
            int(fields["map_index"]),
            None if iteration is None else int(iteration),
            None if key is None else str(key),
        )


def fingerprint(body: bytes, phota_conn_id: str, base_url: str, edition: str) -> str:
    """Returns a digest of the exact request and of the connection that pays for it, without any secret."""
    parts = (body, phota_conn_id.encode(), base_url.encode(), edition.encode())
    return hashlib.sha256(b"\x00".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@dataclass(frozen=True)
class Entry:
    """Records one submit: it is an intent before the order is sent, and a paid task once the ID is known.

    Attributes:
        fingerprint: the fingerprint of the request.
        generation: 1 for the first submit of this fingerprint, and one more for each new one.
        try_number: Airflow's number of the attempt that sent it.
        sent_at: epoch seconds when it was about to be sent.
        send_deadline: epoch seconds after which no process can still be sending it.
        phota_task_id: the paid task. An intent has None here.
        resubmits: how many submits of unknown fate this one repeats.
        token: different for every sending. It is empty in the records of version 0.1.
        model: that was ordered; empty if an older version wrote the record.
        cost: what the order was expected to cost, and of a paid task what the answer to its submit says. It
            is never computed again, since prices change. An entry with another cost is still the same entry.
    """

    fingerprint: str
    generation: int
    try_number: int
    sent_at: float
    send_deadline: float
    phota_task_id: str | None = None
    resubmits: int = 0
    token: str = ""
    model: str = ""
    cost: Cost = field(default=UNKNOWN_COST, compare=False)

    @property
    def seconds_to_send(self) -> float:
        """Seconds that the sender was given, by its own clock."""
        return max(self.send_deadline - self.sent_at, 0.0)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "fingerprint": self.fingerprint,
            "generation": self.generation,
            "try_number": self.try_number,
            "sent_at": self.sent_at,
            "send_deadline": self.send_deadline,
            "resubmits": self.resubmits,
            "token": self.token,
        }
        if self.phota_task_id is not None:
            fields["phota_task_id"] = self.phota_task_id
        if self.model:
            fields |= {"model": self.model, "cost": self.cost.to_dict()}
        return fields


@dataclass(frozen=True)
class Record:
    """Holds all submits of one task instance, in the order in which they were written."""

    entries: tuple[Entry, ...] = ()

    def latest(self, of_fingerprint: str) -> Entry | None:
        """Returns the last generation of a request, and of that the paid task rather than the intent."""
        entries = (entry for entry in self.entries if entry.fingerprint == of_fingerprint)
        return max(entries, key=_rank, default=None)

    @property
    def phota_task_ids(self) -> frozenset[str]:
        """The IDs of all tasks that are known to be paid."""
        return frozenset(entry.phota_task_id for entry in self.entries if entry.phota_task_id)

    def others(self, than_fingerprint: str) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.fingerprint != than_fingerprint)

    def without(self, entry: Entry) -> Record:
        return Record(tuple(known for known in self.entries if _submit_of(known) != _submit_of(entry)))

    def merged(self, other: Record) -> Record:
        """Returns what two stores know together: of each submit the paid task rather than the intent."""
        best: dict[tuple[str, int, str], Entry] = {}
        for entry in (*self.entries, *other.entries):
            known = best.get(_submit_of(entry))
            if known is None or _rank(entry) > _rank(known):
                best[_submit_of(entry)] = entry
        return Record(tuple(best.values()))

    def to_dict(self) -> dict[str, Any]:
        return {"version": VERSION, "entries": [entry.to_dict() for entry in self.entries]}

    @classmethod
    def from_dict(cls, value: object) -> Record:
        """Reads a record back.

        Raises:
            UnreadableRecord: the value is not a record, or its version is unknown.
        """
        if not isinstance(value, Mapping) or value.get("version") != VERSION:
            raise UnreadableRecord("it is not a ledger record of version 1")
        try:
            return cls(tuple(_entry_from(fields) for fields in value["entries"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableRecord(f"it has a missing or wrong field ({type(error).__name__})") from None


def _submit_of(entry: Entry) -> tuple[str, int, str]:
    return entry.fingerprint, entry.generation, entry.token


def _rank(entry: Entry) -> tuple[int, bool, float]:
    return entry.generation, entry.phota_task_id is not None, entry.sent_at


def _entry_from(fields: Mapping[str, Any]) -> Entry:
    phota_task_id = fields.get("phota_task_id")
    if phota_task_id is not None and not TASK_ID.fullmatch(phota_task_id):
        raise ValueError("phota_task_id")
    return Entry(
        fingerprint=str(fields["fingerprint"]),
        generation=int(fields["generation"]),
        try_number=int(fields["try_number"]),
        sent_at=float(fields["sent_at"]),
        send_deadline=float(fields["send_deadline"]),
        phota_task_id=phota_task_id,
        resubmits=int(fields["resubmits"]),
        token=str(fields.get("token", "")),
        model=str(fields.get("model", "")),
        cost=Cost.from_dict(fields.get("cost")),
    )
