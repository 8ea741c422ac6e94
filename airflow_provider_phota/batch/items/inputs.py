"""Refuses results that would replace what the items of a batch are made of."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.overlap import real_path
from airflow_provider_phota.batch.items.together import MOST_NAMES
from airflow_provider_phota.batch.names import BatchNames, stem_of
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.pictures import EXTENSIONS

#: How results may end.
_ENDS = tuple(f".{extension}" for extension in EXTENSIONS)


@dataclass
class Inputs:
    """Remembers the pictures in the destination that items are made of.

    Attributes:
        names: of the results.
        destination: the directory that the results land in.
        results: the row of each result so far, that of the item included, by its name without its extension.
    """

    names: BatchNames
    destination: Place
    results: Mapping[str, int]
    _inputs: dict[str, int] = field(default_factory=dict)

    def check(self, item: Item) -> None:
        """Refuses an item if its results and the inputs so far, or the other way round, have one name.

        Raises:
            PhotaInputError: They have.
        """
        if self.names.has("phota_task_id"):
            return  # a name of its own, which no input has
        for own in self._in_destination(item):
            self._inputs.setdefault(own, item.number)
            if number := self.results.get(own):
                raise self._error(own, number)
        if self._inputs:
            for index in range(min(item.order.outputs, MOST_NAMES)):
                stem = stem_of(self.names.template, item.key, index)
                if stem in self._inputs:
                    raise self._error(stem, item.number)

    def _in_destination(self, item: Item) -> Iterator[str]:
        """Yields the pictures of an item that may be replaced, without their extensions."""
        folder = f"{real_path(self.destination).rstrip('/')}/"
        for file in item.order.files:
            scheme, _, path = file.partition("://")
            if scheme == "file":
                path = _without_links(path)
            _, is_inside, name = path.partition(folder)
            if is_inside and scheme == self.destination.protocol and name.lower().endswith(_ENDS):
                yield name.rpartition(".")[0]

    def _error(self, stem: str, number: int) -> PhotaInputError:
        return PhotaInputError(
            "destination",
            f"has the picture {shown(stem)} that row {self._inputs[stem]} is made of, and a result of row "
            f"{number} would replace it: name another directory, or another filename.",
        )


def _without_links(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{_real_folder(folder)}/{name}"


@lru_cache(maxsize=1_000)
def _real_folder(path: str) -> str:
    return os.path.realpath(path)
