"""Provides the roots of ledgers, and breaks their stores."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.chaos.object_store import S3Server

#: What can happen to a store. The gate of `s3_server.py` knows them by the same names.
HANGS = "hanging"
UNANSWERED = "unanswered"
FORBIDDEN = "forbidden"
FAILING = "failing"
#: The directory or the bucket does not exist.
AWAY = "away"
#: There is an empty directory instead, as an empty mount point.
EMPTIED = "emptied"
MARKER = "phota-ledger.json"
_BEGUN = b'{"version": 1, "ledger": "chaos", "begun_at": 0.0}'


class Root(Protocol):
    """The directory or the bucket of a ledger."""

    @property
    def url(self) -> str:
        """The value of `ledger_path`."""

    def begin(self) -> None:
        """Marks it as a ledger, as the command does. In some trials the first attempt cannot do that."""

    def contents(self, digest: str) -> Iterator[bytes]:
        """Yields the records of a task instance."""

    def break_store(self, how: str, match: str) -> None:
        """Breaks the store from now on."""

    def repair(self) -> None:
        """Repairs the store."""


@dataclass(frozen=True)
class DiskRoot:
    """Keeps a ledger in a directory."""

    folder: Path

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    @property
    def _elsewhere(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-elsewhere")

    def begin(self) -> None:
        (self.folder / MARKER).write_bytes(_BEGUN)

    def contents(self, digest: str) -> Iterator[bytes]:
        for path in (self.folder / digest).glob("*.json"):
            yield path.read_bytes()

    def break_store(self, how: str, match: str) -> None:
        if match or how not in {AWAY, EMPTIED}:
            raise ValueError(f"a disk cannot break like this: {how} {match}")
        self.folder.rename(self._elsewhere)
        if how == EMPTIED:
            self.folder.mkdir()

    def repair(self) -> None:
        if self._elsewhere.exists():
            # what was written there meanwhile is lost, as below a mount point
            shutil.rmtree(self.folder, ignore_errors=True)
            self._elsewhere.rename(self.folder)


@dataclass(frozen=True)
class BucketRoot:
    """Keeps a ledger in a bucket."""

    s3: S3Server
    name: str

    @property
    def url(self) -> str:
        return f"s3://aws_default@{self.name}"

    def begin(self) -> None:
        self.s3.put(self.name, MARKER, _BEGUN)

    def contents(self, digest: str) -> Iterator[bytes]:
        for name, content in self.s3.objects(self.name, f"{digest}/"):
            if name.endswith(".json"):
                yield content

    def break_store(self, how: str, match: str) -> None:
        if how == EMPTIED:
            raise ValueError("a bucket cannot be replaced by an empty one")
        self.s3.set_gate(self.name, how, match)

    def repair(self) -> None:
        self.s3.set_gate(self.name, "open")
