"""Says what the page shows of one task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_phota.api.orders.base import EDIT_MODEL, ENHANCE_MODEL, GENERATE_MODEL, PROFILE_MODEL
from airflow_provider_phota.emulator.records import TaskRecord
from airflow_provider_phota.emulator.service import Service
from airflow_provider_phota.texts import ago, count, visible

#: Thumbnails of one task, at most.
MOST_THUMBNAILS = 4
_KINDS = {EDIT_MODEL: "Edit", GENERATE_MODEL: "Generate", ENHANCE_MODEL: "Enhance", PROFILE_MODEL: "Profile"}


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Describes one small picture.

    Attributes:
        link: Where the result itself is; empty once it has expired.
    """

    source: str
    alt: str
    link: str


@dataclass(frozen=True, slots=True)
class Card:
    """Describes one task as the page shows it. No text in it is escaped yet.

    Attributes:
        kind: What kind of order it is, in one word.
        prompt: The prompt, cut, or another text for an order without a prompt.
        facts: Short texts, such as ``5 credits``.
        why: Why the task has failed: a code and a message.
        profile: The ID of the profile that the task has made.
        more: Pictures that are not shown.
        expired: True once the results cannot be downloaded any more.
        when: When it was created, in words and for machines.
    """

    id: str
    status: str
    kind: str
    model: str
    prompt: str
    facts: tuple[str, ...]
    progress: int
    why: tuple[str, str]
    profile: str
    thumbnails: tuple[Thumbnail, ...]
    more: int
    expired: bool
    when: tuple[str, str]

    @property
    def look(self) -> str:
        """What changes when the card has to be drawn again. Its age is left out."""
        return f"{self.status} {self.progress} {self.expired}"


def card_of(task: TaskRecord, service: Service, now: float) -> Card:
    """Returns what is shown of a task ``now``."""
    status, expired = task.status(now), now >= service.results_expire_at(task)
    results = service.results(task, "", MOST_THUMBNAILS) if status == "completed" else []
    thumbnails = _thumbnails(task, results, expired=expired)
    failure = task.failure if status == "failed" else None
    return Card(
        id=task.id,
        status=status,
        kind=_KINDS[task.order.model],
        model=task.order.model,
        prompt=_prompt(task),
        facts=_facts(task, now),
        progress=task.progress(now),
        why=(visible(failure.code, 60), visible(failure.message, 120)) if failure else ("", ""),
        profile="".join(str(result["profile_id"]) for result in results if "profile_id" in result),
        thumbnails=thumbnails,
        more=max(0, task.order.outputs - len(thumbnails)) if thumbnails else 0,
        expired=expired and bool(thumbnails),
        when=(ago(now - task.created), _moment(task.created)),
    )


def _prompt(task: TaskRecord) -> str:
    if task.order.model == PROFILE_MODEL:
        return "A profile of a person, from a ZIP of photos"
    if task.order.model == ENHANCE_MODEL:
        given = [
            f"{name} {task.request[name]}" for name in ("creativity", "resemblance") if name in task.request
        ]
        return visible(f"A better version of a picture{': ' if given else ''}{', '.join(given)}")
    return visible(task.order.prompt)


def _facts(task: TaskRecord, now: float) -> tuple[str, ...]:
    facts = [count(task.credits(now), "credit")]
    if task.order.model != PROFILE_MODEL:
        facts.append(task.order.resolution)
    if task.order.outputs > 1:
        facts.append(count(task.order.outputs, "output"))
    if task.order.model == GENERATE_MODEL:
        facts.append(task.order.aspect_ratio)
    return tuple(facts)


def _thumbnails(
    task: TaskRecord, results: Sequence[Mapping[str, Any]], *, expired: bool
) -> tuple[Thumbnail, ...]:
    outputs = task.order.outputs
    links = [result["url"] for result in results if "url" in result]
    text = visible(task.order.prompt, 100)
    return tuple(
        Thumbnail(
            f"/_emulator/thumbnails/{task.id}/{number}",
            f"Result {number + 1} of {outputs}: {text}",
            "" if expired else link,
        )
        for number, link in enumerate(links)
    )


def _moment(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):  # the clock can be moved to any year
        return ""
