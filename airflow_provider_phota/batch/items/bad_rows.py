"""Collects what is wrong with rows, so that one error tells a user about many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.hints import RENDERED_TO_TEXT
from airflow_provider_phota.api.written import NATIVE_RENDERING
from airflow_provider_phota.batch.items.rows import SourceRow

#: How many bad rows an error names.
_NAMED = 20
#: Explains how an argument of an operator came to be text, which does not help with a row of a file.
_HINTS = (RENDERED_TO_TEXT, NATIVE_RENDERING)


class NoItems(PhotaInputError):
    """There is nothing to do: the folder, the manifest or the list is empty."""


@dataclass
class BadRows:
    """Collects the faults of rows: the first ones by their text, the others by their number.

    Attributes:
        argument: what the user calls the rows.
        source: where they come from, for the message.
    """

    argument: str
    source: str
    count: int = 0
    _lines: list[str] = field(default_factory=list)

    def add(self, row: SourceRow, fault: str) -> None:
        """Notes why a row cannot be ordered."""
        self.count += 1
        if len(self._lines) < _NAMED:
            self._lines.append(f"{row}: {without_hints(fault)}")

    def raise_if_any(self, rows: int, columns: Sequence[str] = ()) -> None:
        """Refuses all rows if some of them are bad.

        Args:
            rows: how many there are.
            columns: lines about columns that mean nothing.

        Raises:
            PhotaInputError: It lists the first bad rows, and says how many more there are.
        """
        lines: list[str] = []
        if self.count:
            lines = [f"{self.count} of {rows} rows of {self.source} cannot be ordered.", *self._lines]
        if more := self.count - len(self._lines):
            lines.append(f"and {more} more")
        if lines or columns:
            raise PhotaInputError(self.argument, "\n".join([*lines, *columns, "Nothing was sent."]))


def without_hints(fault: str) -> str:
    """Returns the text of an error without advice about templates of DAGs."""
    for hint in _HINTS:
        fault = fault.replace(f" {hint}", "")
    return fault
