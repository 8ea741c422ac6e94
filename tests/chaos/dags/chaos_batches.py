"""Defines the DAGs of batches. The conf of a run says what is edited, and what happens meanwhile."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import chaos_batch_points
from airflow.providers.common.compat.sdk import DAG
from chaos_operators import require_own_checkout

from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator

require_own_checkout()


class ChaosBatch(PhotaImageEditBatchOperator):
    """Stops where the run's conf says, and adopts and redoes what a person has decided."""

    def execute(self, context):
        self._prepare(context)
        result = super().execute(context)
        chaos_batch_points.reach("before_return")
        return result

    def execute_complete(self, context, event):
        self._prepare(context)
        chaos_batch_points.reach("resumed")
        result = super().execute_complete(context, event)
        chaos_batch_points.reach("before_return")
        return result

    def _prepare(self, context):
        conf = context["dag_run"].conf
        self.max_failures = conf["max_failures"]
        self.in_flight = conf["in_flight"]
        self.phota_conn_id = conf["phota_conn_id"]
        decisions = Path(conf["decisions"])
        if decisions.exists():
            decided = json.loads(decisions.read_text())
            self.adopt, self.redo = decided["adopt"], decided["redo"]
        chaos_batch_points.arm(context)


for _mode, _is_deferrable in (("worker", False), ("deferred", True)):
    with DAG(f"chaos_batch_{_mode}", schedule=None, max_active_runs=200) as _dag:
        ChaosBatch(
            task_id="edit",
            edits="{{ dag_run.conf['edits'] }}",
            prompt="{{ dag_run.conf['prompt'] }} <{key}>",
            destination="{{ dag_run.conf['destination'] }}",
            deferrable=_is_deferrable,
            defer_after=2.0,
            poll_interval=(2.0, 8.0),
            retries=6,
            retry_delay=timedelta(seconds=1),
        )
    globals()[_dag.dag_id] = _dag
