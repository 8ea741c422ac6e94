"""Who waits: each module here has a `CONTESTANT`, and alone imports what it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

#: Seconds between two questions of all that ask steadily.
INTERVAL = 5.0
#: What the connection allows this provider's poller: the scenario `limit` would exceed it.
REQUESTS_PER_SECOND = 300

#: Module -> how the tables name it.
TITLES = {
    "bare": "bare aiohttp, every 5 s",
    "phota": "phota (this provider)",
    "openai": "openai 2.2.0",
    "dbt_cloud": "dbt-cloud 4.11.1",
    "http": "http 6.3.0 (sensor)",
    "databricks": "databricks 7.23.0",
}
OURS = "phota"
#: The least that asking every 5 s can cost, and the steady schedule to compare with.
BARE = "bare"
PEERS = ("openai", "dbt_cloud", "http", "databricks")

#: Waits for the job of that number; raises if the wait does not end well.
Wait = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Place:
    """Where the service is, and whom to trust there."""

    port: int
    ca_bundle: Path


class Contestant(Protocol):
    """Something that waits for jobs, as many at once as it is asked to."""

    def prepare(self, place: Place) -> None:
        """Learn where the service is."""

    def waits(self) -> AbstractAsyncContextManager[Wait]: ...


def contestant(name: str) -> Contestant:
    return cast("Contestant", import_module(f"{__name__}.{name}").CONTESTANT)
