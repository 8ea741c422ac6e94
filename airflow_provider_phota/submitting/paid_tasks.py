"""Asks about a task that is paid for, and names it in every error."""

from __future__ import annotations

from airflow_provider_phota.api.errors import (
    PhotaLostSight,
    PhotaNotBilled,
    PhotaNotFound,
    PhotaTaskUnknown,
    PhotaWaitRefused,
)
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.hooks.phota import PhotaHook


def ask_about(hook: PhotaHook, phota_task_id: str) -> PhotaTask:
    """Asks how a paid task is doing. Free.

    Raises:
        PhotaTaskUnknown: The service does not know the task.
        PhotaLostSight: There was no usable answer; a retry asks again.
        PhotaWaitRefused: The service or the connection does not let us ask.
    """
    try:
        return hook.get_task(phota_task_id)
    except PhotaNotFound as error:
        raise PhotaTaskUnknown(
            f"The service does not know PHOTA task {phota_task_id}.\n{error}", phota_task_id
        ) from None
    except PhotaNotBilled as error:
        lost = PhotaLostSight if error.retryable else PhotaWaitRefused
        raise lost(
            f"PHOTA task {phota_task_id} is billed, but its status could not be fetched.\n{error}\n"
            "It may be running or finished; nothing was submitted now.",
            phota_task_id,
        ) from None
