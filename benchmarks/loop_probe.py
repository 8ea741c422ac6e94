"""Measures from within how late the event loop of a triggerer is: a trigger that never fires."""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from benchmarks.lateness import Lateness, Probe

#: Seconds between two reports. A triggerer that is killed has reported until then.
_EVERY = 5.0


class LoopProbe(BaseTrigger):
    """Writes the lateness of each stretch of some seconds to a file.

    Beside it stands how many passes of the garbage collector there were since the last full one: if that is
    smaller than before, a full one was in this stretch.

    Args:
        folder: where the file is written; its name is that of the process.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
        self.folder = folder

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "benchmarks.loop_probe.LoopProbe", {"folder": self.folder}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        file = Path(self.folder) / f"{os.getpid()}.jsonl"
        while True:
            probe = Probe()
            await asyncio.sleep(_EVERY)
            line = {"lateness": asdict(probe.stop()), "passes": gc.get_count()[2]}
            await asyncio.to_thread(_append, file, json.dumps(line))
        yield TriggerEvent({})  # makes this a generator


def _append(file: Path, line: str) -> None:
    with file.open("a") as out:
        out.write(f"{line}\n")


def stretches(folder: Path) -> list[list[Lateness]]:
    """Returns, for each process, the lateness of its stretches in order."""
    return [
        [Lateness(**json.loads(line)["lateness"]) for line in file.read_text().splitlines()]
        for file in sorted(folder.glob("*.jsonl"))
    ]
