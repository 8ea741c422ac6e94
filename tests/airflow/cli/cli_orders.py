"""Orders that tests of the command line find on record: placed by operators, as task instances of some name."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException
from airflow_runs import PICTURE, TaskInstance

from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.operators.phota import PhotaImageEditOperator

#: Begins as the emulator wants, and stands nowhere else.
KEY = "emu-THE-SECRET-KEY-0123456789"


def context(dag_id: str = "dag", **more: Any) -> dict[str, Any]:
    """What the attempt of a task instance is told; its run is `run` and its task `edit`."""
    instance = TaskInstance()
    instance.dag_id = dag_id
    return {"ti": instance, **more}


def edit(dag_id: str = "dag", picture: str | Path = PICTURE, prompt: str = "a beach", **more: Any) -> Any:
    """Runs an attempt of an edit, and returns what it returns, or its error."""
    arguments = {"wait_for_completion": True, "deferrable": False, "poll_interval": 0.05, **more}
    in_context = arguments.pop("context", None) or context(dag_id)
    operator = PhotaImageEditOperator(
        task_id="edit", prompt=prompt, image_urls=f"file://{picture}", **arguments
    )
    with suppress(PhotaError, AirflowException):
        return operator.execute(in_context)
    return None
