"""Puts together the page of a task instance that asks a person about pictures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
from airflow_provider_phota.plugins.gallery.reviews import (
    AskedPicture,
    Question,
    asks_nobody,
    decision_of,
    is_asking,
    question_of,
)
from airflow_provider_phota.plugins.gallery.sheet_views import page_of_batch
from airflow_provider_phota.plugins.gallery.sheets import Selection, Sheet, cost_of_all, sheet_of
from airflow_provider_phota.plugins.gallery.tiles import Tile, cost_in_words, short_name, tile_of_picture
from airflow_provider_phota.results.gallery_urls import (
    answer_url,
    gallery_root,
    question_url,
    run_url,
    task_url,
)
from airflow_provider_phota.texts import visible

_NOT_ASKED = "Nobody was asked yet: the pictures appear here as soon as the question is put."
_NEVER_ASKED = "Nobody was asked."
_ELSEWHERE = (
    "This task asks nobody: the pictures are on the pages of the reviews, and on those of their edits."
)
_NOT_IN_RUN = "No task of this run orders or lands these pictures."


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
    orders = _orders(of_run, question)
    return _about(review, _page_of_pictures(session, review, question, orders, number))


def _about(review: Instance, page: SheetPage) -> SheetPage:
    """Returns a page of pictures as one that asks about them."""
    name, standing, asks = review.name, standing_of(review), is_asking(review)
    counts = page.sheet.counts
    items = counts.get("landed", 0) + counts.get("existing", 0)
    question, decision = question_of(review), decision_of(review)
    return replace(
        page,
        title=visible(short_name(name)),
        kind="Review",
        address=task_url(name),
        problem=problem_of(review),
        status=standing.value,
        look=standing.slug,
        refreshes=not standing.is_over and not asks,  # a page that is being filled in stays as it is
        notes=[*([decision] if decision else []), *page.notes],
        question=question_url(name) if asks else "",
        choosing=Choosing(answer_url(name), items, f"{question.digest} {review.try_number}")
        if asks and items
        else None,
    )


def _orders(of_run: Collection[Instance], question: Question) -> Mapping[str, Instance]:
    """Returns the tasks of the same run that know the pictures best, by their PHOTA tasks."""
    wanted = {picture.phota_task_id for picture in question.pictures}
    orders: dict[str, Instance] = {}
    for instance in of_run:
        phota_task_id = phota_task_id_of(instance)
        if phota_task_id in wanted and (phota_task_id not in orders or xcom_keys.CARD in instance.pushed):
            orders[phota_task_id] = instance
    return orders


def _page_of_pictures(
    session: Session, review: Instance, question: Question, orders: Mapping[str, Instance], number: str
) -> SheetPage:
    """Returns the page of pictures that were ordered one by one, in the order of the question."""
    pictures = [each for each in question.pictures if each.number or each.phota_task_id in orders]
    sheet = sheet_of([("", picture) for picture in pictures], Selection.of("", number, ()))
    name = review.name
    return SheetPage(
        title="",
        kind="",
        way=[
            Link("PHOTA", f"{gallery_root()}/"),
            Link(visible(f"{name.dag_id} · {name.run_id}"), run_url(name.dag_id, name.run_id)),
        ],
        sheet=Sheet(
            _tiles(session, sheet.tiles, question, orders),
            sheet.total,
            sheet.counts,
            sheet.selection,
            sheet.pages,
        ),
        statuses=[],
        cost=cost_in_words(cost_of_all(orders.values())),
        address="",
        unit="picture" if question.is_numbered else "task",
        missing="" if pictures else _why_none(review, question),
        notes=_left_out(question),
    )


def _tiles(
    session: Session, shown: Sequence[AskedPicture], question: Question, orders: Mapping[str, Instance]
) -> list[Tile]:
    wanted = {
        each.phota_task_id: orders[each.phota_task_id] for each in shown if each.phota_task_id in orders
    }
    known = dict(zip(wanted, with_all_values(session, list(wanted.values())), strict=True))
    first = {picture.phota_task_id: picture.number for picture in reversed(question.pictures)}
    return [
        tile_of_picture(
            each, known.get(each.phota_task_id), has_cost=each.number == first[each.phota_task_id]
        )
        for each in shown
    ]


def _left_out(question: Question) -> list[str]:
    shown = len(question.pictures)
    is_cut = 0 < shown < question.total
    return [f"The first {shown:,} of {question.total:,} pictures are here."] if is_cut else []


def _why_none(review: Instance, question: Question) -> str:
    if question.pictures or question.batch:
        return _NOT_IN_RUN
    if asks_nobody(review):
        return _ELSEWHERE
    return _NEVER_ASKED if standing_of(review).is_over else _NOT_ASKED
