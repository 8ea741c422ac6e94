"""Holds and checks what a user said about the items of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.parsing import is_known
from airflow_provider_phota.batch.items.columns import Columns, OrderType
from airflow_provider_phota.batch.items.sources import check_source, check_source_as_written
from airflow_provider_phota.batch.items.templates import fields_in, filled
from airflow_provider_phota.batch.names import BatchNames
from airflow_provider_phota.inputs.prepared import as_text, checked_edition
from airflow_provider_phota.storage.paths import Place, checked_path

#: A picture that nobody asks for, with which defaults are tried.
_ANY_PICTURE = "https://picture.invalid/any.jpg"


@dataclass(frozen=True)
class ItemSpec:
    """Says which items a batch has, and what is ordered for each. `checked` refuses what cannot be meant.

    Attributes:
        order_type: the kind of order.
        argument: what the user calls the source.
        source: a folder, a pattern, a manifest, a picture or a list.
        defaults: arguments of items that do not have their own.
        destination: the directory that pictures land in.
        names: of those pictures.
        edition: text that makes an otherwise identical order another one.
        local_inputs: as in `EditOrder.checked`.
        reserved: names in the destination that no folder of pictures can have.
    """

    order_type: OrderType
    argument: str
    source: object
    defaults: Mapping[str, object]
    destination: Place
    names: BatchNames
    edition: str
    local_inputs: bool
    reserved: frozenset[str] = frozenset()

    @classmethod
    def checked(
        cls,
        *,
        order_type: OrderType,
        source: object,
        defaults: Mapping[str, object],
        destination: Place | ObjectStoragePath | str,
        names: BatchNames | None = None,
        edition: object = "",
        local_inputs: bool = False,
        argument: str = "edits",
        reserved: frozenset[str] = frozenset(),
    ) -> ItemSpec:
        """Checks what a user gave, after Jinja's templates were rendered. No row is read.

        Args:
            order_type: as the attribute.
            source: as the attribute.
            defaults: as the attribute; None stands for what is not given.
            destination: as the attribute.
            names: as the attribute; None for the usual ones.
            edition: as the attribute.
            local_inputs: as the attribute.
            argument: as the attribute.
            reserved: as the attribute.

        Raises:
            PhotaInputError: It names the argument and the value.
        """
        check_source(argument, source)
        given = {name: as_text(value) for name, value in defaults.items() if value is not None}
        spec = cls(
            order_type=order_type,
            argument=argument,
            source=source,
            defaults=given,
            destination=_place_of(destination),
            names=names or BatchNames(),
            edition=checked_edition(edition),
            local_inputs=local_inputs,
            reserved=reserved,
        )
        spec._check_defaults()
        return spec

    @property
    def columns(self) -> Columns:
        return Columns.of(self.order_type)

    @property
    def model(self) -> str:
        return self.order_type.model

    @property
    def make_order(self) -> Callable[..., Order]:
        """Checks arguments and makes an order of them."""
        make: Callable[..., Order] = self.order_type.checked
        switches: dict[str, Any] = {"local_inputs": self.local_inputs, "stored_inputs": True}
        return partial(make, **switches) if self.columns.pictures else make

    def _check_defaults(self) -> None:
        """Tries the defaults, so that a wrong one is not found in each row again."""
        columns = self.columns
        for name in self.defaults:
            if name not in columns.arguments:
                raise PhotaInputError(name, f"is not an argument of {self.model}.")
        tried = {
            name: filled(name, value, {})
            for name, value in self.defaults.items()
            if not fields_in(name, value)
        }
        needed: dict[str, object] = {"prompt": "-", columns.pictures: [_ANY_PICTURE]}
        needed = {name: value for name, value in needed.items() if name in columns.arguments}
        self.make_order(**{**needed, **tried})


def check_items_as_written(argument: str, source: object, defaults: Mapping[str, object]) -> None:
    """Checks what is known when a DAG is parsed: what kind of source it is, and the templates of defaults.

    Args:
        argument: what the user calls the source.
        source: as the attribute of `ItemSpec`.
        defaults: as the attribute of `ItemSpec`.

    Raises:
        PhotaInputError: It names the argument and the value.
    """
    if is_known(source) and not is_list(source):
        check_source_as_written(argument, source)
    for name, value in defaults.items():
        if is_known(value):
            fields_in(name, value)


def _place_of(destination: Place | ObjectStoragePath | str) -> Place:
    if isinstance(destination, Place):
        return destination
    return Place.of(checked_path("destination", destination))
