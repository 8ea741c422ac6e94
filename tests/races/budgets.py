"""Lets processes ask for one budget at once: `python -m tests.races.budgets`, or `make races`.

Each process asks again and again for 1 of a budget of which not all asks can be admitted. Some processes are
killed at random moments, and the store refuses, loses answers and is slow.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Self
from uuid import uuid4

from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.budget.state import Exceeded
from airflow_provider_phota.storage.paths import Place, checked_path
from dev.airflow_environment import environment_of
from dev.airflow_major import VERSION
from dev.airflow_settings import Settings as AirflowSettings
from tests.chaos.object_store import ROOT, S3Server
from tests.chaos.s3_server import FLAKY

OUTPUT = ROOT / ".build" / f"budgets-{VERSION}.md"
PROCESSES, ASKS, LIMIT = 8, 50, 100
#: Processes of a race that are killed, and within how many seconds of its beginning, by the store.
KILLED, KILLED_WITHIN = 3, {"file": 0.08, "s3": 4.0}
#: Seconds until all processes have opened the store.
START_UP = 6.0
LIMIT_OF_A_RACE = 600.0


@dataclass(frozen=True)
class Race:
    """Says how processes race.

    Attributes:
        store: `file` or `s3`.
        mode: of the store's gate.
        kills: how many processes are killed.
        processes: how many ask.
        limit: of the budget.
        asks: of each process.
    """

    store: str
    mode: str = "open"
    kills: int = 0
    processes: int = PROCESSES
    limit: int = LIMIT
    asks: int = ASKS


RACES = (
    Race("file"),
    Race("file", kills=KILLED),
    Race("s3"),
    Race("s3", kills=KILLED),
    Race("s3", mode=FLAKY),
    Race("s3", mode=FLAKY, kills=KILLED),
)
#: Nothing is refused here, so that admissions a second can be counted.
SPEEDS = tuple(
    Race(store, processes=number, limit=10_000, asks=40) for store in ("file", "s3") for number in (1, 4, 8)
)


@dataclass
class Outcome:
    """Is what came of a race.

    Attributes:
        said: the tokens that processes were told are admitted.
        admitted: the tokens that the log has.
        seconds: from the first ask to the last answer.
    """

    said: set[str]
    admitted: set[str]
    seconds: float

    def violations(self, race: Race) -> Iterator[str]:
        """Yields what is wrong, in words."""
        expected = min(race.limit, race.asks * race.processes)
        if len(self.admitted) != expected:
            yield f"{len(self.admitted)} admitted, expected {expected}"
        if not self.said <= self.admitted:
            yield f"{len(self.said - self.admitted)} were told that they are admitted, and are not in the log"
        if not race.kills and self.said != self.admitted:
            yield f"{len(self.admitted - self.said)} are admitted, and were not told so"


def ask(url: str, race: Race, start_at: float, out: Path) -> None:
    """Is one process: asks again and again, and writes down each token that is admitted."""
    log = BudgetLog(Place.of(checked_path("budget_path", url)))
    log.state()  # the connection to the store is open now
    time.sleep(max(start_at - time.time(), 0.0))
    with out.open("w", buffering=1) as file:
        for _ in range(race.asks):
            token = uuid4().hex
            with suppress(Exceeded):
                log.reserve(token, Decimal(1), Decimal(race.limit))
                file.write(f"{time.time()} {token}\n")


class Laboratory:
    """Runs the stores that processes race for. It is a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._s3 = self._open.enter_context(S3Server(self._folder))
        home = AirflowSettings(
            self._folder / "airflow", self._folder / "airflow", "LocalExecutor", 1, None, {}
        )
        names = {
            "AIRFLOW_CONN_AWS_DEFAULT": self._s3.connection,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
        }
        os.environ.update({**environment_of(home), **names})
        # the processes are forked, so that they need not load Airflow each; this one opens no store
        self._fork = multiprocessing.get_context("fork")
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def make_bucket(self) -> str:
        """Returns the URL of a new bucket."""
        return str(self._s3.make_bucket(f"budget-{uuid4().hex[:12]}"))

    def run(self, race: Race) -> Outcome:
        """Runs a race with a log of its own."""
        name = uuid4().hex[:12]
        url = f"file://{self._folder}/{name}"
        if race.store == "s3":
            url = f"{self._s3.make_bucket(name)}/budget"
            self._s3.set_gate(name, race.mode)
        start_at = time.time() + START_UP
        outs = [self._folder / f"{name}-{number}.out" for number in range(race.processes)]
        processes = [self._fork.Process(target=ask, args=(url, race, start_at, out)) for out in outs]
        for process in processes:
            process.start()
        victims = random.sample(processes, race.kills)
        for victim in victims:
            time.sleep(max(start_at + random.uniform(0.0, KILLED_WITHIN[race.store]) - time.time(), 0.0))
            victim.kill()
        for process in processes:
            process.join(LIMIT_OF_A_RACE)
            if process.exitcode != 0 and process not in victims:
                raise RuntimeError(f"a process of {race} has failed")
        lines = [line.split() for out in outs if out.exists() for line in out.read_text().splitlines()]
        whole = [(float(line[0]), line[1]) for line in lines if len(line) == 2 and len(line[1]) == 32]
        seconds = max((at for at, _ in whole), default=start_at) - start_at
        return Outcome({token for _, token in whole}, self._admitted(race, name), seconds)

    def _admitted(self, race: Race, name: str) -> set[str]:
        """Reads the last entry of the log, in another way than the processes do."""
        if race.store == "file":
            last = max((self._folder / name).glob("*/*.json")).read_bytes()
        else:
            self._s3.set_gate(name, "open")
            _, last = max(self._s3.objects(name, "budget/"))
        return set(json.loads(last)["open"])


def main(times: int) -> int:
    """Runs all races, and returns 1 if one admits more or less than it must."""
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="phota-budgets-") as folder, Laboratory(Path(folder)) as lab:
        rows = [_row_of_race(lab, race, times, wrong) for race in RACES]
        speeds = [_row_of_speed(lab, race) for race in SPEEDS]
    heads = ("store", "its answers", "killed", "races", "asks", "limit", "admitted", "over", "seconds")
    text = f"{_table(heads, rows)}\n\n{_table(('store', 'processes', 'admissions a second'), speeds)}\n"
    text += (
        "".join(f"- {each}\n" for each in wrong) + f"\n{times * len(RACES)} races, {len(wrong)} violations\n"
    )
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text)
    sys.stdout.write(text)
    return 1 if wrong else 0


def _row_of_race(lab: Laboratory, race: Race, times: int, wrong: list[str]) -> tuple[str, ...]:
    outcomes = [lab.run(race) for _ in range(times)]
    wrong += [f"{race}: {each}" for outcome in outcomes for each in outcome.violations(race)]
    admitted = sorted({len(each.admitted) for each in outcomes})
    over = sum(max(len(each.admitted) - race.limit, 0) for each in outcomes)
    seconds = sorted(each.seconds for each in outcomes)
    cells = (race.store, race.mode, race.kills, times, race.asks * race.processes, race.limit)
    return (*map(str, cells), ", ".join(map(str, admitted)), str(over), f"{seconds[0]:.1f}-{seconds[-1]:.1f}")


def _row_of_speed(lab: Laboratory, race: Race) -> tuple[str, ...]:
    outcome = lab.run(race)
    return race.store, str(race.processes), f"{len(outcome.admitted) / outcome.seconds:.0f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---" for _ in heads], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.races.budgets", description=__doc__)
    parser.add_argument("--times", type=int, default=int(os.environ.get("RACES_BUDGETS") or 5))
    sys.exit(main(parser.parse_args().times))
