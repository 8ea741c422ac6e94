"""Reads small files of object storage for the gallery: never more than is expected, and not for long.

What lies in a store may be written by anybody who can write there. So only names that this package gives are
read, and only what really is a picture is handed on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from typing import IO, TypeVar

from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.task_ids import TASK_ID
from airflow_provider_phota.results.cards import (
    CARD_NAME,
    MOST_CARD_BYTES,
    MOST_THUMBNAIL_BYTES,
    Card,
    card_folder,
    is_card_url,
    thumbnail_name,
)
from airflow_provider_phota.storage import calls
from airflow_provider_phota.storage.drafts import open_for_streaming
from airflow_provider_phota.storage.paths import Place, checked_path, reason_of
from airflow_provider_phota.storage.pictures import NotAPicture, kind_of

T = TypeVar("T")

#: Seconds that a store may take to answer.
_LONGEST = 10.0
#: The most bytes of a landed picture that are shown in full, and those that are handed on at once.
MOST_FILE_BYTES, _PIECE = 100_000_000, 256 * 1024
#: Kinds that browsers can show and that cannot run anything.
_SHOWN = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


class NotShown(Exception):
    """Says why something is not shown, in a sentence for the reader. It has no secrets in it."""


@dataclass(frozen=True)
class ShownFile:
    """Is a picture that can be handed to a browser.

    Attributes:
        pieces: its bytes.
        content_type: by its first bytes, whatever its name says.
    """

    pieces: Iterator[bytes]
    content_type: str


def read_card(url: object, phota_task_id: str) -> Card:
    """Reads the card of a PHOTA task.

    Args:
        url: of the card, as the Airflow task has pushed it.
        phota_task_id: the task whose card it must be.

    Raises:
        NotShown: It cannot be read, or it is not the card of this task.
    """
    return _card(_card_place(url, phota_task_id), phota_task_id)


def read_card_of(destination: Place, phota_task_id: str) -> Card:
    """Reads the card of a PHOTA task whose pictures are in a destination.

    Raises:
        NotShown: It cannot be read, or it is not the card of this task.
    """
    return _card(_folder(destination, phota_task_id) / CARD_NAME, phota_task_id)


def _card(place: Place, phota_task_id: str) -> Card:
    try:
        card = Card.from_dict(json.loads(_read_small(place, MOST_CARD_BYTES)))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotShown(f"The file {place} is not readable as a card.") from None
    if card.phota_task_id != phota_task_id:
        raise NotShown(f"The card {place} is that of another PHOTA task.")
    return card


def read_thumbnail(url: object, phota_task_id: str, which: str, index: int) -> ShownFile:
    """Reads a small copy that lies next to a card.

    Raises:
        NotShown: There is none, or it is not a picture.
    """
    return _thumbnail(_card_place(url, phota_task_id).parent, which, index)


def read_thumbnail_of(destination: Place, phota_task_id: str, which: str, index: int) -> ShownFile:
    """Reads a small copy of a PHOTA task whose pictures are in a destination.

    Raises:
        NotShown: There is none, or it is not a picture.
    """
    return _thumbnail(_folder(destination, phota_task_id), which, index)


def read_file(url: object, phota_task_id: str, paths: Sequence[str], index: int) -> ShownFile:
    """Opens a landed picture in its full size.

    Args:
        url: of the card.
        phota_task_id: the task that made it.
        paths: of all its pictures. Each must lie below the folder that the card lies in.
        index: of the picture, from 0.

    Raises:
        NotShown: There is no such path, it lies elsewhere, or it is not a picture.
    """
    destination = _destination(_card_place(url, phota_task_id))
    if not 0 <= index < len(paths):
        raise NotShown("There is no such picture.")
    place = place_of(paths[index])

    def opened() -> ShownFile:
        _check_below(place, destination)
        return _opened(place)

    return within(opened, place)


def place_of(url: object) -> Place:
    """Returns the place that a URL of object storage names.

    Raises:
        NotShown: It is not such a URL, or its store cannot be opened here.
    """
    try:
        return Place.of(checked_path("path", url))
    except PhotaError as problem:
        raise NotShown(f"Airflow's API server cannot open it. {problem}") from None
    except Exception as error:  # a connection that is missing here, or a broken one
        raise NotShown(f"Airflow's API server cannot open it ({reason_of(error)}).") from None


def within(call: Callable[[], T], place: Place) -> T:
    """Returns what a call to a store returns, if that does not take too long.

    Raises:
        NotShown: It took too long, or the store refuses.
    """
    try:
        return calls.finish_within(_LONGEST, call)
    except NotShown:
        raise
    except FileNotFoundError:
        raise NotShown(f"There is no file {place}.") from None
    except TimeoutError:
        raise NotShown(f"{place} did not answer within {_LONGEST:.0f} s.") from None
    except Exception as error:  # of whatever library the store speaks by
        raise NotShown(f"Airflow's API server cannot read {place} ({reason_of(error)}).") from None


def _card_place(url: object, phota_task_id: str) -> Place:
    if not isinstance(url, str) or not is_card_url(url, phota_task_id):
        raise NotShown("The Airflow task has not named a card of this PHOTA task.")
    return place_of(url)


def _destination(of_card: Place) -> Place:
    return of_card.parent.parent.parent


def _check_below(place: Place, destination: Place) -> None:
    if not place.is_below(destination):
        raise NotShown("The file lies outside the folder that the pictures were landed in.")


def _folder(destination: Place, phota_task_id: str) -> Place:
    if not TASK_ID.fullmatch(phota_task_id):
        raise NotShown("The ID of the PHOTA task is not known.")
    return card_folder(destination, phota_task_id)


def _thumbnail(folder: Place, which: str, index: int) -> ShownFile:
    try:
        place = folder / thumbnail_name(which, index)
    except ValueError:
        raise NotShown("There is no such picture.") from None
    content = _read_small(place, MOST_THUMBNAIL_BYTES)
    return ShownFile(iter([content]), _content_type(BytesIO(content), place))


def _read_small(place: Place, most: int) -> bytes:
    """Reads a card, or what lies next to it."""

    def read() -> bytes:
        _check_below(place, _destination(place))
        with open_for_streaming(place) as file:
            return file.read(most + 1)

    content = within(read, place)
    if len(content) > most:
        raise NotShown(f"The file {place} is larger than {most:,} bytes, so it is not read.")
    return content


def _opened(place: Place) -> ShownFile:
    with ExitStack() as on_failure:
        file = on_failure.enter_context(open_for_streaming(place))
        content_type = _content_type(file, place)
        file.seek(0)
        on_failure.pop_all()  # the pieces close it
    return ShownFile(_pieces(file), content_type)


def _content_type(file: IO[bytes], place: Place) -> str:
    """Returns the type of a picture by its first bytes; neither its name nor its store is trusted."""
    try:
        return _SHOWN[kind_of(file, tuple(_SHOWN))]
    except NotAPicture as problem:
        raise NotShown(f"The file {place} {problem}.") from None


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        left = MOST_FILE_BYTES
        while left > 0 and (piece := file.read(_PIECE)):
            yield piece
            left -= len(piece)
