"""Writes the card of an order that has landed, and small copies of its pictures.

They are for people to look at. What goes wrong here is a warning in the log, and never the end of a landing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost
from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.orders.files import is_stored
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.results.cards import (
    CARD_NAME,
    MOST_PICTURES,
    Asked,
    Card,
    card_folder,
    thumbnail_name,
)
from airflow_provider_phota.results.gallery_urls import AFTER, BEFORE
from airflow_provider_phota.results.landing import LandedFile, manifest
from airflow_provider_phota.results.thumbnails import CONTENT_TYPE, thumbnail_of
from airflow_provider_phota.storage import records
from airflow_provider_phota.storage.calls import finish_within
from airflow_provider_phota.storage.drafts import new_draft, open_for_reading
from airflow_provider_phota.storage.paths import Place, checked_path, reason_of
from airflow_provider_phota.storage.pictures import NotAPicture
from airflow_provider_phota.storage.rights import Right, explain

log = logging.getLogger(__name__)

#: Seconds that a card may take, with all its small copies.
LONGEST = 30.0


@dataclass(frozen=True)
class Ordered:
    """Says what a card tells of an order.

    Attributes:
        asked: what was ordered; None if that is not known.
        inputs: the pictures of it that lie in a store, by their paths. Those of the web are never fetched.
    """

    asked: Asked | None = None
    inputs: tuple[str, ...] = ()

    @classmethod
    def of(cls, order: Order) -> Ordered:
        """Reads it from an order whose files still have the user's names."""
        return cls(Asked.of(order), tuple(filter(is_stored, order.files))[:MOST_PICTURES])

    @classmethod
    def as_submitted(cls, fields: Mapping[str, object] | None, order: Callable[[], Order]) -> Ordered:
        """Reads what was submitted, although the arguments may have changed since.

        Args:
            fields: what was asked for then, as plain data.
            order: returns what the arguments ask for now.
        """
        try:
            asked = Asked.from_dict(fields or {})
        except (KeyError, TypeError, ValueError):  # it was submitted by a version that did not write it down
            return cls()
        try:
            now = cls.of(order())
        except PhotaError:
            return cls(asked)
        return now if now.asked == asked else cls(asked)


@dataclass(frozen=True)
class Landed:
    """Is what a card is written of: an order whose pictures are at home.

    Attributes:
        directory: that the pictures have landed in.
        phota_task_id: the task that made them.
        files: all of them.
        ordered: what is known of the order.
        copies: waits for the small copies of the pictures that are made while they land, and returns them
            by their indexes; None for a picture that cannot be copied.
        is_shared: True if another order has paid for the task, and tells more about it.
    """

    directory: Place
    phota_task_id: str
    files: Sequence[LandedFile]
    cost: Cost = UNKNOWN_COST
    ordered: Ordered = field(default_factory=Ordered)
    copies: Callable[[], Mapping[int, bytes | None]] = dict
    is_shared: bool = False

    @property
    def folder(self) -> Place:
        return card_folder(self.directory, self.phota_task_id)

    @property
    def shown_files(self) -> Sequence[LandedFile]:
        return self.files[:MOST_PICTURES]


def write_card(landed: Landed) -> str | None:
    """Writes small copies of the pictures of an order and, when they are there, its card. Raises nothing.

    What is there already is not written again.

    Returns:
        The URL of the card; None if it could not be written, and then the log says why.
    """
    try:
        return finish_within(LONGEST, lambda: _write(landed))
    except TimeoutError:
        why = "it took too long"
    except Exception as error:  # of whatever library the store speaks by
        why = explain(error, landed.folder, Right.CREATE)
    log.warning(
        "PHOTA task %s has landed, but not all small copies of its pictures could be written to %s: %s.",
        *(landed.phota_task_id, landed.folder, why),
    )
    return None


def find_card(directory: Place, phota_task_id: str) -> str | None:
    """Returns the URL of a card that an earlier run has written; None if there is none. Raises nothing."""
    place = card_folder(directory, phota_task_id) / CARD_NAME
    try:
        return place.url if finish_within(LONGEST, lambda: _read(place)) else None
    except TimeoutError:
        return None


def _write(landed: Landed) -> str:
    place, copies = landed.folder / CARD_NAME, landed.copies()
    known = _read(place) if _may_be_there(landed, copies) else None
    if known and (landed.is_shared or _tells_all(known, landed)):
        return place.url
    before, asked = _write_before(landed), landed.ordered.asked
    if known and not asked:  # whoever ordered the pictures knew more
        before, asked = known.before, known.asked
    card = Card(
        phota_task_id=landed.phota_task_id,
        asked=asked,
        files=tuple(manifest(landed.files)),
        cost=landed.cost,
        before=before,
        after=_write_after(landed, copies),
        landed_at=time.time(),
    )
    records.replace(place, card.to_dict())
    return place.url


def _may_be_there(landed: Landed, copies: Mapping[int, bytes | None]) -> bool:
    """Returns True if it is worth a look: new pictures of an order of one's own have no card yet."""
    is_new = len(copies) == len(landed.shown_files)
    return landed.is_shared or not (is_new and landed.ordered.asked)


def _tells_all(known: Card, landed: Landed) -> bool:
    return (
        list(known.files) == manifest(landed.shown_files)
        and known.after == len(landed.shown_files)
        and (known.asked is not None or landed.ordered.asked is None)
    )


def _read(place: Place) -> Card | None:
    """Returns the card that is there; None if there is none, or if it cannot be read."""
    try:
        return records.read(place, Card.from_dict)
    except Exception:  # of whatever library the store speaks by, also if the role may not look
        return None


def _write_before(landed: Landed) -> int:
    """Returns how many small copies of the pictures that were sent are written, one after the other."""
    count = 0
    for path in landed.ordered.inputs:
        if small := _small_copy_of(path):
            _put(landed.folder, thumbnail_name(BEFORE, count), small)
            count += 1
    return count


def _write_after(landed: Landed, copies: Mapping[int, bytes | None]) -> int:
    """Returns of how many pictures small copies are written; if one is missing, of those before it."""
    for index, file in enumerate(landed.shown_files):
        small = copies[index] if index in copies else _small_copy_of(file.path)
        if small is None:
            return index
        _put(landed.folder, thumbnail_name(AFTER, index), small)
    return len(landed.shown_files)


def _small_copy_of(path: str) -> bytes | None:
    """Returns a small copy of a picture in a store; None if it cannot be made, and then the log says why."""
    try:
        with open_for_reading(Place.of(checked_path("path", path))) as file:
            return thumbnail_of(file)
    except NotAPicture as problem:
        why = str(problem)
    except Exception as error:  # of whatever library the store speaks by
        why = f"could not be read ({reason_of(error)})"
    log.warning("There is no small copy of %s: it %s.", shown(path), why)
    return None


def _put(folder: Place, name: str, content: bytes) -> None:
    with new_draft(folder / name) as draft:
        draft.file.write(content)
        draft.publish(folder / name, CONTENT_TYPE)
