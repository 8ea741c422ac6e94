"""Puts many deferred tasks into Airflow's database: `python -m benchmarks.deferred_waits`.

To defer twenty thousand tasks for real takes hours of workers. So one task instance is copied, as its copies
would be if a worker had deferred them: with a trigger of their own, in the same words.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from airflow.jobs.job import Job
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.triggers.base import BaseTrigger
from airflow.utils.session import create_session
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from benchmarks.contestants.phota import trigger
from benchmarks.loop_probe import LoopProbe

_AT_ONCE = 1000


def put(run_id: str, waits: int, estimate: int, probes: str) -> None:
    """Adds the waits to a DAG run, and a probe of its loop to each triggerer."""
    with create_session() as session:
        instance = select(TaskInstance.__table__).where(
            TaskInstance.run_id == run_id, TaskInstance.map_index < 0
        )
        model = dict(session.execute(instance).mappings().one())
        living = select(Job.id).where(Job.job_type == "TriggererJob", Job.end_date.is_(None))
        for number, job in enumerate(session.scalars(living).all()):
            _defer(session, model, [waits + number], [LoopProbe(probes)], triggerer_id=job)
        for first in range(0, waits, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, waits))
            _defer(session, model, numbers, list(_triggers(numbers, estimate)))


def _triggers(numbers: range, estimate: int) -> Iterator[BaseTrigger]:
    for number in numbers:
        made = trigger(number, estimate)
        made.since = None  # it asks at once, as one that has waited for a triggerer for long
        yield made


def _defer(
    session: Session,
    model: dict[str, Any],
    numbers: range | list[int],
    triggers: list[BaseTrigger],
    triggerer_id: int | None = None,
) -> None:
    rows = [Trigger.from_object(each) for each in triggers]
    for row in rows:
        row.triggerer_id = triggerer_id
    session.add_all(rows)
    session.flush()
    changes = {"state": "deferred", "next_method": "resume", "next_kwargs": {}, "try_number": 1}
    session.execute(
        insert(TaskInstance.__table__),
        [
            {**model, **changes, "id": uuid4(), "map_index": number, "trigger_id": row.id}
            for number, row in zip(numbers, rows, strict=True)
        ],
    )
    session.commit()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deferred_waits", description=__doc__)
    ask = parser.add_argument
    ask("--run-id", required=True)
    ask("--waits", type=int, required=True)
    ask("--estimate", type=int, required=True)
    ask("--probes", required=True, help="the folder of the loops' probes")
    options = parser.parse_args()
    put(options.run_id, options.waits, options.estimate, options.probes)


if __name__ == "__main__":
    main()
