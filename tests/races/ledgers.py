"""Defines where the record of a race is kept, and reads it after the race."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_provider_phota.ledger.records import InstanceName, Record
from tests.chaos.object_store import S3Server

BUCKET = "ledger"


@dataclass(frozen=True)
class Ledger:
    """Describes one way to keep the record.

    Attributes:
        store: the store of `ledger_path`, "file" or "s3", or None without a `ledger_path`.
        keeps_state: True with Airflow's task state store.
    """

    store: str | None
    keeps_state: bool

    @property
    def words(self) -> str:
        kinds = ("task state store", self.keeps_state), ("ledger_path", self.store is not None)
        return " + ".join(name for name, is_used in kinds if is_used)


LEDGERS = {
    "file": Ledger("file", keeps_state=False),
    "s3": Ledger("s3", keeps_state=False),
    "state": Ledger(None, keeps_state=True),
    "file+state": Ledger("file", keeps_state=True),
    "s3+state": Ledger("s3", keeps_state=True),
}


@dataclass
class ObjectStores:
    """Holds a directory and a bucket for the ledgers."""

    folder: Path
    s3: S3Server | None

    def path(self, ledger: Ledger) -> str | None:
        if ledger.store == "s3":
            return f"s3://aws_default@{BUCKET}"
        return f"file://{self.folder}" if ledger.store else None

    def recorded(self, ledger: Ledger, run_id: str) -> Iterator[Record]:
        """Yields all that is written about a run's order, without using the provider's own stores."""
        digest = InstanceName("races", run_id, "edit", -1).digest
        for content in self._contents(ledger, digest):
            yield Record.from_dict(json.loads(content))

    def _contents(self, ledger: Ledger, digest: str) -> Iterator[bytes]:
        if ledger.store == "file":
            for path in (self.folder / digest).glob("*.json"):
                yield path.read_bytes()
        elif self.s3 and ledger.store == "s3":
            for name, content in self.s3.objects(BUCKET, f"{digest}/"):
                if name.endswith(".json"):
                    yield content


def recorded_in_state(ask: Callable[[], Any]) -> Iterator[Record]:
    """Yields what Airflow's task state store holds. It may hold nothing."""
    value = ask()
    if value is not None:
        yield Record.from_dict(value)
