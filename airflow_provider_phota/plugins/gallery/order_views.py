"""Puts together the page of one order, from what Airflow knows and from the card next to its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.journal.rows import Row
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.plugins.gallery.instances import Instance
from airflow_provider_phota.plugins.gallery.orders import (
    Problem,
    Standing,
    asked_of,
    cost_of,
    phota_task_id_of,
    problem_of,
    result_of,
    standing_of,
    submitted_at,
)
from airflow_provider_phota.plugins.gallery.pages import Fact, Link, OrderPage
from airflow_provider_phota.plugins.gallery.stores import NotShown, read_card, read_card_of
from airflow_provider_phota.plugins.gallery.tiles import ShownPicture, cost_in_words, short_name, tile_of_row
from airflow_provider_phota.results.cards import Asked, Card
from airflow_provider_phota.results.gallery_urls import (
    AFTER,
    BEFORE,
    file_url,
    gallery_root,
    item_picture_url,
    picture_url,
    run_url,
    task_url,
)
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.texts import ago, duration, visible

_NOT_LANDED = "Nothing has landed here: this task has no destination, or another task lands its pictures."


def page_of_instance(instance: Instance, usual_seconds: float | None) -> OrderPage:
    """Returns the page of a task instance with one order.

    Args:
        instance: with all that it has pushed.
        usual_seconds: how long the same task has taken lately; None if that is not known.
    """
    name, standing = instance.name, standing_of(instance)
    page = OrderPage(
        title=visible(short_name(name)),
        way=_way_to_run(name),
        status=standing.value,
        look=standing.slug,
        asked=asked_of(instance),
        problem=problem_of(instance),
        waiting=_waiting(instance, standing, usual_seconds),
        facts=_facts(instance),
        refreshes=not standing.is_over,
    )
    url, phota_task_id = instance.value(xcom_keys.CARD), phota_task_id_of(instance)
    if url is None:
        return replace(page, missing=_NOT_LANDED if standing is Standing.DONE else "")
    try:
        card = read_card(url, phota_task_id)
    except NotShown as problem:
        return replace(page, missing=str(problem))
    return _with_pictures(
        page,
        card,
        [picture_url(name, BEFORE, at, phota_task_id) for at in range(card.before)],
        [picture_url(name, AFTER, at, phota_task_id) for at in range(card.after)],
        [file_url(name, at, phota_task_id) for at in range(len(card.files))],
    )


def page_of_row(name: InstanceName, row: Row, destination: Place) -> OrderPage:
    """Returns the page of an item of a batch.

    Args:
        name: of the batch's task instance.
        row: of the item.
        destination: of the batch.
    """
    tile = tile_of_row(name, row)
    page = OrderPage(
        title=tile.name,
        way=[*_way_to_run(name), Link(visible(short_name(name)), task_url(name))],
        status=tile.status,
        look=tile.look,
        problem=Problem("", "\n".join(map(visible, row.error.splitlines()))) if row.error else None,
        facts=_facts_of_row(row),
        files=row.files,
    )
    phota_task_id = row.phota_task_id
    if not row.files or not phota_task_id:
        return page
    try:
        card = read_card_of(destination, phota_task_id)
    except NotShown as problem:
        return replace(page, missing=str(problem))
    return _with_pictures(
        page,
        card,
        [item_picture_url(name, row.number, BEFORE, at, phota_task_id) for at in range(card.before)],
        [item_picture_url(name, row.number, AFTER, at, phota_task_id) for at in range(card.after)],
        [],
    )


def _with_pictures(
    page: OrderPage, card: Card, before: Sequence[str], after: Sequence[str], files: Sequence[str]
) -> OrderPage:
    asked = page.asked or card.asked
    full = [*files, *[""] * len(after)]
    return replace(
        page,
        asked=asked,
        before=[ShownPicture(url, f"Picture {at} before the edit") for at, url in enumerate(before, start=1)],
        after=[
            ShownPicture(url, f"Result {at + 1} of {len(after)}{_about(asked)}", full[at])
            for at, url in enumerate(after)
        ],
        files=card.files,
        facts=[*page.facts, *_facts_of_order(asked)],
    )


def _about(asked: Asked | None) -> str:
    return f": {visible(asked.prompt, 150)}" if asked and asked.prompt else ""


def _way_to_run(name: InstanceName) -> list[Link]:
    return [
        Link("PHOTA", f"{gallery_root()}/"),
        Link(visible(f"{name.dag_id} · {name.run_id}"), run_url(name.dag_id, name.run_id)),
    ]


def _waiting(instance: Instance, standing: Standing, usual_seconds: float | None) -> str:
    if standing is Standing.WAITING:
        return "It has not begun yet."
    if standing.is_over:
        return ""
    if standing is Standing.RETRYING:
        return "The last attempt failed. Airflow will try again by itself."
    at = submitted_at(instance)
    if at is None:
        return "It is being prepared. Nothing has been ordered in this attempt."
    usual = f" It usually takes about {duration(usual_seconds)}." if usual_seconds else ""
    return f"PHOTA is working on it. It was ordered {ago(_seconds_since(at))}.{usual}"


def _seconds_since(moment: datetime) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (datetime.now(UTC) - aware).total_seconds()


def _facts(instance: Instance) -> list[Fact]:
    result, asked = result_of(instance), asked_of(instance)
    facts = [
        Fact("Cost", "Nothing: it had landed before" if result.is_existing else _cost(cost_of(instance))),
        Fact("PHOTA task", phota_task_id_of(instance), is_code=True),
        Fact("Ordered", _moment(submitted_at(instance))),
        Fact("Began", _moment(instance.started_at)),
        Fact("Ended", _moment(instance.ended_at)),
        Fact("Results at the service until", result.expires_at),
        Fact("Airflow's state", f"{instance.state or 'none'}, attempt {instance.try_number}"),
    ]
    return _known([*facts, *(_facts_of_order(asked) if not instance.value(xcom_keys.CARD) else [])])


def _facts_of_order(asked: Asked | None) -> list[Fact]:
    if asked is None:
        return []
    facts = [
        Fact("Model", visible(asked.model), is_code=True),
        Fact("Resolution", visible(asked.resolution)),
        Fact("Pictures ordered", str(asked.num_outputs)),
        *(Fact("Sent", visible(file), is_code=True) for file in asked.files),
    ]
    return _known(facts)


def _facts_of_row(row: Row) -> list[Fact]:
    return _known(
        [
            Fact("Cost", _cost(row.cost)),
            Fact("PHOTA task", visible(row.phota_task_id or ""), is_code=True),
            Fact("The same as item", visible(row.same_as or "")),
            Fact("Number", f"{row.number:,}"),
        ]
    )


def _known(facts: Sequence[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.words]


def _cost(cost: Cost) -> str:
    return cost_in_words(cost) or "not known yet"


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""
