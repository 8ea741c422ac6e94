"""Refuses a destination in which the next run would find this run's results as its input."""

from __future__ import annotations

import os
from dataclasses import dataclass

from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # it has no types

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.folder import Pictures
from airflow_provider_phota.batch.items.rows import Source
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.pictures import EXTENSIONS


@dataclass(frozen=True)
class Overlap:
    """Is a destination at or below the folder that a source looks through.

    Attributes:
        source: which looks there for pictures.
        destination: the directory that results land in.
        path: of the destination below the root of the source; empty, or with a slash at its end.
    """

    source: Pictures
    destination: Place
    path: str

    @classmethod
    def of(cls, source: Source, destination: Place) -> Overlap | None:
        """Returns the overlap; None if there is none."""
        if not isinstance(source, Pictures) or source.folder.protocol != destination.protocol:
            return None
        root, path = f"{real_path(source.folder)}/", f"{real_path(destination)}/"
        return cls(source, destination, path.removeprefix(root)) if path.startswith(root) else None

    def check(self, stem: str) -> None:
        """Refuses the destination if the source would read an item's results.

        Args:
            stem: the name of the first one, without its extension.

        Raises:
            PhotaInputError: It would.
        """
        for extension in EXTENSIONS:
            if self.source.reads(f"{self.path}{stem}.{extension}"):
                raise PhotaInputError(
                    "destination",
                    f"lies inside {self.source.argument} ({self.source.name}): the next run would pay for "
                    f"{shown(f'{self.destination.url}/{stem}.{extension}')} again. Name another directory.",
                )


def real_path(place: Place) -> str:
    """Returns the path of a place; on a disk, links are followed."""
    return os.path.realpath(place.path) if isinstance(place.fs, LocalFileSystem) else place.path
