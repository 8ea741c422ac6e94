"""Defines a DAG for each way to place an order of another model than the edit's."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG
from chaos_operators import COMMON, MODES, with_ledger

from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEnhanceOperator,
    PhotaImageGenerateOperator,
)

MODELS = {
    "generate": (PhotaImageGenerateOperator, {"prompt": "{{ dag_run.conf['prompt'] }}"}),
    "enhance": (PhotaImageEnhanceOperator, {"image_url": "{{ dag_run.conf['image_url'] }}"}),
    "profile": (PhotaCreateProfileOperator, {"photos": "{{ dag_run.conf['archive_url'] }}"}),
}

LANDING = {"destination": "{{ dag_run.conf['destination'] }}"}

for _model, (_operator, _order) in MODELS.items():
    for _ledger in ("state", "journal", "both"):
        for _mode in MODES:
            _kind, _arguments = with_ledger(_operator, _ledger)
            _landing = LANDING if _mode != "submit" and _model != "profile" else {}
            with DAG(f"chaos_{_ledger}_{_mode}_{_model}", schedule=None, max_active_runs=200) as _dag:
                _kind(**COMMON, **MODES[_mode], **_order, **_landing, **_arguments)
            globals()[_dag.dag_id] = _dag
