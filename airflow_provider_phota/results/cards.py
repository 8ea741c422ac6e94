"""Describes an order for people who look at it: what was asked for, and small copies of its pictures.

A card lies in a folder of its own below the destination, with the small copies next to it. Who may write to
the store can change both. The files that a card names are read only below the destination, and only if the
Airflow task that landed them has not returned their paths itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.shown import without_secrets
from airflow_provider_phota.api.task_ids import TASK_ID
from airflow_provider_phota.api.types import PhotaFile
from airflow_provider_phota.results.gallery_urls import AFTER, BEFORE
from airflow_provider_phota.storage.paths import Place

VERSION = 1
#: The folder of all cards, below a destination. The dot keeps it apart from pictures.
CARDS_FOLDER = ".phota-pictures"
CARD_NAME = "card.json"
#: The most bytes of a card, and of a small copy, that are read.
MOST_CARD_BYTES, MOST_THUMBNAIL_BYTES = 1_000_000, 1_000_000
#: Small copies that an order has at most, of each kind.
MOST_PICTURES = 20
#: Characters of a prompt that are kept.
_LONGEST_PROMPT = 4_000


@dataclass(frozen=True)
class Asked:
    """Says what an order asks for.

    Attributes:
        model: the PHOTA model.
        prompt: what to do; empty if the model takes none. Its end is left out if it is very long.
        resolution: `1K` or `4K`; empty if the model has none.
        num_outputs: how many pictures are ordered.
        files: the pictures or archives of the order, as the user named them, without what may be secret.
    """

    model: str
    prompt: str = ""
    resolution: str = ""
    num_outputs: int = 1
    files: tuple[str, ...] = ()

    @classmethod
    def of(cls, order: Order) -> Asked:
        """Reads it from an order whose files still have the user's names."""
        return cls(
            order.model,
            str(getattr(order, "prompt", None) or "")[:_LONGEST_PROMPT],
            str(getattr(order, "resolution", None) or ""),
            order.outputs,
            tuple(without_secrets(file) for file in order.files[:MOST_PICTURES]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data, for XCom and for a card."""
        return {
            "model": self.model,
            "prompt": self.prompt,
            "resolution": self.resolution,
            "num_outputs": self.num_outputs,
            "files": list(self.files),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Asked:
        """Reads it back.

        Raises:
            KeyError, TypeError, ValueError: It is not such data.
        """
        return cls(
            str(fields["model"]),
            str(fields["prompt"])[:_LONGEST_PROMPT],
            str(fields["resolution"]),
            int(fields["num_outputs"]),
            tuple(str(file) for file in list(fields["files"])[:MOST_PICTURES]),
        )


@dataclass(frozen=True)
class Card:
    """Describes an order whose pictures have landed.

    Attributes:
        phota_task_id: the task that made the pictures.
        asked: what was ordered; None if whoever landed the pictures does not know it.
        files: that have landed, with their full size.
        cost: of the order.
        before: how many small copies there are of the pictures that were sent.
        after: how many there are of the pictures that were made.
        landed_at: epoch seconds.
    """

    phota_task_id: str
    asked: Asked | None
    files: tuple[PhotaFile, ...]
    cost: Cost = UNKNOWN_COST
    before: int = 0
    after: int = 0
    landed_at: float | None = None

    def index_of(self, sha256: str) -> int | None:
        """Returns the place of a picture among the files of the order; None if it is not one of the first.

        Args:
            sha256: of the picture. It says which one is meant, also once the picture was copied elsewhere.
        """
        return next((at for at, file in enumerate(self.files) if file["sha256"] == sha256), None)

    def to_dict(self) -> dict[str, Any]:
        """Returns the card as plain data for JSON."""
        return {
            "version": VERSION,
            "phota_task_id": self.phota_task_id,
            "asked": self.asked.to_dict() if self.asked else None,
            "files": list(self.files),
            "cost": self.cost.to_dict(),
            "before": self.before,
            "after": self.after,
            "landed_at": self.landed_at,
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Card:
        """Reads a card back. Its texts may be anybody's who can write to the store.

        Raises:
            KeyError, TypeError, ValueError: It is not a card.
        """
        if fields["version"] != VERSION:
            raise ValueError("it is of another version")
        asked, landed_at = fields["asked"], fields["landed_at"]
        return cls(
            str(fields["phota_task_id"]),
            None if asked is None else Asked.from_dict(asked),
            tuple(_file(file) for file in list(fields["files"])[:MOST_PICTURES]),
            Cost.from_dict(fields["cost"]),
            _count(fields["before"]),
            _count(fields["after"]),
            None if landed_at is None else float(landed_at),
        )


def card_folder(destination: Place, phota_task_id: str) -> Place:
    """Returns the folder of the card of a PHOTA task.

    Args:
        destination: the directory that the pictures land in.
        phota_task_id: checked, so that it is one name of a path.
    """
    return destination / CARDS_FOLDER / phota_task_id


def thumbnail_name(which: str, index: int) -> str:
    """Returns the name of a small copy, next to the card.

    Args:
        which: `BEFORE` or `AFTER`.
        index: of the picture, from 0.

    Raises:
        ValueError: There is no such copy.
    """
    if which not in (BEFORE, AFTER) or not 0 <= index < MOST_PICTURES:
        raise ValueError("there is no such picture")
    return f"{which}-{index}.webp"


def is_card_url(url: str, phota_task_id: str) -> bool:
    """True if a URL can be the one of the card of a PHOTA task, by its text alone."""
    end = f"/{CARDS_FOLDER}/{phota_task_id}/{CARD_NAME}"
    return bool(re.fullmatch(TASK_ID, phota_task_id)) and url.endswith(end) and ".." not in url.split("/")


def _file(fields: Mapping[str, Any]) -> PhotaFile:
    return {
        "path": str(fields["path"]),
        "sha256": str(fields["sha256"]),
        "bytes": int(fields["bytes"]),
        "width": int(fields["width"]),
        "height": int(fields["height"]),
        "content_type": str(fields["content_type"]),
        "phota_task_id": str(fields["phota_task_id"]),
    }


def _count(value: object) -> int:
    return min(max(int(str(value)), 0), MOST_PICTURES)
