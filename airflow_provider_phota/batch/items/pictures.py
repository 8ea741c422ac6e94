"""Finds out which pictures a row names, and where they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.orders.files import is_stored
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.columns import ONE_PICTURE, PICTURES
from airflow_provider_phota.storage.paths import Place, check_url, checked_path

#: The beginning of a URL; without it, a path is relative.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
#: Stores that are remembered to have been opened.
_MOST_STORES = 1000


@dataclass
class RowPictures:
    """Reads the column of a row that names its pictures.

    Attributes:
        column: of the model; empty if it takes no pictures.
        folder: where relative paths begin; None if they mean nothing.
    """

    column: str
    folder: Place | None
    _opened: set[str] = field(default_factory=set)

    def given(self, values: Mapping[str, object]) -> object:
        """Returns the pictures of a row as URLs; None if it has none of its own.

        Raises:
            PhotaInputError: They are named twice, or by a path that does not lead below the folder.
        """
        column = self.column
        if column == PICTURES and ONE_PICTURE in values:
            if column in values:
                raise PhotaInputError(ONE_PICTURE, f"and {PICTURES} are both given: use one of them.")
            column = ONE_PICTURE
        return self._absolute(column, values[column]) if column in values else None

    def _absolute(self, column: str, value: object) -> object:
        if is_list(value):
            return [self._absolute(column, each) for each in value]
        is_relative = isinstance(value, str) and value.strip() and not _SCHEME.match(value)
        if self.folder is None or not isinstance(value, str) or not is_relative:
            return value
        path = value.removeprefix("./")
        if path.startswith("/") or ".." in path.split("/"):
            raise PhotaInputError(
                column, f"must be a URL, or a path below the manifest's folder, got {shown(value)}."
            )
        return f"{self.folder.url}/{path}"

    def check_stores(self, pictures: tuple[str, ...]) -> None:
        """Checks that pictures in a store can be looked for, once it is their turn. None of them is opened.

        Raises:
            PhotaInputError: A path leads upwards, or a store cannot be opened here.
        """
        for picture in filter(is_stored, pictures):
            check_url(self.column, picture)
            scheme, _, rest = picture.partition("://")
            store = f"{scheme}://{rest.partition('/')[0]}"
            if store not in self._opened:
                checked_path(self.column, picture)
                if len(self._opened) < _MOST_STORES:
                    self._opened.add(store)
