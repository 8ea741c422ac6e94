"""Checks what only all items together show: keys and files that two of them share."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items import names
from airflow_provider_phota.batch.items.folder import Pictures
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.rows import KEY, Source
from airflow_provider_phota.results.names import Names
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.pictures import EXTENSIONS


@dataclass
class Together:
    """Remembers the keys and the files of the items so far.

    Attributes:
        filename: the template of the files' names.
    """

    filename: str
    _keys: dict[str, int] = field(default_factory=dict)
    _stems: dict[str, int] = field(default_factory=dict)

    def check(self, item: Item) -> None:
        """Refuses an item whose key or files are another one's, or whose files cannot have their names.

        Raises:
            PhotaInputError: It says why, and names the other row.
        """
        first = self._keys.setdefault(item.key, item.number)
        if first != item.number:
            raise PhotaInputError(KEY, f"is {shown(item.key)}, as it is in row {first}.")
        stem = names.landing_stem(self.filename, item)
        names.check_can_land(stem, item)
        if names.is_fixed(self.filename):
            first = self._stems.setdefault(stem, item.number)
            if first != item.number:
                raise names.collision(self.filename, stem, first)


def check_destination(argument: str, source: Source, destination: Place, stem: str) -> None:
    """Refuses a destination in which the next run would find this run's results as its input.

    Args:
        argument: that named the source.
        source: of the items.
        destination: the directory that their pictures land in.
        stem: the template of the names of an item's files.

    Raises:
        PhotaInputError: It is such a destination.
    """
    if not isinstance(source, Pictures) or not source.may_read_in(destination):
        return
    landed = destination / Names(stem).stem("task", 0)
    for extension in EXTENSIONS:
        place = landed + f".{extension}"
        if source.reads(place):
            raise PhotaInputError(
                "destination",
                f"lies inside {argument} ({source.name}): the next run would take {shown(place.url)} for its "
                "input, and pay for it. Name another directory.",
            )
