"""Holds one review together: what it is about, and where its outcome goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.types import PhotaReview
from airflow_provider_phota.ledger.instances import instance_name_of
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.results.landing import LandedFile
from airflow_provider_phota.reviews.decisions import Choice, options_of
from airflow_provider_phota.reviews.pictures import Reviewed, read_pictures
from airflow_provider_phota.reviews.publishing import Shelf
from airflow_provider_phota.reviews.records import ReviewRecord, Verdict, fields_of
from airflow_provider_phota.storage.paths import Place, checked_path

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

#: Pictures of each kind that XCom has of a batch.
_MOST_IN_XCOM = 1_000


@dataclass(frozen=True)
class Review:
    """Is one review.

    Attributes:
        name: of the task instance that asks.
        reviewed: what it is about.
        options: that a person has.
        shelf: where chosen pictures are published; None if they are not.
        record: of the decision; None if no picture has landed, so that there is no place for one.
        is_first_attempt: False if an earlier attempt may have got the answer.
    """

    name: InstanceName
    reviewed: Reviewed
    options: Sequence[str]
    shelf: Shelf | None
    record: ReviewRecord | None
    is_first_attempt: bool

    @classmethod
    def of(
        cls, context: Context, results: object, choice: Choice, publish_to: object, *, edits_again: bool
    ) -> Review:
        """Reads what is to be reviewed, each time from the beginning: an attempt may resume days later.

        Raises:
            PhotaInputError: The results have no pictures.
            PhotaReviewError: They cannot be asked about in this way.
        """
        ti, name, reviewed = context["ti"], instance_name_of(context), read_pictures(results)
        options = options_of(reviewed, choice, edits_again=edits_again)
        folder = None if publish_to is None else Place.of(checked_path("publish_to", publish_to))
        home = folder or _home(reviewed)
        # clearing a task raises max_tries: then it is another question
        question = f"{reviewed.digest} {ti.max_tries}"
        record = ReviewRecord(name, question, home, folder is not None) if home else None
        shelf = Shelf(folder, reviewed.batch) if folder else None
        return cls(name, reviewed, options, shelf, record, ti.try_number <= 1)

    def check(self) -> None:
        """Checks, before a person is asked, that the answer can be carried out."""
        if self.shelf:
            self.shelf.check(self.reviewed.pictures)

    def decided_before(self) -> Verdict | None:
        """Returns what an earlier attempt was told, if it could not carry it out; else None."""
        if self.is_first_attempt or not self.record or not self.shelf:
            return None
        return self.record.read(self.reviewed)

    def carry_out(self, verdict: Verdict) -> tuple[PhotaReview, list[LandedFile]]:
        """Publishes what was chosen, and records the decision first, so that a retry need not ask again.

        Returns:
            What the Airflow task returns, and the published files.

        Raises:
            PhotaPublishError: A store failed; a retry goes on.
            PhotaInputError, PhotaReviewError: A picture cannot be published as it was approved.
        """
        path = self.record.write(verdict, None) if self.record else None
        published = self.shelf.publish(verdict.decision.chosen) if self.shelf else []
        if path and self.record:
            self.record.write(verdict, published)
        fields = fields_of(verdict, published)
        if self.reviewed.batch:
            for kind in ("chosen", "rejected", "published"):
                fields[kind] = fields[kind][:_MOST_IN_XCOM]
        return cast("PhotaReview", {**fields, "record": path}), published

    @property
    def whereabouts(self) -> str:
        """Says where the pictures are, and that they are paid, for messages."""
        first = next((each.file.path for each in self.reviewed.pictures if each.file), None)
        if first is None:
            return "The pictures are paid. The service keeps them for 24 hours after they are finished."
        home = self.reviewed.batch or first
        return f"The pictures are paid, and lie next to {shown(home)}."


def _home(reviewed: Reviewed) -> Place | None:
    """Returns the directory of the pictures; None if none has landed."""
    path = reviewed.batch or next((each.file.path for each in reviewed.pictures if each.file), "")
    return Place.of(checked_path("results", path)).parent if path else None
