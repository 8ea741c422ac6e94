"""Reads from a task instance that asks a person what it asks about, and what was decided. It does no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.plugins.gallery.instances import RESULT, Instance
from airflow_provider_phota.texts import count, visible

#: Airflow's words for a task that waits for a person: the first one up to 3.2.
_ASKING = frozenset({"deferred", "awaiting_input"})
_DECISIONS = {"approved": "Approved", "rejected": "Rejected", "edit_again": "To be edited again"}
#: Pictures of one review that are shown at most.
_MOST_PICTURES = 1_000
#: The task of `review_rounds` that returns what a review has decided, and asks nobody itself.
_OUTCOME = "PhotaReviewOutcomeOperator"
#: Our operators of reviews, for those that have not asked yet.
_OPERATORS = frozenset({"PhotaReviewOperator", "PhotaReviewRoundOperator", _OUTCOME})


@dataclass(frozen=True)
class AskedPicture:
    """Is one picture that a person is asked about.

    Attributes:
        phota_task_id: that made it.
        number: of the picture in the question, from 1. It is 0 in a question of an earlier version, which has
            the PHOTA tasks alone.
        index: of the picture among those of its PHOTA task, from 0.
        sha256: how the digest of the file begins; empty if it has not landed.
    """

    phota_task_id: str
    number: int = 0
    index: int = 0
    sha256: str = ""

    @property
    def option(self) -> str:
        """The option that chooses it, in the words of the question."""
        return f"Picture {self.number:d}"


@dataclass(frozen=True)
class Question:
    """Says what a review is about.

    Attributes:
        digest: the same for the same pictures.
        batch: the path of the rows of a batch; empty if it is not about one.
        pictures: in the order of the question, unless they are those of a batch.
        total: how many there are, shown or not.
    """

    digest: str = ""
    batch: str = ""
    pictures: tuple[AskedPicture, ...] = ()
    total: int = 0

    @property
    def is_numbered(self) -> bool:
        return any(picture.number for picture in self.pictures)


def is_review(instance: Instance) -> bool:
    """True for a task instance that asks a person about pictures, or returns what one has decided."""
    return xcom_keys.REVIEW in instance.pushed or instance.operator in _OPERATORS


def asks_nobody(instance: Instance) -> bool:
    """True for a review's task that returns what was decided elsewhere."""
    return instance.operator == _OUTCOME


def is_asking(instance: Instance) -> bool:
    """True while a task instance waits for a person's answer."""
    return is_review(instance) and instance.state in _ASKING


def question_of(instance: Instance) -> Question:
    """Returns what a review is about. It is nothing if the review has not asked yet."""
    pushed = instance.value(xcom_keys.REVIEW)
    if not isinstance(pushed, Mapping):
        return Question()
    pictures = tuple(_pictures(pushed))
    digest, batch, total = pushed.get("digest"), pushed.get("batch"), pushed.get("total")
    return Question(
        digest if isinstance(digest, str) else "",
        batch if isinstance(batch, str) else "",
        pictures,
        total if isinstance(total, int) else len(pictures),
    )


def _pictures(pushed: Mapping[str, Any]) -> Iterator[AskedPicture]:
    """Yields the pictures. Anything may have been pushed: what cannot be meant is left out."""
    ids = [str(each) for each in _some(pushed.get("phota_task_ids"))]
    if "pictures" not in pushed:
        yield from map(AskedPicture, ids)
    for number, fields in enumerate(_some(pushed.get("pictures")), start=1):
        match fields:
            case [int(at), int(index), str(sha256)] if 0 <= at < len(ids) and index >= 0:
                yield AskedPicture(ids[at], number, index, sha256)


def _some(values: Any) -> list[Any]:
    return values[:_MOST_PICTURES] if isinstance(values, list) else []


def decision_of(instance: Instance) -> str:
    """Returns what was decided, by whom and when, in a sentence; empty if nothing was.

    What the task returns has each picture in it, and of many pictures it is too long to be read.
    """
    for key in (xcom_keys.DECISION, RESULT):
        decided = instance.value(key)
        if isinstance(decided, Mapping) and str(decided.get("decision")) in _DECISIONS:
            return _in_words(decided)
    return ""


def _in_words(decided: Mapping[str, Any]) -> str:
    parts = [f"{_DECISIONS[str(decided['decision'])]} by {_person(decided.get('decided_by'))}"]
    if at := decided.get("decided_at"):
        parts.append(f"at {visible(str(at), 40)}")
    return f"{' '.join(parts)}: {_numbers(decided.get('counts'))}."


def _person(who: Any) -> str:
    name = who.get("name") or who.get("id") if isinstance(who, Mapping) else None
    return visible(str(name), 100) if name else "nobody in time, so the default holds"


def _numbers(counts: Any) -> str:
    known = counts if isinstance(counts, Mapping) else {}
    number = {
        key: value if isinstance(value := known.get(key), int) else 0
        for key in ("chosen", "rejected", "published")
    }
    return (
        f"{count(number['chosen'], 'picture')} chosen, {number['rejected']:,} not, "
        f"{number['published']:,} published"
    )
