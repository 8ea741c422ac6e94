"""Defines what the harness does to the components of an Airflow while a row is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from tests.chaos.celery.laboratory import WORKERS
from tests.chaos.celery.redelivery import Redelivery
from tests.chaos.celery.run import CeleryRun, MomentMissed

#: Seconds for which a triggerer stands still, and for which the broker and a scheduler are away.
FROZEN, BROKER_AWAY, SCHEDULER_AWAY = 60.0, 20.0, 75.0
#: Seconds by which a clock is wrong.
HOUR = 3600
CUTS = 4


def kill_worker(run: CeleryRun) -> None:
    run.start()
    run.wait_until_submits_are_in_flight()
    run.lab.airflow.kill(run.pick(WORKERS))


def kill_triggerers(run: CeleryRun) -> None:
    run.start()
    run.wait_until_deferred()
    run.lab.airflow.kill("triggerer-1", down_for=15.0)
    time.sleep(run.chance.uniform(25.0, 45.0))
    run.lab.airflow.kill("triggerer-2", down_for=15.0)
    _require_two_triggerers(run)


def freeze_triggerer(run: CeleryRun) -> None:
    run.start()
    run.wait_until_deferred()
    run.lab.airflow.freeze(run.pick(("triggerer-1", "triggerer-2")), FROZEN)
    _require_two_triggerers(run)


def _require_two_triggerers(run: CeleryRun) -> None:
    run.end()
    number = run.in_two_triggerers()
    if not number:
        raise MomentMissed("no edit waited in two triggerers")
    run.note(f"{number} edits in two triggerers")


def freeze_worker(run: CeleryRun) -> None:
    """Stops a worker until what it had begun is under way elsewhere, and a little longer."""
    run.start()
    run.wait_until_submits_are_in_flight()
    with run.lab.airflow.frozen(run.pick(WORKERS)):
        run.wait_until(
            lambda: any(each.try_number > 1 for each in run.edits()), "no edit was tried elsewhere"
        )
        time.sleep(run.chance.uniform(2.0, 20.0))


def break_broker(run: CeleryRun) -> None:
    """Kills the broker. With an odd seed it comes back without the messages that it had."""
    run.start()
    run.wait_until_submits_are_in_flight()
    run.lab.broker.kill()
    time.sleep(BROKER_AWAY)
    if run.trial.seed % 2:
        run.lab.broker.forget()
    run.lab.broker.start()


def deliver_twice(run: CeleryRun) -> None:
    """Puts messages back into the queue: at once, while a worker has them, or later."""
    with Redelivery(run.lab.queue, run.chance) as redelivery:
        run.start()
        run.end()
    if not redelivery.delivered:
        raise MomentMissed("no message was delivered twice")
    run.note(f"{redelivery.delivered} messages twice")


def kill_scheduler(run: CeleryRun) -> None:
    run.start()
    run.wait_until_submits_are_in_flight()
    run.lab.airflow.kill(run.pick(("scheduler-1", "scheduler-2")), down_for=SCHEDULER_AWAY)


def cut_database(run: CeleryRun) -> None:
    run.start()
    run.wait_until_submits_are_in_flight()
    cut = []
    for _ in range(CUTS):
        cut.append(run.lab.cut_database())
        time.sleep(run.chance.uniform(3.0, 10.0))
    run.note(f"{sum(cut)} connections cut")


def wrong_clock(run: CeleryRun) -> None:
    """Gives one of two workers a clock that is ahead, or behind with an odd seed, until nothing is under way.

    Airflow takes the time of a failure from the worker, and so retries an hour late if its clock is ahead. Then
    the clock is right, and a person clears what has not ended well.
    """
    seconds = -HOUR if run.trial.seed % 2 else HOUR
    with run.lab.wrong_clock(run.pick(WORKERS), seconds):
        run.start()
        run.wait_until(lambda: not run.under_way(), "did not come to rest")
        refused = [each.map_index for each in run.edits() if each.state != "success"]
    run.note(f"{len(refused)} waited for a right clock")
    if refused:
        run.clear(refused)


ACTS: Mapping[str, Callable[[CeleryRun], None]] = {
    act.__name__: act
    for act in (
        kill_worker,
        kill_triggerers,
        freeze_triggerer,
        freeze_worker,
        break_broker,
        deliver_twice,
        kill_scheduler,
        cut_database,
        wrong_clock,
    )
}
