"""Waits that were stored by another version of this provider: with other arguments than those of today."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG
from airflow.triggers.base import BaseTrigger

from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator, PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor

#: Arguments that are about one wait alone, so that they have to be those of the wait of today.
OWN = {
    *("phota_task_id", "phota_conn_id", "deadline", "since"),
    *("waits", "began"),
    *("log", "amount", "limit", "ends_at"),
}


class Stored(BaseTrigger):
    """Is stored under the class path and the arguments of another trigger, and never runs itself."""

    def __init__(self, classpath: str, arguments: dict[str, Any]) -> None:
        super().__init__()
        self.classpath, self.arguments = classpath, arguments

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return self.classpath, self.arguments

    async def run(self):
        raise NotImplementedError
        yield


class OfAnOlderVersion:
    """Stores the trigger that the run's conf names for the task, with its arguments and no others."""

    def pre_execute(self, context):
        super().pre_execute(context)
        self.stored = context["dag_run"].conf["stored"][self.task_id]

    def defer(self, *, trigger, **more):
        classpath, made = trigger.serialize()
        assert classpath == self.stored[0]
        arguments = {name: made[name] if name in OWN else value for name, value in self.stored[1].items()}
        return super().defer(trigger=Stored(classpath, arguments), **more)


class OfANewerVersion:
    """Stores an argument that no version knows yet, in the first attempt."""

    def pre_execute(self, context):
        super().pre_execute(context)
        self.is_newer = context["ti"].try_number == 1

    def defer(self, *, trigger, **more):
        classpath, arguments = trigger.serialize()
        if self.is_newer:
            trigger = Stored(classpath, {**arguments, "added_later": 1})
        return super().defer(trigger=trigger, **more)


class OldSensor(OfAnOlderVersion, PhotaTaskSensor):
    pass


class OldEdit(OfAnOlderVersion, PhotaImageEditOperator):
    pass


class OldBatch(OfAnOlderVersion, PhotaImageEditBatchOperator):
    pass


class NewerEdit(OfANewerVersion, PhotaImageEditOperator):
    pass


EDIT: dict[str, Any] = {
    "prompt": "{{ task.task_id }} across versions",
    "image_urls": "{{ dag_run.conf['image_url'] }}",
}
WAITS: dict[str, Any] = {"wait_for_completion": True, "deferrable": True}

with DAG("stack_upgrades", schedule=None) as upgrades:
    submit = PhotaImageEditOperator(task_id="submit", **EDIT)
    OldSensor(task_id="sensor", phota_task_id=submit.output, deferrable=True)
    OldEdit(task_id="operator", **WAITS, **EDIT)
    OldBatch(
        task_id="batch",
        edits="{{ dag_run.conf['inbox'] }}",
        prompt=EDIT["prompt"],
        destination="{{ dag_run.conf['destination'] }}",
        deferrable=True,
        defer_after=2,
    )
    OldEdit(task_id="budget", phota_conn_id="phota_budgeted", on_budget="wait", **EDIT)

with DAG("stack_rollback", schedule=None) as rollback:
    # At its retry the edit is finished, and the task does not defer again. With SQLite, which gives the ID of a
    # row that is gone to the next one, the triggerer would take the next trigger for the one that it cannot make.
    NewerEdit(
        task_id="edit",
        phota_conn_id="phota_quick",
        retries=1,
        retry_delay=timedelta(seconds=3),
        **WAITS,
        **EDIT,
    )
