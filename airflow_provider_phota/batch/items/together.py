"""Checks what only all items together show: keys and files that two of them share."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items import names
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.rows import KEY


@dataclass
class Together:
    """Remembers the keys and the files of the items so far.

    Attributes:
        filename: the template of the files' names.
    """

    filename: str
    _keys: dict[str, int] = field(default_factory=dict)
    _stems: dict[str, int] = field(default_factory=dict)

    def check(self, item: Item) -> str:
        """Returns the template of the names of an item's files; see `names.landing_stem`.

        Raises:
            PhotaInputError: Its key or its files are another item's, or its files cannot have their names.
        """
        first = self._keys.setdefault(item.key, item.number)
        if first != item.number:
            raise PhotaInputError(
                KEY, f"is {shown(item.key)}, as in row {first}: give each item a key of its own."
            )
        stem = names.landing_stem(self.filename, item)
        names.check_can_land(stem, item)
        if names.is_fixed(self.filename):
            first = self._stems.setdefault(stem, item.number)
            if first != item.number:
                raise names.collision(self.filename, stem, first)
        return stem
