"""Reads items from a list: of texts, of dicts, or of what other Airflow tasks returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.api.lists import flattened
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.rows import SourceRow


@dataclass(frozen=True)
class Listed:
    """Is a list. A text in it is a picture, or a prompt for a model that takes no pictures.

    Attributes:
        members: of the list; the members of a list in it count as its own.
        main: the column that a text is for.
    """

    members: Sequence[object]
    main: str

    @property
    def name(self) -> str:
        return "the list"

    @property
    def folder(self) -> None:
        return None

    def rows(self) -> Iterator[SourceRow]:
        for number, member in enumerate(flattened(self.members), start=1):
            yield self._row(number, member)

    def _row(self, number: int, member: object) -> SourceRow:
        if isinstance(member, (str, ObjectStoragePath)):
            return SourceRow(number, {self.main: str(member)})
        if isinstance(member, Mapping) and all(isinstance(name, str) for name in member):
            return SourceRow(number, {name: _as_text(value) for name, value in member.items()})
        return SourceRow(number, fault=f"must be a text or a dict of arguments, got {shown(member)}.")


def _as_text(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [_as_text(each) for each in value]
    return str(value) if isinstance(value, ObjectStoragePath) else value
