"""Where a ledger lies in a trial, and what can befall its store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.chaos.object_store import S3Server

#: What can befall a store. The first three are said to the gate of `s3_server.py`.
HANGS = "hanging"
UNANSWERED = "unanswered"
FORBIDDEN = "forbidden"
FAILING = "failing"
#: The directory or the bucket is not there.
AWAY = "away"
#: In its place there is an empty one, as a mount point is.
EMPTIED = "emptied"
MARKER = "phota-ledger.json"
_BEGUN = b'{"version": 1, "ledger": "chaos", "begun_at": 0.0}'


class Root(Protocol):
    """The root of a ledger."""

    @property
    def url(self) -> str:
        """For `ledger_path`."""

    def begin(self) -> None:
        """Say that it is a ledger, as the command does: the first attempt of a trial cannot, if it is away."""

    def contents(self, digest: str) -> Iterator[bytes]:
        """The records of a task instance."""

    def break_down(self, how: str, match: str) -> None:
        """What befalls it from now on."""

    def come_back(self) -> None:
        """All is well again."""


@dataclass(frozen=True)
class DiskRoot:
    """A directory."""

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

    def break_down(self, how: str, match: str) -> None:
        if match or how not in {AWAY, EMPTIED}:
            raise ValueError(f"a disk does not break like that: {how} {match}")
        self.folder.rename(self._elsewhere)
        if how == EMPTIED:
            self.folder.mkdir()

    def come_back(self) -> None:
        if self._elsewhere.exists():
            # what somebody wrote there meanwhile would be lost, as below a mount
            shutil.rmtree(self.folder, ignore_errors=True)
            self._elsewhere.rename(self.folder)


@dataclass(frozen=True)
class BucketRoot:
    """A bucket."""

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

    def break_down(self, how: str, match: str) -> None:
        if how == EMPTIED:
            raise ValueError("a bucket is there or away")
        self.s3.set_gate(self.name, how, match)

    def come_back(self) -> None:
        self.s3.set_gate(self.name, "open")
