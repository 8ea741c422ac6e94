"""The races: who overtakes whom, and where."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from tests.races.freezing import BEFORE_INTENT, BEFORE_WRITING, BETWEEN_STORES
from tests.races.laboratory import Race

#: Seconds that an answer takes whose attempt is given up meanwhile.
SLOW = 3.0
LIMIT = 60.0


def orphan_answers(race: Race) -> None:
    """The first attempt is given up while its submit is under way; the second one starts; the answer arrives."""
    race.will("slow_body", seconds=SLOW)
    orphan = race.attempt()
    _until(lambda: bool(race.tasks()))
    second = race.attempt()
    orphan.outcome()
    second.outcome()


def gen2_orphan(race: Race) -> None:
    """The first task ends as failed. The second attempt stands still before its intent, while the third one goes through."""
    race.will("fail_task", code="x", message="m")
    race.run()
    _until(lambda: race.tasks()[0].status == "failed")
    orphan = race.attempt(freeze=BEFORE_INTENT)
    orphan.wait_until_frozen()
    race.run()
    orphan.thaw()
    orphan.outcome()


def toctou(race: Race) -> None:
    """The first attempt stands still between its check and the writing of its intent, while the second one goes through."""
    _frozen_while_another_goes_through(race, BEFORE_WRITING)


def toctou_between(race: Race) -> None:
    """As `toctou`, but its intent is in object storage already, and not yet in the task state store."""
    _frozen_while_another_goes_through(race, BETWEEN_STORES)


def _frozen_while_another_goes_through(race: Race, point: str) -> None:
    frozen = race.attempt(freeze=point)
    frozen.wait_until_frozen()
    race.run()
    frozen.thaw()
    frozen.outcome()


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the race did not come to its point")
        time.sleep(0.05)


CASES: Mapping[str, Callable[[Race], None]] = {
    each.__name__: each for each in (orphan_answers, gen2_orphan, toctou, toctou_between)
}
