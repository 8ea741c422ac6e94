"""Reads from a task instance that asks a person what it asks about, and what was decided. It does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.plugins.gallery.instances import RESULT, Instance
from airflow_provider_phota.texts import count, visible

#: Airflow's words for a task that waits for a person: the first one up to 3.2.
_ASKING = frozenset({"deferred", "awaiting_input"})
_DECISIONS = {"approved": "Approved", "rejected": "Rejected", "edit_again": "To be edited again"}
#: PHOTA tasks of one review that are shown at most.
_MOST_TASKS = 1_000


@dataclass(frozen=True)
class Question:
    """Says what a review is about.

    Attributes:
        batch: the path of the rows of a batch; empty if it is not about one.
        phota_task_ids: that made the pictures, unless they are those of a batch.
    """

    batch: str = ""
    phota_task_ids: tuple[str, ...] = ()


def is_review(instance: Instance) -> bool:
    """True for a task instance that asks a person about pictures."""
    return xcom_keys.REVIEW in instance.pushed or "Review" in instance.operator


def is_asking(instance: Instance) -> bool:
    """True while a task instance waits for a person's answer."""
    return is_review(instance) and instance.state in _ASKING


def question_of(instance: Instance) -> Question:
    """Returns what a review is about. It is nothing if the review has not asked yet."""
    pushed = instance.value(xcom_keys.REVIEW)
    if not isinstance(pushed, Mapping):
        return Question()
    batch, ids = pushed.get("batch"), pushed.get("phota_task_ids")
    shown = ids[:_MOST_TASKS] if isinstance(ids, list) else []
    return Question(batch if isinstance(batch, str) else "", tuple(str(each) for each in shown))


def decision_of(instance: Instance) -> str:
    """Returns what was decided, by whom and when, in a sentence; empty if nothing was."""
    result = instance.value(RESULT)
    if not isinstance(result, Mapping) or result.get("decision") not in _DECISIONS:
        return ""
    parts = [f"{_DECISIONS[result['decision']]} by {_person(result.get('decided_by'))}"]
    if at := result.get("decided_at"):
        parts.append(f"at {visible(str(at), 40)}")
    return f"{' '.join(parts)}: {_numbers(result.get('counts'))}."


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
