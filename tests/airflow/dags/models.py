"""DAGs of every model: one operator in each way to wait, mapped ones, and orders that use a new profile."""

from __future__ import annotations

import json
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEditOperator,
    PhotaImageEnhanceOperator,
    PhotaImageGenerateOperator,
)
from airflow_provider_phota.sensors.phota import PhotaTaskSensor

PICTURE = "{{ dag_run.conf['picture'] }}"
PHOTOS = "{{ dag_run.conf['photos'] }}"
MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "edit": (PhotaImageEditOperator, {"prompt": "a beach", "image_urls": PICTURE}),
    "generate": (PhotaImageGenerateOperator, {"prompt": "a beach"}),
    "enhance": (PhotaImageEnhanceOperator, {"image_url": PICTURE}),
    "profile": (PhotaCreateProfileOperator, {"photos": PHOTOS}),
}
MODES: dict[str, dict[str, Any]] = {
    "submit": {"wait_for_completion": False},
    "worker": {"wait_for_completion": True, "deferrable": False},
    "deferred": {"wait_for_completion": True, "deferrable": True},
}
QUICK = {"poll_interval": 0.1}

for _name, (_operator, _order) in MODELS.items():
    for _mode, _how in MODES.items():
        with DAG(f"model_{_name}_{_mode}", schedule=None) as _dag:
            _operator(task_id="order", **_order, **_how, **QUICK)
        globals()[_dag.dag_id] = _dag

for _name, (_operator, _order) in MODELS.items():
    if _name != "profile":
        with DAG(f"model_{_name}_landing", schedule=None) as _dag:
            _operator(
                task_id="order",
                destination="{{ dag_run.conf['destination'] }}",
                **_order,
                **MODES["deferred"],
                **QUICK,
            )
        globals()[_dag.dag_id] = _dag


@task
def listed(what: str) -> list[Any]:
    found: list[Any] = json.loads(what)
    return found


#: The argument of each model that its items differ in.
MAPPED = {"edit": "image_urls", "generate": "prompt", "enhance": "image_url", "profile": "photos"}

for _name, (_operator, _order) in MODELS.items():
    _same = {name: value for name, value in _order.items() if name != MAPPED[_name]}
    with DAG(f"model_{_name}_mapped", schedule=None) as _dag:
        _operator.partial(task_id="order", **_same, **MODES["worker"], **QUICK).expand(
            **{MAPPED[_name]: listed("{{ dag_run.conf['items'] }}")}
        )
    globals()[_dag.dag_id] = _dag


def order_with(profile: Any) -> None:
    """Makes one order of each model that takes profiles."""
    how = {**MODES["worker"], **QUICK}
    PhotaImageEditOperator(task_id="edit", prompt="a beach", image_urls=PICTURE, profile_ids=profile, **how)
    PhotaImageEnhanceOperator(task_id="enhance", image_url=PICTURE, profile_ids=profile, **how)
    PhotaImageGenerateOperator(
        task_id="generate", prompt="[[anna]] at the sea", profiles={"anna": profile}, **how
    )


with DAG("profile_of_operator", schedule=None) as profile_of_operator:
    order_with(PhotaCreateProfileOperator(task_id="create", photos=PHOTOS, **MODES["worker"], **QUICK).output)

with DAG("profile_of_sensor", schedule=None) as profile_of_sensor:
    create = PhotaCreateProfileOperator(task_id="create", photos=PHOTOS, **MODES["submit"])
    order_with(PhotaTaskSensor(task_id="wait", phota_task_id=create.output, poke_interval=0.1).output)
