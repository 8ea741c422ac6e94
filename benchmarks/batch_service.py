"""Asks the service what was billed to a run, how fast orders came, and how many requests it saw."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import requests

from airflow_provider_phota.api.settings import Settings
from benchmarks import gallery

#: The part of the orders at the beginning, and at the end, that is left out of the rate.
_EDGE = 0.1


@dataclass(frozen=True)
class Sales:
    """Says what the service saw of a run.

    Attributes:
        billed: tasks.
        rate: orders a second, without the first and the last tenth.
        requests: route -> requests.
    """

    billed: int
    rate: float
    requests: dict[str, int]


def seen_requests(settings: Settings) -> Counter[str]:
    """Returns how many requests of each route the service has seen."""
    answer = requests.get(f"{settings.base_url}/_emulator/requests", timeout=60)
    return Counter(answer.json()["counts"])


def sales_since(settings: Settings, prompt: str, before: Counter[str]) -> Sales:
    """Returns what was billed for a prompt, and what was asked since then."""
    tasks = [task for task in gallery.ledger(settings) if str(task["request"]["prompt"]) == prompt]  # type: ignore[index]
    created = sorted(float(str(task["created"])) for task in tasks)
    first, last = int(len(created) * _EDGE), int(len(created) * (1 - _EDGE)) - 1
    rate = (last - first) / (created[last] - created[first]) if last > first else 0.0
    return Sales(len(tasks), rate, dict(seen_requests(settings) - before))
