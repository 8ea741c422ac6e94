"""Describes one picture of a sheet, with the few words below it. It does no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.plugins.gallery.instances import Instance
from airflow_provider_phota.plugins.gallery.orders import (
    Standing,
    asked_of,
    cost_of,
    is_batch,
    problem_of,
    standing_of,
)
from airflow_provider_phota.plugins.gallery.reviews import decision_of
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
class Tile:
    """Is one picture of a sheet.

    Attributes:
        name: of the task instance or the item.
        place: where it belongs, such as the DAG; empty where all tiles have the same.
        link: the page that shows it.
        picture: the address of its small copy; empty if there is none.
        words: the prompt, or what went wrong.
        status: a word for how it stands, and `look` the class that colours it.
        key: the name by which an item of a batch can be chosen; empty if it cannot.
    """

    name: str
    place: str
    link: str
    picture: str
    words: str
    status: str
    look: str
    cost: str
    key: str = ""

    @property
    def alt(self) -> str:
        """What the picture is, for those who do not see it."""
        return f"Result of {self.name}{f': {self.words}' if self.words else ''}"


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
    words = problem.message.partition("\n")[0] if problem else asked.prompt if asked else ""
    return Tile(
        visible(short_name(name), _LONGEST_NAME),
        visible(f"{name.dag_id} · {name.run_id}", _LONGEST_NAME) if says_where else "",
        task_url(name),
        picture_url(name, AFTER, 0) if instance.value(xcom_keys.CARD) else "",
        visible(words or _what_it_is(instance), _LONGEST),
        standing.value,
        standing.slug,
        cost_in_words(cost_of(instance)),
    )


def _what_it_is(instance: Instance) -> str:
    return "A batch" if is_batch(instance) else decision_of(instance)


def tile_of_row(name: InstanceName, row: Row) -> Tile:
    """Returns the tile of an item of a batch.

    Args:
        name: of the batch's task instance.
        row: of the item.
    """
    return Tile(
        visible(row.key, _LONGEST_NAME),
        "",
        item_url(name, row.number),
        item_picture_url(name, row.number, AFTER, 0) if row.files and row.phota_task_id else "",
        visible(row.error.partition("\n")[0], _LONGEST),
        row.status.value.replace("_", " "),
        OF_ROWS[row.status].slug,
        cost_in_words(row.cost),
        row.key if row.status.is_success else "",
    )


def short_name(name: InstanceName) -> str:
    """Returns the name of a task instance within its run."""
    return name.task_id if name.map_index < 0 else f"{name.task_id} [{name.map_index}]"


def cost_in_words(cost: Cost) -> str:
    """Returns what something costs; empty if nothing is known of that."""
    return "" if cost.usd is None and cost.credits is None else str(cost)
