"""Finds out which tasks of the run made the pictures, and what was asked for: for the people who decide."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.ledger.instances import instance_name_of
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.results.cards import (
    CARD_NAME,
    MOST_CARD_BYTES,
    Asked,
    Card,
    card_folder,
    is_card_url,
)
from airflow_provider_phota.reviews.pictures import Picture, Reviewed
from airflow_provider_phota.storage import records
from airflow_provider_phota.storage.access import info_of
from airflow_provider_phota.storage.calls import finish_within
from airflow_provider_phota.storage.paths import Place, checked_path

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

#: Seconds that the reading of one card may take, and task instances that are asked at most.
_LONGEST, _MOST_INSTANCES = 15.0, 300


@dataclass(frozen=True)
class Source:
    """Says where a picture comes from.

    Attributes:
        name: of the task instance whose page in the gallery shows it.
        card: that describes the order; None if there is none.
        asked: what was ordered; None if that is not known.
    """

    name: InstanceName
    card: Card | None = None
    asked: Asked | None = None

    @property
    def is_whole(self) -> bool:
        return self.card is not None and self.asked is not None


def find_sources(context: Context, reviewed: Reviewed, shown: Sequence[Picture]) -> dict[str, Source]:
    """Returns where pictures come from, by their PHOTA tasks. Those that are not found are left out.

    Args:
        context: of the review.
        reviewed: all that is reviewed.
        shown: the pictures of it that a person sees at once.
    """
    upstream = _Upstream(context)
    if reviewed.batch:
        return _of_batch(upstream, reviewed.batch, shown)
    wanted = {picture.phota_task_id for picture in shown}
    found: dict[str, Source] = {}
    for name in upstream.instances():
        if all(each in found and found[each].is_whole for each in wanted):
            break
        for phota_task_id, source in _told_by(upstream, name, wanted):
            found[phota_task_id] = _joined(found.get(phota_task_id), source)
    return found


def _told_by(upstream: _Upstream, name: InstanceName, wanted: set[str]) -> Iterator[tuple[str, Source]]:
    url = upstream.pulled(name, xcom_keys.CARD)
    for phota_task_id in wanted:
        if isinstance(url, str) and is_card_url(url, phota_task_id):
            card = _read_card(url)
            yield phota_task_id, Source(name, card, card.asked if card else None)
    if (phota_task_id := upstream.pulled(name, xcom_keys.PHOTA_TASK_ID)) in wanted:
        yield phota_task_id, Source(name, None, _asked(upstream.pulled(name, xcom_keys.ORDER)))


def _joined(known: Source | None, source: Source) -> Source:
    """Joins what two tasks know of one order. The pictures are on the page of the one that has the card."""
    if known is None:
        return source
    first, second = (known, source) if known.card else (source, known)
    return replace(first, asked=first.asked or second.asked)


def _of_batch(upstream: _Upstream, results: str, shown: Sequence[Picture]) -> dict[str, Source]:
    for name in upstream.instances():
        pushed = upstream.pulled(name, xcom_keys.BATCH)
        if isinstance(pushed, dict) and pushed.get("results") == results:
            break
    else:
        return {}
    home = Place.of(checked_path("results", results)).parent
    found = {}
    for phota_task_id in dict.fromkeys(picture.phota_task_id for picture in shown):
        card = _read_card((card_folder(home, phota_task_id) / CARD_NAME).url)
        found[phota_task_id] = Source(name, card, card.asked if card else None)
    return found


class _Upstream:
    """Is what stands before a task in its run, the nearest first."""

    def __init__(self, context: Context) -> None:
        self._ti: Any = context["ti"]
        self._task: Any = context["task"]
        self._name = instance_name_of(context)

    def instances(self) -> Iterator[InstanceName]:
        left = _MOST_INSTANCES
        for task in self._tasks():
            for map_index in self._map_indexes(task):
                yield InstanceName(self._name.dag_id, self._name.run_id, task.task_id, map_index)
                left -= 1
                if not left:
                    return

    def pulled(self, name: InstanceName, key: str) -> Any:
        return self._ti.xcom_pull(task_ids=name.task_id, key=key, map_indexes=name.map_index)

    def _tasks(self) -> Iterator[Any]:
        seen: set[str] = set()
        queue = deque(self._task.upstream_list)
        while queue:
            task = queue.popleft()
            if task.task_id not in seen:
                seen.add(task.task_id)
                queue.extend(task.upstream_list)
                yield task

    def _map_indexes(self, task: Any) -> Iterator[int]:
        if not task.get_needs_expansion():
            yield -1
            return
        own = self._name.map_index
        if own >= 0:  # the one that is mapped over the same list
            yield own
        count = self._ti.get_ti_count(
            dag_id=self._name.dag_id, task_ids=[task.task_id], run_ids=[self._name.run_id]
        )
        yield from (index for index in range(count) if index != own)


def _asked(fields: object) -> Asked | None:
    try:
        return Asked.from_dict(fields) if isinstance(fields, dict) else None
    except (KeyError, TypeError, ValueError):  # somebody else has pushed it
        return None


def _read_card(url: str) -> Card | None:
    """Returns a card; None if it cannot be read, since a question can do without."""

    def read() -> Card | None:
        place = Place.of(checked_path("card", url))
        info = info_of(place)
        is_small = info is not None and int(info.get("size") or 0) <= MOST_CARD_BYTES
        return records.read(place, Card.from_dict) if is_small else None

    try:
        return finish_within(_LONGEST, read)
    except Exception as error:  # of whatever library the store speaks by
        log.info("A card could not be read (%s); the question does without.", type(error).__name__)
        return None
