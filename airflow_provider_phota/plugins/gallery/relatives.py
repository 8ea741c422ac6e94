"""Joins what the tasks of a run know of one PHOTA task: one orders it, another waits, a third one lands."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.plugins.gallery.instances import Instance, pushed_in_run
from airflow_provider_phota.plugins.gallery.orders import phota_task_id_of

#: What a task may know of another one's order.
_SHARED = (xcom_keys.ORDER, xcom_keys.COST, xcom_keys.CARD)


def joined(session: Session, instance: Instance) -> Instance:
    """Returns a task instance with what other tasks of its run know of its PHOTA task.

    Tasks that are mapped over the same list are joined by their map index.
    """
    phota_task_id = phota_task_id_of(instance)
    missing = [key for key in _SHARED if key not in instance.pushed]
    if not phota_task_id or not missing:
        return instance
    pushed = dict(instance.pushed)
    for name, values in pushed_in_run(session, instance.name, (xcom_keys.PHOTA_TASK_ID, *missing)).items():
        other = Instance(name, "", "", 0, None, None, values)
        if name != instance.name and phota_task_id_of(other) == phota_task_id:
            pushed |= {key: values[key] for key in missing if key in values and key not in pushed}
    return replace(instance, pushed=pushed)
