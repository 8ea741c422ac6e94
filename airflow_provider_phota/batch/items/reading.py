"""Reads the items of a batch, and checks each of them and all of them together."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.batch.items.bad_rows import BadRows, NoItems
from airflow_provider_phota.batch.items.inputs import Inputs
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.making import ItemMaker
from airflow_provider_phota.batch.items.overlap import Overlap
from airflow_provider_phota.batch.items.sources import source_of
from airflow_provider_phota.batch.items.spec import ItemSpec
from airflow_provider_phota.batch.items.together import Together

#: Items of one batch at most: more of them mean that the source is wrong.
MOST_ITEMS = 1_000_000


def read_items(spec: ItemSpec) -> Iterator[Item]:
    """Yields the items in the order of their rows. If a row is bad, the error comes after the last item.

    Raises:
        NoItems: There are none.
        PhotaInputError: Rows are bad: it lists the first ones; or the source cannot be read.
        PhotaUnreachable: The store could not be asked; a retry may help.
    """
    source = source_of(spec.argument, spec.source, spec.columns)
    maker = ItemMaker(spec.make_order, spec.columns, spec.defaults, source.folder)
    together = Together(spec.names, spec.reserved)
    inputs = Inputs(spec.names, spec.destination, together.stems)
    overlap = Overlap.of(source, spec.destination)
    bad = BadRows(spec.argument, source.name)
    count = 0
    for row in source.rows():
        count = row.number
        if count > MOST_ITEMS:
            raise PhotaInputError(spec.argument, f"has more than {MOST_ITEMS} rows: {source.name}.")
        if row.fault:
            bad.add(row, row.fault)
            continue
        try:
            item = maker.item(row)
            stem = together.check(item)
            inputs.check(item)
        except PhotaInputError as error:
            bad.add(row, str(error))
            continue
        if overlap:
            overlap.check(stem)
        yield item
    if not count:
        raise NoItems(spec.argument, f"has no items: {source.name} is empty.")
    bad.raise_if_any(count, maker.in_use.faults())
