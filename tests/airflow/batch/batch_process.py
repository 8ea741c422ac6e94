"""Runs one attempt of a batch as a process, which a test may kill: `python batch_process.py FOLDER TRY`."""

from __future__ import annotations

import json
import sys

from airflow_runs import TaskInstance

from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator


def main() -> None:
    folder, try_number = sys.argv[1], int(sys.argv[2])
    arguments = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    instance = TaskInstance()
    instance.try_number = try_number
    usual = {
        "task_id": "edit",
        "edits": f"{folder}/inbox",
        "prompt": "Make {stem} shine",
        "destination": f"{folder}/out",
        "deferrable": False,
        "poll_interval": 0.2,
        "in_flight": 10,
        "max_failures": "100%",
    }
    operator = PhotaImageEditBatchOperator(**usual | arguments)
    sys.stdout.write(json.dumps(operator.execute({"ti": instance})) + "\n")


if __name__ == "__main__":
    main()
