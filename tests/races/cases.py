"""Defines the races: which attempt overtakes which, and where."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from tests.races.freezing import BEFORE_INTENT, BEFORE_WRITING, BETWEEN_STORES
from tests.races.laboratory import Race

#: Seconds that an answer takes, in which Airflow gives up the attempt that waits for it.
SLOW = 3.0
LIMIT = 60.0


def orphan_answers(race: Race) -> None:
    """Airflow gives up the first attempt while it submits. The second one starts. Then the answer arrives."""
    race.script_submit("slow_body", seconds=SLOW)
    orphan = race.attempt()
    _wait_until(lambda: bool(race.tasks()))
    second = race.attempt()
    orphan.outcome()
    second.outcome()


def gen2_orphan(race: Race) -> None:
    """The first PHOTA task fails. The second attempt stands still before its intent while the third one runs."""
    race.script_submit("fail_task", code="x", message="m")
    race.run()
    _wait_until(lambda: race.tasks()[0].status == "failed")
    orphan = race.attempt(freeze=BEFORE_INTENT)
    orphan.wait_until_frozen()
    race.run()
    orphan.thaw()
    orphan.outcome()


def toctou(race: Race) -> None:
    """The first attempt stands still between its check and its intent, while the second one runs."""
    _overtake_a_frozen_attempt(race, BEFORE_WRITING)


def toctou_between(race: Race) -> None:
    """The first attempt stands still with its intent in object storage, but not in the task state store yet."""
    _overtake_a_frozen_attempt(race, BETWEEN_STORES)


def _overtake_a_frozen_attempt(race: Race, point: str) -> None:
    frozen = race.attempt(freeze=point)
    frozen.wait_until_frozen()
    race.run()
    frozen.thaw()
    frozen.outcome()


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the race did not reach its point")
        time.sleep(0.05)


CASES: Mapping[str, Callable[[Race], None]] = {
    each.__name__: each for each in (orphan_answers, gen2_orphan, toctou, toctou_between)
}
