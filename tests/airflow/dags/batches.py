"""Batches whose folders, and whatever else matters, are in the run's conf."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEditBatchOperator,
    PhotaImageEnhanceBatchOperator,
    PhotaImageGenerateBatchOperator,
)

with DAG("batch", schedule=None, render_template_as_native_obj=True) as dag:
    PhotaImageEditBatchOperator(
        task_id="edit",
        edits="{{ dag_run.conf['edits'] }}",
        prompt="Make {stem} shine",
        destination="{{ dag_run.conf['destination'] }}",
        phota_conn_id="phota_slow",
        deferrable=True,
        defer_after=1,
        poll_interval=0.5,
        in_flight=8,
    )

INBOX = "{{ dag_run.conf['inbox'] }}"
OUT = "{{ dag_run.conf['destination'] }}"
QUICK: dict[str, Any] = {"deferrable": False, "poll_interval": 0.1}

with DAG("batch_profile", schedule=None) as batch_profile:
    create = PhotaCreateProfileOperator(task_id="create", photos=INBOX, poll_interval=0.1)
    PhotaImageEditBatchOperator(
        task_id="edit",
        edits=INBOX,
        prompt="a beach",
        profile_ids=create.output,
        destination=f"{OUT}/edit",
        **QUICK,
    )
    PhotaImageEnhanceBatchOperator(
        task_id="enhance", orders=INBOX, profile_ids=create.output, destination=f"{OUT}/enhance", **QUICK
    )
    PhotaImageGenerateBatchOperator(
        task_id="generate",
        orders=["[[anna]] at the sea", "[[anna]] in the rain"],
        profiles={"anna": create.output},
        destination=f"{OUT}/generate",
        **QUICK,
    )

with DAG("batch_mapped", schedule=None) as batch_mapped:
    # both folders may have a picture of the same name
    PhotaImageEditBatchOperator.partial(
        task_id="edit",
        prompt="a beach",
        destination=OUT,
        filename="{{ ti.map_index }}/{key}-{index}",
        **QUICK,
    ).expand(edits=[f"{INBOX}/hats", f"{INBOX}/shoes"])
