"""Writes down the checked items of a batch, so that all attempts and resumptions have the same ones.

A plan is a folder `plans/<digest>/` with chunks of lines, and `plan.json`, which is written last: without it
there is no plan. The digest is over all lines, so a plan never changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.lines_of_plan import ORDERS, from_line
from airflow_provider_phota.batch.items.reading import read_items
from airflow_provider_phota.batch.items.spec import ItemSpec
from airflow_provider_phota.batch.items.spool import Spool
from airflow_provider_phota.storage import objects, records
from airflow_provider_phota.storage.drafts import new_draft
from airflow_provider_phota.storage.paths import Place

_PLANS, _RECORD = "plans", "plan.json"
_VERSION = 1


class UnreadablePlan(PhotaLedgerError):
    """A plan is missing or damaged. A retry of the Airflow task writes it again."""

    def __init__(self, damage: object) -> None:
        super().__init__(
            lines(
                "The plan of this batch cannot be read; nothing more is sent by this attempt.",
                f"{damage}.",
                "It lists items, and no payments. A retry writes it again, and pays for nothing twice.",
            )
        )


@dataclass(frozen=True)
class Plan:
    """Is the items of a batch, in a store.

    Attributes:
        folder: of this plan.
        digest: over all items, in hex.
        model: that all of them ask for.
        edition: text that makes an otherwise identical order another one.
        count: of the items.
        chunks: the SHA-256 of each chunk, in hex.
    """

    folder: Place
    digest: str
    model: str
    edition: str
    count: int
    chunks: tuple[str, ...]

    @classmethod
    def read(cls, folder: Place, digest: str) -> Plan:
        """Returns a plan that was written.

        Args:
            folder: of the journal.
            digest: of the plan.

        Raises:
            UnreadablePlan: There is no such plan, it was not written to its end, or it is damaged.
        """
        own = folder / _PLANS / digest
        try:
            return records.read(own / _RECORD, lambda fields: cls._of(own, digest, fields))
        except FileNotFoundError:
            raise UnreadablePlan(f"There is no {(own / _RECORD).command}") from None
        except records.DamagedRecord as damage:
            raise UnreadablePlan(damage) from None

    @classmethod
    def _of(cls, folder: Place, digest: str, fields: Mapping[str, Any]) -> Plan:
        if fields["version"] != _VERSION:
            raise ValueError(f"it has version {fields['version']}, and {_VERSION} is known")
        if fields["model"] not in ORDERS:
            raise ValueError(f"it has the model {shown(fields['model'])}, which is not known")
        return cls(
            folder,
            digest,
            str(fields["model"]),
            str(fields["edition"]),
            int(fields["count"]),
            tuple(fields["chunks"]),
        )

    def items(self) -> Iterator[Item]:
        """Yields the items, chunk by chunk.

        Raises:
            UnreadablePlan: A chunk is missing, or not what was written.
        """
        for number in range(1, len(self.chunks) + 1):
            yield from self.chunk(number)

    def chunk(self, number: int) -> list[Item]:
        """Returns the items of one chunk.

        Args:
            number: of the chunk, from 1.

        Raises:
            UnreadablePlan: It is missing, or not what was written.
        """
        place = _chunk(self.folder, number)
        if (content := _whole(place, self.chunks[number - 1])) is None:
            raise UnreadablePlan(f"{place.command} is missing, or it is not what was written")
        return [from_line(self.model, line) for line in content.splitlines()]


def write_plan(folder: Place, spec: ItemSpec) -> Plan:
    """Reads and checks all items of a batch, and writes them down. The same items are the same plan.

    What is missing of a plan, or damaged, is written again.

    Args:
        folder: of the journal.
        spec: of the items.

    Raises:
        NoItems: There are none.
        PhotaInputError: Rows are bad. Nothing is written then.
        PhotaUnreachable: The source could not be read; a retry may help.
    """
    with Spool(f"{spec.model}\n{json.dumps(spec.edition)}\n") as spool:
        for item in read_items(spec):
            spool.add(item)
        own, digest = folder / _PLANS / spool.digest, spool.digest
        plan = Plan(own, digest, spec.model, spec.edition, spool.count, spool.chunks)
        is_recorded = _is_recorded(folder, plan)
        for number, content in enumerate(spool.contents(), start=1):
            if not is_recorded or _whole(_chunk(own, number), plan.chunks[number - 1]) is None:
                _write(_chunk(own, number), content)
        if not is_recorded:
            fields = {
                "model": plan.model,
                "edition": plan.edition,
                "count": plan.count,
                "chunks": plan.chunks,
            }
            records.replace(own / _RECORD, {"version": _VERSION, "digest": digest, **fields})
        return plan


def _write(place: Place, content: bytes) -> None:
    with new_draft(place) as draft:
        draft.file.write(content)
        draft.publish(place, "application/x-ndjson")


def _is_recorded(folder: Place, plan: Plan) -> bool:
    try:
        return Plan.read(folder, plan.digest) == plan
    except UnreadablePlan:
        return False


def _whole(place: Place, sha256: str) -> bytes | None:
    """Returns what a chunk holds, or None if it is missing or not what was written."""
    try:
        content = objects.read(place)
    except FileNotFoundError:
        return None
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


def _chunk(folder: Place, number: int) -> Place:
    return folder / f"{number:05d}.jsonl"
