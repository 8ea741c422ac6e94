"""Checks what only all items together show: keys and files that two of them share."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.rows import KEY
from airflow_provider_phota.batch.names import BatchNames, ItemNames, stem_of
from airflow_provider_phota.results.names import picture_extension
from airflow_provider_phota.results.options import check_index

#: A template by which two items rarely have one name: `{name}` has the extension of the input.
_OTHER_NAMES = "{parent}/{name}-{index}"
#: Pictures of one item whose names are compared. How many are ordered may be a typing error of any size.
MOST_NAMES = 50


@dataclass
class Together:
    """Remembers the keys and the files of the items so far.

    Attributes:
        names: of the files.
        reserved: names in the destination that no folder of pictures can have.
        stems: the rows of the files, by their names without extensions.
    """

    names: BatchNames
    reserved: frozenset[str] = frozenset()
    _keys: dict[str, int] = field(default_factory=dict)
    stems: dict[str, int] = field(default_factory=dict)
    #: The rows of files that lie in a folder with a picture's name, by that name without its extension.
    _folders: dict[str, int] = field(default_factory=dict)

    def check(self, item: Item) -> str:
        """Returns the name of an item's first picture, without its extension.

        Raises:
            PhotaInputError: Its key or its files are another item's, or its files cannot have their names.
        """
        first = self._keys.setdefault(item.key, item.number)
        if first != item.number:
            raise PhotaInputError(
                KEY, f"is {shown(item.key)}, as in row {first}: give each item a key of its own."
            )
        check_index(ItemNames(self.names, item.key), item.order.outputs)
        folder, slash, _ = stem_of(self.names.template, item.key, 0).partition("/")
        if slash and folder in self.reserved:
            raise PhotaInputError(
                KEY,
                f"is {shown(item.key)}, and {folder} is the name of a file of results: choose another key.",
            )
        compared = range(min(item.order.outputs, MOST_NAMES))
        stems = [stem_of(self.names.template, item.key, index) for index in compared]
        for stem in stems:
            self._check_folders(item, stem)
        for stem in () if self.names.has("phota_task_id") else stems:
            first = self.stems.setdefault(stem, item.number)
            if first != item.number:
                raise self._collision(stem, first)
        return stems[0]

    def _check_folders(self, item: Item, stem: str) -> None:
        """Refuses a folder that has the name of a picture: a disk cannot have both."""
        if other := self._folders.get(stem):
            raise self._collision(stem, other)
        folder = stem
        while folder := folder.rpartition("/")[0]:
            if extension := picture_extension(folder):
                name = folder.removesuffix(extension)
                self._folders.setdefault(name, item.number)
                if other := self.stems.get(name):
                    raise self._collision(name, other)

    def _collision(self, stem: str, other: int) -> PhotaInputError:
        template = self.names.template
        other_names = f'use filename="{_OTHER_NAMES}", or ' if template != _OTHER_NAMES else ""
        return PhotaInputError(
            "filename",
            f"names its files {shown(stem)}, as it does those of row {other}: {other_names}give other keys.",
        )
