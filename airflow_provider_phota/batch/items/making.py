"""Makes an item of a row: its arguments are the row's own and the defaults, its texts are filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.orders.files import is_stored
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.columns import ONE_PICTURE, PICTURES, Columns, ColumnsInUse
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.keys import checked_key, fields_of, usual_key
from airflow_provider_phota.batch.items.rows import KEY, SourceRow
from airflow_provider_phota.batch.items.templates import has_braces, parsed
from airflow_provider_phota.storage.paths import Place, check_url, checked_path

#: The beginning of a URL; without it, a path is relative.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
#: Stores that one process remembers to have opened.
_MOST_STORES = 1000


class ItemMaker:
    """Makes items of rows.

    Args:
        make_order: checks arguments and makes an order of them.
        columns: those of the model.
        defaults: arguments of items that do not have their own.
        folder: where relative paths of pictures begin; None if they mean nothing.
    """

    def __init__(
        self,
        make_order: Callable[..., Order],
        columns: Columns,
        defaults: Mapping[str, object],
        folder: Place | None,
    ) -> None:
        self.in_use = ColumnsInUse(columns)
        self._make_order = make_order
        self._columns = columns
        self._defaults = defaults
        self._folder = folder
        self._opened: set[str] = set()

    def item(self, row: SourceRow) -> Item:
        """Returns the item.

        Raises:
            PhotaInputError: A value of it is missing or wrong.
        """
        values = {name: value for name, value in row.values.items() if value is not None}
        self.in_use.note(row, values)
        pictures = self._pictures(values)
        key = self._key(row.number, values, pictures)
        fields = {**fields_of(key), **values, KEY: key}
        arguments = {
            **{name: self._filled(name, value, fields) for name, value in self._own(self._defaults)},
            **{name: self._filled(name, value, fields) for name, value in self._own(values)},
        }
        if pictures is not None:
            arguments[self._columns.pictures] = pictures
        return Item(row.number, key, self._ordered(arguments))

    def _own(self, values: Mapping[str, object]) -> list[tuple[str, object]]:
        """Returns the arguments among some values, but for the pictures."""
        wanted = self._columns.arguments - {self._columns.pictures}
        return [(name, value) for name, value in values.items() if name in wanted]

    def _ordered(self, arguments: Mapping[str, Any]) -> Order:
        missing = [
            name
            for name in ("prompt", self._columns.pictures)
            if name in self._columns.arguments - set(arguments)
        ]
        if missing:
            raise PhotaInputError(missing[0], "is missing, and there is no default.")
        order = self._make_order(**arguments)
        for name in order.files:
            if is_stored(name):
                self._check_store(name)
        return order

    def _pictures(self, values: Mapping[str, object]) -> object:
        """Returns the pictures of a row as URLs; None if there are none."""
        column = self._columns.pictures
        if not column:
            return None
        if column == PICTURES and ONE_PICTURE in values:
            if PICTURES in values:
                raise PhotaInputError(ONE_PICTURE, f"and {PICTURES} are both there: use one of them.")
            column = ONE_PICTURE
        if column in values:
            return self._absolute(column, values[column])
        default = self._defaults.get(self._columns.pictures)
        fields = {**(fields_of(checked_key(values[KEY])) if KEY in values else {}), **values}
        return self._filled(column, default, fields)

    def _absolute(self, column: str, value: object) -> object:
        if is_list(value):
            return [self._absolute(column, each) for each in value]
        if not isinstance(value, str) or self._folder is None or not value.strip() or _SCHEME.match(value):
            return value
        if value.startswith("/"):
            raise PhotaInputError(
                column, f"must be a URL, or a path below the manifest's folder, got {shown(value)}."
            )
        return f"{self._folder.url}/{value.removeprefix('./')}"

    def _key(self, number: int, values: Mapping[str, object], pictures: object) -> str:
        if KEY in values:
            return checked_key(values[KEY])
        first = pictures[0] if is_list(pictures) and pictures else pictures
        if pictures is not None and not isinstance(first, str):
            return str(number)  # the order is refused
        return checked_key(usual_key(number, first if isinstance(first, str) else None, self._folder))

    def _filled(self, argument: str, value: object, fields: Mapping[str, object]) -> object:
        """Returns a value whose texts are filled in."""
        if isinstance(value, str):
            if not has_braces(value):
                return value
            template = parsed(argument, value)
            self.in_use.used |= template.fields
            return template.filled(argument, fields)
        return [self._filled(argument, each, fields) for each in value] if is_list(value) else value

    def _check_store(self, name: str) -> None:
        """Refuses a path that leads upwards, or to a store that cannot be opened here."""
        check_url(self._columns.pictures, name)
        scheme, _, rest = name.partition("://")
        store = f"{scheme}://{rest.partition('/')[0]}"
        if store not in self._opened:
            checked_path(self._columns.pictures, name)
            if len(self._opened) < _MOST_STORES:
                self._opened.add(store)
