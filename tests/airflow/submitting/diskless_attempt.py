"""Executes an edit as a pod does, which knows nothing but its environment: `python diskless_attempt.py TRY`.

Ledger, budget and pictures lie on S3. There is no task state store, as on an Airflow before 3.3.
"""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

from airflow_runs import TaskInstance

from airflow_provider_phota.operators.phota import PhotaImageEditOperator


def main() -> None:
    """Executes the operator, and says which PHOTA task it has delivered."""
    operator = PhotaImageEditOperator(
        task_id="edit",
        prompt="a beach",
        image_urls=os.environ["PICTURE"],
        destination="s3://aws_ledger@pods/landed",
        ledger_path="s3://aws_ledger@pods/ledger",
        wait_for_completion=True,
        poll_interval=0.5,
        deferrable=False,
        retries=3,
    )
    instance = TaskInstance()
    instance.try_number, instance.max_tries, instance.task = int(sys.argv[1]), 3, operator
    result = operator.execute({"ti": instance, "dag_run": SimpleNamespace(clear_number=0)})
    sys.stdout.write(f"\ndelivered {result['phota_task_id']}\n")


if __name__ == "__main__":
    main()
