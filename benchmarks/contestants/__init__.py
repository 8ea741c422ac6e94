"""Provides the contestants. Each module has a `CONTESTANT`, and only that module imports what it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

#: Seconds between two questions, for the contestants that ask at a steady interval.
INTERVAL = 5.0
#: The limit in the connection of this provider. Without it, the scenario `limit` would ask more often.
REQUESTS_PER_SECOND = 300

#: Module -> its name in the tables.
TITLES = {
    "bare": "bare aiohttp, every 5 s",
    "phota": "phota (this provider)",
    "phota_steady": "phota (this provider), every 5 s",
    "before": "phota at another commit",
    "openai": "openai 2.2.0",
    "dbt_cloud": "dbt-cloud 4.11.1",
    "http": "http 6.3.0 (sensor)",
    "databricks": "databricks 7.23.0",
}
OURS = "phota"
#: This provider, asking at the steady interval.
STEADY = "phota_steady"
#: This provider at another commit, if `make bench-before` asks for it.
BEFORE = "before"
#: The contestant to compare with: it shows the least that asking every 5 s can cost.
BARE = "bare"
PEERS = ("openai", "dbt_cloud", "http", "databricks")

#: A function that waits for the job of that number, and raises if the wait does not end well.
Wait = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Place:
    """Says where the service is, which authorities to trust, and what is known of the jobs.

    Attributes:
        estimate: seconds that the service says every job takes.
    """

    port: int
    ca_bundle: Path
    estimate: int


class Contestant(Protocol):
    """Waits for many jobs at once."""

    def prepare(self, place: Place) -> None:
        """Tells the contestant where the service is."""

    def waits(self) -> AbstractAsyncContextManager[Wait]: ...


def contestant(name: str) -> Contestant:
    return cast("Contestant", import_module(f"{__name__}.{name}").CONTESTANT)
