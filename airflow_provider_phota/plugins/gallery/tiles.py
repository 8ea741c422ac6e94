"""Describes one picture of a sheet, with the few words below it. It does no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.plugins.gallery.instances import Instance
from airflow_provider_phota.plugins.gallery.orders import (
    Standing,
    asked_of,
    cost_of,
    digests_of,
    is_batch,
    phota_task_id_of,
    problem_of,
    standing_of,
)
from airflow_provider_phota.plugins.gallery.reviews import AskedPicture, decision_of
from airflow_provider_phota.results.cards import MOST_PICTURES
from airflow_provider_phota.results.gallery_urls import (
    AFTER,
    item_picture_url,
    item_url,
    picture_url,
    task_url,
)
from airflow_provider_phota.texts import visible

#: Characters of a prompt or an error below a picture, and of a name.
_LONGEST, _LONGEST_NAME = 160, 200
#: How an item of a batch stands, in the words of the rest of the gallery.
OF_ROWS = {
    Status.LANDED: Standing.DONE,
    Status.EXISTING: Standing.DONE,
    Status.FAILED: Standing.FAILED,
    Status.REFUSED: Standing.FAILED,
    Status.AMBIGUOUS: Standing.HELD,
    Status.EXPIRED: Standing.EXPIRED,
    Status.NOT_SENT: Standing.WAITING,
}


@dataclass(frozen=True)
class ShownPicture:
    """Is a small copy of a picture.

    Attributes:
        url: of the copy.
        alt: what it is, for those who do not see it.
        full: the address of the picture in its full size; empty if it is not offered.
    """

    url: str
    alt: str
    full: str = ""


@dataclass(frozen=True)
class Tile:
    """Is one order of a sheet, or one picture of an order.

    Attributes:
        name: of the task instance, the item or the picture.
        place: where it belongs, such as the DAG; empty where all tiles have the same.
        link: the page that shows it; empty if there is none.
        pictures: small copies; none if there are none.
        words: the prompt, or what went wrong.
        status: a word for how it stands, and `look` the class that colours it.
        key: the name by which an item of a batch can be chosen; empty if it cannot.
    """

    name: str
    place: str
    link: str
    pictures: Sequence[ShownPicture]
    words: str
    status: str
    look: str
    cost: str
    key: str = ""


def tile_of_instance(instance: Instance, *, says_where: bool = False) -> Tile:
    """Returns the tile of a task instance.

    Args:
        instance: with all that it has pushed.
        says_where: name its DAG and run too.
    """
    name, standing, problem, asked = (
        instance.name,
        standing_of(instance),
        problem_of(instance),
        asked_of(instance),
    )
    told = problem.message.partition("\n")[0] if problem else asked.prompt if asked else ""
    title, words = visible(short_name(name), _LONGEST_NAME), visible(told or _what_it_is(instance), _LONGEST)
    url = picture_url(name, AFTER, 0, phota_task_id_of(instance))
    return Tile(
        title,
        visible(f"{name.dag_id} · {name.run_id}", _LONGEST_NAME) if says_where else "",
        task_url(name),
        [ShownPicture(url, _alt(f"Result of {title}", words))] if instance.value(xcom_keys.CARD) else [],
        words,
        standing.value,
        standing.slug,
        cost_in_words(cost_of(instance)),
    )


def _what_it_is(instance: Instance) -> str:
    return "A batch" if is_batch(instance) else decision_of(instance)


def tile_of_picture(picture: AskedPicture, order: Instance | None, *, has_cost: bool) -> Tile:
    """Returns the tile of a picture that a person is asked about.

    Args:
        picture: with its number.
        order: the task instance that ordered or landed it, with all that it has pushed; None without one.
        has_cost: name the cost, which is that of all pictures of the order.
    """
    if order and not picture.number:
        return tile_of_instance(order)  # an earlier version has asked, which named no pictures
    title = picture.option
    if order is None:
        return Tile(title, "", "", [], "No task of this run orders or lands it.", "not shown", "waiting", "")
    tile, index = tile_of_instance(order), _index_of_copy(picture, order)
    url = picture_url(order.name, AFTER, index or 0, picture.phota_task_id)
    return replace(
        tile,
        name=title,
        place=tile.name,
        pictures=[ShownPicture(url, _alt(title, tile.words))] if tile.pictures and index is not None else [],
        cost=tile.cost if has_cost else "",
    )


def _index_of_copy(picture: AskedPicture, order: Instance) -> int | None:
    """Returns which small copy of an order shows a picture, by the files that its task returned.

    The index of the question counts the pictures that were handed on, which may be only some of the order's.
    """
    if not picture.sha256:
        return picture.index if picture.index < MOST_PICTURES else None
    digests = digests_of(order)[:MOST_PICTURES]
    return next((at for at, digest in enumerate(digests) if digest.startswith(picture.sha256)), None)


def tile_of_row(name: InstanceName, row: Row) -> Tile:
    """Returns the tile of an item of a batch.

    Args:
        name: of the batch's task instance.
        row: of the item.
    """
    title, words = visible(row.key, _LONGEST_NAME), visible(row.error.partition("\n")[0], _LONGEST)
    return Tile(
        title,
        "",
        item_url(name, row.number),
        _pictures_of_row(name, row, title),
        words or _left_out(row),
        row.status.value.replace("_", " "),
        OF_ROWS[row.status].slug,
        cost_in_words(row.cost),
        row.key if row.status.is_success else "",
    )


def _pictures_of_row(name: InstanceName, row: Row, title: str) -> list[ShownPicture]:
    shown = min(len(row.files), MOST_PICTURES) if row.phota_task_id else 0
    of_all = f" of {shown}" if shown > 1 else ""
    return [
        ShownPicture(
            item_picture_url(name, row.number, AFTER, at, row.phota_task_id or ""),
            f"Result {at + 1}{of_all} of {title}" if of_all else f"Result of {title}",
        )
        for at in range(shown)
    ]


def _left_out(row: Row) -> str:
    return (
        f"The first {MOST_PICTURES} of its {len(row.files):,} pictures"
        if len(row.files) > MOST_PICTURES
        else ""
    )


def _alt(what: str, words: str) -> str:
    return f"{what}: {words}" if words else what


def short_name(name: InstanceName) -> str:
    """Returns the name of a task instance within its run."""
    return name.task_id if name.map_index < 0 else f"{name.task_id} [{name.map_index}]"


def cost_in_words(cost: Cost) -> str:
    """Returns what something costs; empty if nothing is known of that."""
    return "" if cost.usd is None and cost.credits is None else str(cost)
