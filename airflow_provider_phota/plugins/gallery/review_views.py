"""Puts together the page of a task instance that asks a person about pictures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy.orm import Session

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.plugins.gallery.batches import KnownBatches
from airflow_provider_phota.plugins.gallery.instances import Instance, instances_of_run, with_all_values
from airflow_provider_phota.plugins.gallery.orders import (
    batch_rows_of,
    phota_task_id_of,
    problem_of,
    standing_of,
)
from airflow_provider_phota.plugins.gallery.pages import Choosing, Link, SheetPage
from airflow_provider_phota.plugins.gallery.reviews import Question, decision_of, is_asking, question_of
from airflow_provider_phota.plugins.gallery.sheet_views import page_of_batch
from airflow_provider_phota.plugins.gallery.sheets import Selection, Sheet, cost_of_all, sheet_of
from airflow_provider_phota.plugins.gallery.tiles import cost_in_words, short_name, tile_of_instance
from airflow_provider_phota.results.gallery_urls import (
    answer_url,
    gallery_root,
    question_url,
    run_url,
    task_url,
)
from airflow_provider_phota.texts import visible

_NOT_ASKED = "Nobody was asked yet: the pictures appear here as soon as the question is put."


def page_of_review(
    session: Session, review: Instance, batches: KnownBatches, status: str, number: str
) -> SheetPage:
    """Returns the pictures that a person is asked about: those of a batch with a check box each.

    Args:
        session: of Airflow's database.
        review: the task instance that asks, with all that it has pushed.
        batches: read the rows of a batch.
        status: of the items of a batch to show; empty for all.
        number: of the page.
    """
    question = question_of(review)
    of_run = instances_of_run(session, review.name.dag_id, review.name.run_id)
    if question.batch:
        for batch in with_all_values(session, [each for each in of_run if xcom_keys.BATCH in each.pushed]):
            if question.batch in batch_rows_of(batch):
                return _about(review, page_of_batch(batch, batches, status, number))
    return _about(review, _page_of_orders(session, review, question, of_run, number))


def _about(review: Instance, page: SheetPage) -> SheetPage:
    """Returns a page of pictures as one that asks about them."""
    name, standing, asks = review.name, standing_of(review), is_asking(review)
    counts = page.sheet.counts
    items = counts.get("landed", 0) + counts.get("existing", 0)
    decision = decision_of(review)
    return replace(
        page,
        title=visible(short_name(name)),
        kind="Review",
        address=task_url(name),
        problem=problem_of(review),
        status=standing.value,
        look=standing.slug,
        refreshes=not standing.is_over and not asks,  # a page that is being filled in stays as it is
        notes=[decision] if decision else [],
        question=question_url(name) if asks else "",
        choosing=Choosing(answer_url(name), items) if asks and items else None,
    )


def _page_of_orders(
    session: Session, review: Instance, question: Question, of_run: Collection[Instance], number: str
) -> SheetPage:
    """Returns the page of pictures that tasks of the same run have ordered one by one."""
    orders: dict[str, Instance] = {}
    for instance in of_run:
        phota_task_id = phota_task_id_of(instance)
        if phota_task_id in question.phota_task_ids and (
            phota_task_id not in orders or xcom_keys.CARD in instance.pushed
        ):
            orders[phota_task_id] = instance
    name = review.name
    sheet = sheet_of([("", order) for order in orders.values()], Selection.of("", number, ()))
    shown = [tile_of_instance(order) for order in with_all_values(session, sheet.tiles)]
    return SheetPage(
        title="",
        kind="",
        way=[
            Link("PHOTA", f"{gallery_root()}/"),
            Link(visible(f"{name.dag_id} · {name.run_id}"), run_url(name.dag_id, name.run_id)),
        ],
        sheet=Sheet(shown, sheet.total, sheet.counts, sheet.selection, sheet.pages),
        statuses=[],
        cost=cost_in_words(cost_of_all(orders.values())),
        address="",
        missing="" if orders else _NOT_ASKED,
    )
