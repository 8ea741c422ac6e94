"""Puts the question: what a person reads in Airflow, with small pictures before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost, exact_total
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.results.cards import Card
from airflow_provider_phota.results.gallery_urls import (
    AFTER,
    BEFORE,
    item_picture_url,
    item_url,
    picture_url,
    task_url,
)
from airflow_provider_phota.reviews.decisions import option_of
from airflow_provider_phota.reviews.markdown import escaped, image, link, table
from airflow_provider_phota.reviews.pictures import MOST_SHOWN, Picture, Reviewed
from airflow_provider_phota.reviews.sources import Source
from airflow_provider_phota.texts import count

#: Pictures that the question itself shows. All others are on the page that it links to.
MOST_ROWS = 20
#: Characters of a prompt, and of the key of an item, that are shown.
_LONGEST_PROMPT, _LONGEST_KEY = 300, 100


@dataclass(frozen=True)
class Question:
    """Is what a person is asked.

    Attributes:
        reviewed: what it is about.
        asking: the task instance that asks.
        sources: where the pictures come from, by their PHOTA tasks, as far as that is known.
        publish_to: where the chosen ones go, as a message may show it; empty if nowhere.
    """

    reviewed: Reviewed
    asking: InstanceName
    sources: Mapping[str, Source] = field(default_factory=dict)
    publish_to: str = ""

    def with_sources(self, sources: Mapping[str, Source]) -> Question:
        """Returns the same question with the sources of the pictures."""
        return replace(self, sources=sources)

    @property
    def subject(self) -> str:
        """The headline, if a DAG's author has not given another one."""
        return f"{self.asking.dag_id}: {self._size} to review"

    @property
    def body(self) -> str:
        """The text, in Markdown."""
        shown = self.shown
        parts = [f"**{self._size}**, cost: {self._cost}. {self._page}", self._table(shown)]
        if (more := len(self.reviewed.pictures) - len(shown)) > 0:
            parts.append(f"Another {count(more, 'picture')}: {self._page}")
        if self.reviewed.missing:
            parts.append(f"{count(self.reviewed.missing, 'item')} of the batch made no picture.")
        if self.publish_to:
            parts.append(f"What is approved is copied to {escaped(self.publish_to)}.")
        return "\n\n".join(parts)

    @property
    def shown(self) -> Sequence[Picture]:
        return self.reviewed.pictures[:MOST_ROWS]

    @property
    def _size(self) -> str:
        pictures = count(len(self.reviewed.pictures), "picture")
        return f"{pictures} of {count(len(self.reviewed.items), 'item')}" if self.reviewed.batch else pictures

    @property
    def _cost(self) -> Cost:
        cards = [source.card.cost for source in self.sources.values() if source.card]
        known = self.reviewed.costs or (cards if len(self.reviewed.pictures) <= MOST_ROWS else [])
        return exact_total(known) if known else UNKNOWN_COST

    @property
    def _page(self) -> str:
        if self.reviewed.batch:
            words = "Choose among them by check boxes."
        elif len(self.reviewed.pictures) > MOST_SHOWN:
            words = f"See the first {MOST_SHOWN:,} of them."
        else:
            words = "See all of them."
        return link(words, task_url(self.asking))

    def _table(self, shown: Sequence[Picture]) -> str:
        first = "Item" if self.reviewed.batch else "Picture"
        ids = [picture.phota_task_id for picture in shown]
        rows = [self._row(at, picture, has_cost=ids.index(ids[at]) == at) for at, picture in enumerate(shown)]
        return table((first, "Before", "After", "Prompt", "Cost"), rows)

    def _row(self, at: int, picture: Picture, *, has_cost: bool) -> list[str]:
        """Returns a row. The cost of an order stands next to the first of its pictures alone."""
        source = self.sources.get(picture.phota_task_id)
        name = option_of(at)
        return [
            self._title(name, picture, source),
            self._small_copy(picture, source, BEFORE, f"Before {name}"),
            self._small_copy(picture, source, AFTER, name),
            escaped(self._prompt(picture), _LONGEST_PROMPT),
            str(source.card.cost) if has_cost and source and source.card else "",
        ]

    def _title(self, name: str, picture: Picture, source: Source | None) -> str:
        if not self.reviewed.batch:
            return name
        key = escaped(picture.item, _LONGEST_KEY)
        return link(key, item_url(source.name, picture.number)) if source else key

    def _small_copy(self, picture: Picture, source: Source | None, which: str, description: str) -> str:
        """Returns a small picture; without one, the words say so."""
        index = _index_of_copy(picture, source.card, which) if source and source.card else None
        if source is None or index is None:
            return "no small copy"
        if picture.number:
            url = item_picture_url(source.name, picture.number, which, index, picture.phota_task_id)
        else:
            url = picture_url(source.name, which, index, picture.phota_task_id)
        return image(description, url)

    def _prompt(self, picture: Picture) -> str:
        source = self.sources.get(picture.phota_task_id)
        return source.asked.prompt if source and source.asked else ""


def _index_of_copy(picture: Picture, card: Card, which: str) -> int | None:
    """Returns which small copy shows a picture; None if none does.

    A DAG can hand in single pictures of an order, so their content says which ones they are.
    """
    if which == BEFORE:
        return 0 if card.before else None
    index = card.index_of(picture.file.sha256) if picture.file else picture.index
    return index if index is not None and index < card.after else None
