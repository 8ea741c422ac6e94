"""Keeps files of trials, such as all that belongs to one batch, on a disk or in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from tests.chaos.object_store import S3Server


class Place(Protocol):
    """A directory or a bucket."""

    @property
    def url(self) -> str:
        """The URL of it, for Airflow."""

    def put(self, name: str, content: bytes) -> None:
        """Writes an object."""

    def read(self, name: str) -> bytes:
        """Reads an object, or raises FileNotFoundError."""

    def names(self, folder: str) -> Iterator[str]:
        """Yields the names of all objects in a folder, and below it."""

    def break_store(self, how: str) -> None:
        """Breaks the store from now on."""

    def repair(self) -> None:
        """Repairs the store."""


@dataclass(frozen=True)
class DiskPlace:
    """Is a directory."""

    folder: Path

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def put(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def names(self, folder: str) -> Iterator[str]:
        for path in sorted((self.folder / folder).rglob("*")):
            if path.is_file():
                yield str(path.relative_to(self.folder))

    def break_store(self, how: str) -> None:
        raise ValueError(f"a disk cannot break like this: {how}")

    def repair(self) -> None:
        pass


@dataclass(frozen=True)
class BucketPlace:
    """Is a bucket."""

    s3: S3Server
    name: str

    @property
    def url(self) -> str:
        return f"s3://aws_default@{self.name}"

    @cached_property
    def _client(self) -> Any:
        return self.s3.client()

    def put(self, name: str, content: bytes) -> None:
        self._client.put_object(Bucket=self.name, Key=name, Body=content)

    def read(self, name: str) -> bytes:
        try:
            return self._client.get_object(Bucket=self.name, Key=name)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            raise FileNotFoundError(name) from None

    def names(self, folder: str) -> Iterator[str]:
        yield from self.s3.names(self.name, f"{folder}/")

    def break_store(self, how: str) -> None:
        self.s3.set_gate(self.name, how)

    def repair(self) -> None:
        self.s3.set_gate(self.name, "open")
