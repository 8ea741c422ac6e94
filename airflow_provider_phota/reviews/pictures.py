"""Reads the pictures that a person decides about from what other Airflow tasks have returned."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.hints import RENDERED_TO_TEXT
from airflow_provider_phota.api.shown import shown, without_secrets
from airflow_provider_phota.api.types import PhotaReviewedPicture
from airflow_provider_phota.batch.results import read_results
from airflow_provider_phota.results.landing import LandedFile

#: Pictures that the gallery shows of a review without a batch.
MOST_SHOWN = 1_000
#: Characters of a digest that tell the files of one PHOTA task apart.
_DIGITS = 16
_ONLY_SUBMITS = (
    "A task that only submits returns an ID: give it wait_for_completion=True, or wait with PhotaTaskSensor."
)
#: How an item of a batch has ended if it has pictures.
_WITH_PICTURES = frozenset({"landed", "existing"})


@dataclass(frozen=True)
class Picture:
    """Is one picture that a person decides about.

    Attributes:
        phota_task_id: the task that made it.
        index: of the picture among those of its task, from 0, as far as they were handed in.
        file: as it has landed; None if it has not.
        item: the key of its item, in a batch.
        number: of that item, from 1.
    """

    phota_task_id: str
    index: int
    file: LandedFile | None = None
    item: str = ""
    number: int = 0

    def to_dict(self) -> PhotaReviewedPicture:
        """Returns the picture as plain data, without a URL of the service, which anybody could read."""
        of_batch = {"item": self.item} if self.number else {}
        file = self.file.to_dict() if self.file else {"phota_task_id": self.phota_task_id}
        return cast("PhotaReviewedPicture", {**file, "index": self.index, **of_batch})


@dataclass(frozen=True)
class Reviewed:
    """Is all that one person decides about at once.

    Attributes:
        pictures: in the order in which they are shown.
        costs: of the orders, as far as their tasks have returned them.
        batch: the path of the results of a batch; empty if it is none.
        missing: how many items of the batch have no pictures.
    """

    pictures: tuple[Picture, ...]
    costs: tuple[Cost, ...] = ()
    batch: str = ""
    missing: int = 0

    @property
    def digest(self) -> str:
        """The same for the same pictures, whoever asks."""
        parts = [
            (each.phota_task_id, each.index, each.item, each.file.sha256 if each.file else "")
            for each in self.pictures
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def asked(self) -> dict[str, Any]:
        """Returns what is asked about, as plain data for XCom: the gallery shows it.

        A picture is the place of its PHOTA task among the IDs, its index, and how the digest of its file
        begins. So a thousand of them are short enough to be read.
        """
        shown = () if self.batch else self.pictures[:MOST_SHOWN]
        ids = list(dict.fromkeys(each.phota_task_id for each in shown))
        places = {phota_task_id: at for at, phota_task_id in enumerate(ids)}
        return {
            "digest": self.digest,
            "batch": self.batch,
            "phota_task_ids": ids,
            "pictures": [
                [places[each.phota_task_id], each.index, each.file.sha256[:_DIGITS] if each.file else ""]
                for each in shown
            ],
            "total": len(self.pictures),
        }

    @property
    def items(self) -> Mapping[str, list[Picture]]:
        """The pictures of each item of a batch."""
        items: dict[str, list[Picture]] = {}
        for picture in self.pictures:
            items.setdefault(picture.item, []).append(picture)
        return items


def read_pictures(results: object) -> Reviewed:
    """Reads the pictures from what one task, or several, have returned.

    Args:
        results: of an edit, a sensor, a landing or a batch; or a list of such results.

    Raises:
        PhotaInputError: It is nothing of that kind, or it has no pictures.
    """
    found = _Found()
    for result in _single(results):
        found.add(result)
    if found.batches and (len(found.batches) > 1 or found.pictures):
        raise PhotaInputError("results", "has a batch and something else in it: review each batch by itself.")
    reviewed = found.batches[0] if found.batches else found.reviewed()
    if not reviewed.pictures:
        raise PhotaInputError("results", "has no pictures that a person could decide about.")
    return reviewed


def without_urls(results: Any) -> Any:
    """Returns the same results, without the URLs by which anybody could read the pictures for a day.

    A text is never a result, but it can be one that was rendered to a text.
    """
    if isinstance(results, str):
        return without_secrets(results)
    if isinstance(results, list | tuple):
        return [without_urls(result) for result in results]
    if not isinstance(results, Mapping):
        return results
    if isinstance(results.get("images"), list):
        return {**results, "images": [{"content_type": None} for _ in results["images"]]}
    return {key: value if isinstance(value, str) else without_urls(value) for key, value in results.items()}


@dataclass
class _Found:
    #: By what tells them apart: the same one may be in several results.
    pictures: dict[tuple[str, str], Picture] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    costs: list[Cost] = field(default_factory=list)
    batches: list[Reviewed] = field(default_factory=list)

    def add(self, result: Mapping[str, Any]) -> None:
        if "sha256" in result:
            self._add_files([result])
        elif "counts" in result and "results" in result:
            self.batches.append(_of_batch(result))
        elif isinstance(result.get("files"), list):
            self._add_files(result["files"])
            self._add_cost(result)
        elif isinstance(result.get("images"), list) and isinstance(result.get("phota_task_id"), str):
            for index in range(len(result["images"])):
                self._add(result["phota_task_id"], str(index))
            self._add_cost(result)
        else:
            raise PhotaInputError(
                "results", f"must be what tasks return about pictures, got {shown(result)}."
            )

    def reviewed(self) -> Reviewed:
        return Reviewed(tuple(self.pictures.values()), tuple(self.costs))

    def _add_files(self, files: Iterable[Mapping[str, Any]]) -> None:
        for fields in files:
            file = _file(fields)
            self._add(file.phota_task_id, file.path, file, fields.get("index"))

    def _add(
        self, phota_task_id: str, name: str, file: LandedFile | None = None, known_index: object = None
    ) -> None:
        """Adds a picture. Another review that it comes from may know its index."""
        if (phota_task_id, name) in self.pictures:
            return
        index = known_index if isinstance(known_index, int) else self.counts[phota_task_id]
        picture = Picture(phota_task_id, index, file)
        self.pictures[phota_task_id, name] = picture
        self.counts[phota_task_id] += 1

    def _add_cost(self, result: Mapping[str, Any]) -> None:
        try:
            self.costs.append(Cost.from_dict(result.get("cost")))
        except (TypeError, ValueError):
            self.costs.append(Cost())


def _of_batch(summary: Mapping[str, Any]) -> Reviewed:
    pictures: list[Picture] = []
    missing = 0
    for row in read_results(str(summary["results"])):
        if row["status"] not in _WITH_PICTURES:
            missing += 1
            continue
        for index, file in enumerate(map(_file, row["files"])):
            pictures.append(Picture(file.phota_task_id, index, file, row["key"], row["number"]))
    return Reviewed(tuple(pictures), (Cost.from_dict(summary.get("cost")),), str(summary["results"]), missing)


def _single(results: object) -> Iterator[Mapping[str, Any]]:
    """Yields single results, whatever lists they are in. A task that was skipped has returned nothing."""
    if results is None:
        return
    if isinstance(results, Mapping):
        yield results
    elif isinstance(results, str):
        # `is_collection_repr` would need the whole text, and what was rendered is shortened by now
        is_repr = results.strip().startswith(("[", "(", "{"))
        raise PhotaInputError(
            "results",
            f"must be what a task returns about pictures, got the text {shown(results)}.\n"
            f"{RENDERED_TO_TEXT if is_repr else _ONLY_SUBMITS}",
        )
    elif isinstance(results, Iterable):
        for result in results:
            yield from _single(result)
    else:
        raise PhotaInputError("results", f"must be what tasks return about pictures, got {shown(results)}.")


def _file(fields: Mapping[str, Any]) -> LandedFile:
    try:
        return LandedFile(**{name: fields[name] for name in LandedFile.__dataclass_fields__})
    except (KeyError, TypeError):
        raise PhotaInputError(
            "results", f"has something in it that is not a landed file: {shown(fields)}."
        ) from None
