"""Records who has decided what, and when, next to the published pictures."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota.api.types import PhotaReview, PhotaReviewer
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.results.landing import LandedFile, manifest
from airflow_provider_phota.reviews.decisions import Decided, Decision
from airflow_provider_phota.reviews.errors import PhotaPublishError
from airflow_provider_phota.reviews.pictures import Picture, Reviewed
from airflow_provider_phota.storage import records
from airflow_provider_phota.storage.access import info_of
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.rights import Right, explain

log = logging.getLogger(__name__)

VERSION = 1
#: The folder of all records, below the directory of the pictures. The dot keeps it apart from pictures.
FOLDER = ".phota-reviews"


@dataclass(frozen=True)
class Verdict:
    """Is a decision, and whose it is.

    Attributes:
        decided_by: None if nobody answered in time, so that the default holds.
        decided_at: ISO 8601.
    """

    decision: Decision
    decided_by: PhotaReviewer | None
    decided_at: str


@dataclass(frozen=True)
class ReviewRecord:
    """Is the record of one review.

    Attributes:
        name: of the task instance that asks.
        question: tells one question of the task instance from the next: it is asked again once it is cleared.
        folder: of the pictures.
        is_needed: True if the task fails when the record cannot be written; else the log says so.
    """

    name: InstanceName
    question: str
    folder: Place
    is_needed: bool

    @property
    def place(self) -> Place:
        digest = hashlib.sha256(f"{self.name.digest} {self.question}".encode()).hexdigest()[:32]
        return self.folder / FOLDER / f"review-{digest}.json"

    def write(self, verdict: Verdict, published: list[LandedFile] | None) -> str | None:
        """Writes the record, and replaces the one of the same question.

        Args:
            verdict: what was decided.
            published: the copies; None if they are not made yet.

        Returns:
            Where it is; None if it could not be written and is not needed.

        Raises:
            PhotaPublishError: It could not be written, and is needed.
        """
        fields = {
            "version": VERSION,
            **self.name.to_dict(),
            **fields_of(verdict, published or []),
            "is_done": published is not None,
        }
        try:
            records.replace(self.place, fields)
        except Exception as error:  # of whatever library the store speaks by
            why = explain(error, self.place, Right.REPLACE)
            if self.is_needed:
                raise PhotaPublishError(
                    f"The decision could not be written down at {self.place} ({why}).\n"
                    "The pictures are paid, and stay where they are. A retry may ask again."
                ) from None
            log.warning("The decision is in XCom alone; it could not be written to %s (%s).", self.place, why)
            return None
        return self.place.url

    def read(self, reviewed: Reviewed) -> Verdict | None:
        """Returns what an earlier attempt was told about the same question; None if it was told nothing."""
        try:
            if info_of(self.place) is None:
                return None
            return records.read(self.place, lambda fields: _verdict(fields, reviewed))
        except Exception as error:  # of whatever library the store speaks by, or a damaged record
            log.warning(
                "The record %s could not be read (%s): the person is asked again.",
                self.place,
                type(error).__name__,
            )
            return None


def fields_of(verdict: Verdict, published: list[LandedFile]) -> dict[str, Any]:
    """Returns what was decided as plain data."""
    decision = verdict.decision
    return {
        "decision": decision.outcome.value,
        "chosen": [picture.to_dict() for picture in decision.chosen],
        "rejected": [picture.to_dict() for picture in decision.rejected],
        "published": manifest(published),
        "counts": {
            "chosen": len(decision.chosen),
            "rejected": len(decision.rejected),
            "published": len(published),
        },
        "decided_by": verdict.decided_by,
        "decided_at": verdict.decided_at,
        "prompt": decision.prompt,
    }


def without_pictures(review: PhotaReview) -> dict[str, Any]:
    """Returns the part of a result that is small however many pictures there are, for pages that show it."""
    return {
        "decision": review["decision"],
        "counts": review["counts"],
        "decided_by": review["decided_by"],
        "decided_at": review["decided_at"],
    }


def _verdict(fields: Mapping[str, Any], reviewed: Reviewed) -> Verdict:
    if fields["version"] != VERSION:
        raise ValueError("it is of another version")
    chosen = {_identity(each) for each in fields["chosen"]}

    def is_chosen(picture: Picture) -> bool:
        return _identity(picture.to_dict()) in chosen

    decision = Decision(
        Decided(fields["decision"]),
        tuple(filter(is_chosen, reviewed.pictures)),
        tuple(each for each in reviewed.pictures if not is_chosen(each)),
        str(fields["prompt"]),
    )
    return Verdict(decision, fields["decided_by"], str(fields["decided_at"]))


def _identity(fields: Mapping[str, Any]) -> tuple[object, ...]:
    return fields["phota_task_id"], fields["index"], fields.get("item", ""), fields.get("sha256", "")
