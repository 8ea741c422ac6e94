"""Mapped tasks whose names may be the same for several instances; what differs comes with the run's conf."""

from __future__ import annotations

import json

from airflow.providers.common.compat.sdk import DAG, task, task_group

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

CONF = "{{ dag_run.conf['%s'] }}"
WAITING = {
    "prompt": "a beach",
    "wait_for_completion": True,
    "deferrable": False,
    "poll_interval": 0.1,
    "if_exists": "overwrite",
}


@task
def listed(what: str):
    return json.loads(what)


with DAG("mapped_pictures", schedule=None) as mapped_pictures:
    PhotaImageEditOperator.partial(
        task_id="edit", destination=CONF % "destination", filename=CONF % "filename", **WAITING
    ).expand(image_urls=listed(CONF % "pictures"))

with DAG("mapped_filenames", schedule=None) as mapped_filenames:
    PhotaImageEditOperator.partial(
        task_id="edit", destination=CONF % "destination", image_urls=CONF % "picture", **WAITING
    ).expand(filename=listed(CONF % "filenames"))

with DAG("mapped_destinations", schedule=None) as mapped_destinations:
    PhotaImageEditOperator.partial(
        task_id="edit", filename="latest", image_urls=CONF % "picture", **WAITING
    ).expand(destination=listed(CONF % "destinations"))

with DAG("mapped_by_index", schedule=None) as mapped_by_index:
    PhotaImageEditOperator.partial(
        task_id="edit", destination=CONF % "destination", filename="{{ ti.map_index }}", **WAITING
    ).expand(image_urls=listed(CONF % "pictures"))

with DAG("mapped_group", schedule=None) as mapped_group:

    @task_group
    def one(picture):
        PhotaImageEditOperator(
            task_id="edit",
            image_urls=picture,
            destination=CONF % "destination",
            filename=CONF % "filename",
            **WAITING,
        )

    one.expand(picture=listed(CONF % "pictures"))

with DAG("mapped_landing", schedule=None) as mapped_landing:
    PhotaToObjectStorageOperator.partial(
        task_id="land", destination=CONF % "destination", filename="latest", if_exists="overwrite"
    ).expand(result=listed(CONF % "ids"))

with DAG("mapped_sensors", schedule=None) as mapped_sensors:
    PhotaTaskSensor.partial(
        task_id="wait",
        destination=CONF % "destination",
        filename="latest",
        if_exists="overwrite",
        poke_interval=0.1,
    ).expand(phota_task_id=listed(CONF % "ids"))
