"""Says which columns the rows for a model may have, and notices those that mean nothing."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeAlias

from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.rows import KEY, SourceRow

#: The orders that a batch can place.
OrderType: TypeAlias = type[EditOrder] | type[GenerateOrder] | type[EnhanceOrder]

#: Arguments of `checked` that say how to check, and not what to order.
SWITCHES = frozenset({"local_inputs", "stored_inputs"})
#: Another name of a column, for rows with one picture.
ONE_PICTURE, PICTURES = "image_url", "image_urls"
#: Columns without a meaning that are remembered, so that a strange file does not fill the memory.
_MOST_UNKNOWN = 1000
#: Such columns that an error names.
_NAMED = 20


@dataclass(frozen=True)
class Columns:
    """Lists the columns that mean something to a model.

    Attributes:
        arguments: those that are arguments of its orders.
        pictures: the one that names the pictures; empty if the model takes none.
    """

    arguments: frozenset[str]
    pictures: str

    @classmethod
    def of(cls, order_type: OrderType) -> Columns:
        parameters = frozenset(inspect.signature(order_type.checked).parameters)
        return cls(parameters - SWITCHES, order_type.files_argument)

    @property
    def main(self) -> str:
        """The argument that a list gives if it has texts in it."""
        return self.pictures or "prompt"

    @property
    def known(self) -> frozenset[str]:
        also = {ONE_PICTURE} if self.pictures == PICTURES else set()
        return self.arguments | also | {KEY}


@dataclass
class ColumnsInUse:
    """Notices columns that are neither an argument nor a field of a template.

    Attributes:
        columns: those of the model.
        used: fields that the templates of some item have.
    """

    columns: Columns
    used: set[str] = field(default_factory=set)
    _unknown: dict[str, str] = field(default_factory=dict)

    def note(self, row: SourceRow, names: Iterable[str]) -> None:
        """Notes which columns a row has."""
        for name in names:
            if name not in self.columns.known and len(self._unknown) < _MOST_UNKNOWN:
                self._unknown.setdefault(name, str(row))

    def faults(self) -> list[str]:
        """Returns lines about columns that nothing was made of, since they may be misspelt."""
        unknown = [(name, row) for name, row in self._unknown.items() if name not in self.used]
        lines = [
            f"column {shown(name)}, first in {row}, {self._guess(name)}" for name, row in unknown[:_NAMED]
        ]
        if len(unknown) > _NAMED:
            lines.append(f"and {len(unknown) - _NAMED} more columns")
        return [*lines, f"Columns are {', '.join(sorted(self.columns.known))}."] if unknown else []

    def _guess(self, name: str) -> str:
        what = "is neither an argument nor a field of a template"
        if ";" in name or "\t" in name:
            return f"{what}: columns are separated by commas."
        match = get_close_matches(name.strip().lower(), sorted(self.columns.known), n=1)
        if match:
            return f"{what}: is {match[0]!r} meant?"
        return f"{what}."
