"""Edit all pictures of a folder in one Airflow task, and say which of them failed, and why."""

from __future__ import annotations

import logging
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_phota.api.types import PhotaBatchSummary
from airflow_provider_phota.batch import read_results
from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator

log = logging.getLogger(__name__)

with DAG(
    "phota_edit_catalogue",
    description="Edit a folder of pictures with PHOTA, in one task",
    schedule=None,
    tags=["phota"],
    params={
        "inbox": Param(f"file://{Path(__file__).parent / 'pictures'}", type="string", description="A folder"),
        "prompt": Param("Put {stem} on a white background", type="string"),
        "destination": Param("file:///tmp/phota-catalogue", type="string"),
    },
) as dag:
    edit = PhotaImageEditBatchOperator(
        task_id="edit",
        edits="{{ params.inbox }}",
        prompt="{{ params.prompt }}",
        destination="{{ params.destination }}",
        in_flight=200,
        # up to a tenth of the pictures may be refused or fail; with more of them the batch stops
        max_failures="10%",
        deferrable=True,
        retries=2,
    )

    @task(trigger_rule="all_done")  # also if too many have failed: the batch has pushed its summary then too
    def report(summary: PhotaBatchSummary | None) -> list[str]:
        """What did not land, and why. To pay for it once more, clear `edit` with redo="failed"."""
        if summary is None:
            return []  # the batch has not begun
        rows = read_results(summary["results"])
        failed = [f"{row['key']}: {row['status']}: {row['error']}" for row in rows if not row["files"]]
        log.info("%s of %s pictures have not landed.", len(failed), summary["total"])
        for line in failed:
            log.info("%s", line)
        return failed

    report(edit.output)
