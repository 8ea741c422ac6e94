"""Makes an item of a row: its arguments are the row's own or the defaults, and texts are filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.batch.items.columns import Columns, ColumnsInUse
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.keys import checked_key, fields_of, usual_key
from airflow_provider_phota.batch.items.pictures import RowPictures
from airflow_provider_phota.batch.items.rows import KEY, SourceRow
from airflow_provider_phota.batch.items.templates import fields_in, filled
from airflow_provider_phota.storage.paths import Place


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
        self._pictures = RowPictures(columns.pictures, folder)
        self._folder = folder
        self._texts = columns.arguments - {columns.pictures}
        self._needed = columns.arguments & {"prompt", columns.pictures}
        self._default_pictures = defaults.get(columns.pictures)
        self._defaults = {name: value for name, value in defaults.items() if name != columns.pictures}
        for name, value in defaults.items():
            self.in_use.used |= fields_in(name, value)

    def item(self, row: SourceRow) -> Item:
        """Returns the item.

        Raises:
            PhotaInputError: A value of it is missing or wrong.
        """
        values = {name: value for name, value in row.values.items() if value is not None}
        self.in_use.note(row, values)
        own_key = checked_key(values[KEY]) if KEY in values else None
        pictures = self._pictures_of(values, own_key)
        key = own_key or self._usual_key(row.number, pictures)
        arguments = dict(self._arguments(values, {**fields_of(key), **values, KEY: key}))
        if pictures is not None:
            arguments[self._pictures.column] = pictures
        return Item(row.number, key, self._ordered(arguments))

    def _pictures_of(self, values: Mapping[str, object], own_key: str | None) -> object:
        pictures = self._pictures.given(values)
        if pictures is not None or self._default_pictures is None:
            return pictures
        fields = values if own_key is None else {**fields_of(own_key), **values, KEY: own_key}
        return filled(self._pictures.column, self._default_pictures, fields)

    def _usual_key(self, number: int, pictures: object) -> str:
        first = pictures[0] if is_list(pictures) and pictures else pictures
        if not isinstance(first, str):
            return usual_key(number, None, None)  # if it should be a picture, the order is refused
        key = usual_key(number, first, self._folder)
        try:
            return checked_key(key)
        except PhotaInputError as error:
            raise PhotaInputError(
                KEY, f"is the picture's name, which {error.problem} Give it a key."
            ) from None

    def _arguments(
        self, values: Mapping[str, object], fields: Mapping[str, object]
    ) -> Iterator[tuple[str, object]]:
        """Yields the arguments of the order, but for its pictures."""
        for name, value in self._defaults.items():
            if name not in values:
                yield name, filled(name, value, fields)
        for name, value in values.items():
            if name in self._texts:
                self.in_use.used |= fields_in(name, value)
                yield name, filled(name, value, fields)

    def _ordered(self, arguments: Mapping[str, object]) -> Order:
        for name in self._needed:
            if name not in arguments:
                raise PhotaInputError(name, "is missing, and there is no default.")
        order = self._make_order(**arguments)
        self._pictures.check_stores(order.files)
        return order
