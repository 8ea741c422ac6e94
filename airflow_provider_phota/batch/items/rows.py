"""Defines a row: what a user gave for one item, before anything of it is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_phota.storage.paths import Place

#: The column, and the field of templates, that names an item.
KEY = "key"
#: Bytes of one row. A longer one means that the file is not what it seems to be.
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Is what a user gave for one item.

    Attributes:
        number: its place among all rows, from 1.
        values: what the user gave, by column.
        where: how a user finds the row if the number does not tell, such as `line 3`.
        fault: why the row cannot be read; empty if it can.
    """

    number: int
    values: Mapping[str, object] = field(default_factory=dict)
    where: str = ""
    fault: str = ""

    def __str__(self) -> str:
        return f"row {self.number} ({self.where})" if self.where else f"row {self.number}"


class Source(Protocol):
    """Reads rows, one after the other.

    Attributes:
        name: what messages call it.
        folder: where relative paths of pictures begin; None if they mean nothing.
    """

    @property
    def name(self) -> str: ...

    @property
    def folder(self) -> Place | None: ...

    def rows(self) -> Iterator[SourceRow]:
        """Yields the rows. A row that cannot be read has a fault.

        Raises:
            PhotaInputError: There is nothing to read, or it is of another kind.
            PhotaUnreachable: The store could not be asked; a retry may help.
        """


def place_of(number: int, line: int) -> str:
    """Returns where a row of a text file is, if its number does not say so."""
    return f"line {line}" if line != number else ""
