"""Puts together the pages of many pictures: of a DAG run, of a batch, and of the latest orders."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.journal.rows import Status
from airflow_provider_phota.plugins.gallery.batches import KnownBatches
from airflow_provider_phota.plugins.gallery.instances import (
    Instance,
    instances_of_run,
    pushed_since,
    recent_instances,
    with_all_values,
)
from airflow_provider_phota.plugins.gallery.orders import Standing, batch_rows_of, problem_of, standing_of
from airflow_provider_phota.plugins.gallery.overview import (
    expiring_orders,
    held_orders,
    spending_by_dag,
    spending_by_day,
)
from airflow_provider_phota.plugins.gallery.pages import HomePage, Link, SheetPage, count_by_status
from airflow_provider_phota.plugins.gallery.sheets import Selection, Sheet, cost_of_all, sheet_of
from airflow_provider_phota.plugins.gallery.stores import NotShown
from airflow_provider_phota.plugins.gallery.tiles import (
    OF_ROWS,
    cost_in_words,
    short_name,
    tile_of_instance,
    tile_of_row,
)
from airflow_provider_phota.results.gallery_urls import gallery_root, run_url, task_url
from airflow_provider_phota.texts import visible

#: Tiles on the first page, days of spending there, and costs that are added up.
_RECENT, _DAYS, _MOST_COSTS = 40, 14, 20_000
#: Task instances that are looked through for orders that need a person.
_LOOKED_THROUGH = 500
_STANDINGS = {standing.value: standing.slug for standing in Standing}
_ROW_STATUSES = {status.value: OF_ROWS[status].slug for status in Status}


def page_of_run(session: Session, dag_id: str, run_id: str, status: str, number: str) -> SheetPage:
    """Returns the contact sheet of a DAG run."""
    instances = instances_of_run(session, dag_id, run_id)
    tiles = [(standing_of(instance).value, instance) for instance in instances]
    sheet = sheet_of(tiles, Selection.of(status, number, _STANDINGS))
    shown = [tile_of_instance(instance) for instance in with_all_values(session, sheet.tiles)]
    return SheetPage(
        title=visible(run_id),
        kind="Run",
        way=[Link("PHOTA", f"{gallery_root()}/"), Link(visible(dag_id))],
        sheet=Sheet(shown, sheet.total, sheet.counts, sheet.selection, sheet.pages),
        statuses=count_by_status(sheet.counts, _STANDINGS),
        cost=cost_in_words(cost_of_all(instances)),
        address=run_url(dag_id, run_id),
        refreshes=not all(standing_of(instance).is_over for instance in instances),
    )


def page_of_batch(instance: Instance, batches: KnownBatches, status: str, number: str) -> SheetPage:
    """Returns the contact sheet of a batch.

    Args:
        instance: the batch's task instance, with all that it has pushed.
        batches: read their rows.
        status: of the rows to show; empty for all.
        number: of the page.
    """
    name, standing = instance.name, standing_of(instance)
    selection = Selection.of(status, number, _ROW_STATUSES)
    page = SheetPage(
        title=visible(short_name(name)),
        kind="Batch",
        way=[
            Link("PHOTA", f"{gallery_root()}/"),
            Link(visible(f"{name.dag_id} · {name.run_id}"), run_url(name.dag_id, name.run_id)),
        ],
        sheet=Sheet([], 0, {}, selection, 1),
        statuses=[],
        cost="",
        address=task_url(name),
        unit="item",
        problem=problem_of(instance),
        status=standing.value,
        look=standing.slug,
        refreshes=not standing.is_over,
    )
    try:
        rows = batches.rows(batch_rows_of(instance))
        sheet = rows.sheet(selection)
    except NotShown as problem:
        soon = "Its rows appear here some minutes after it has begun." if page.refreshes else str(problem)
        return replace(page, missing=soon)
    return replace(
        page,
        sheet=Sheet(
            [tile_of_row(name, row) for row in sheet.tiles],
            sheet.total,
            sheet.counts,
            sheet.selection,
            sheet.pages,
        ),
        statuses=count_by_status(sheet.counts, _ROW_STATUSES),
        cost=cost_in_words(rows.cost),
        notes=[] if rows.is_whole else ["The batch still runs. Its rows are written every few minutes."],
    )


def page_of_all(session: Session, dag_ids: Collection[str]) -> HomePage:
    """Returns the page of the navigation.

    Args:
        session: of Airflow's database.
        dag_ids: of the DAGs that the reader may see.
    """
    now = datetime.now(UTC)
    costs = pushed_since(session, xcom_keys.COST, dag_ids, now - timedelta(days=_DAYS), _MOST_COSTS)
    latest = recent_instances(session, dag_ids, _LOOKED_THROUGH)
    return HomePage(
        tiles=[tile_of_instance(instance, says_where=True) for instance in latest[:_RECENT]],
        days=spending_by_day(costs),
        dags=spending_by_dag(costs),
        days_shown=_DAYS,
        held=held_orders(latest),
        expiring=expiring_orders(latest, now),
        is_cut=len(costs) == _MOST_COSTS,
        at=now,
    )
