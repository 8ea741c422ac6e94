"""Connects an attempt with Airflow's task state store, by the SDK's accessor and the execution API."""

from __future__ import annotations

from threading import Lock
from typing import Any
from uuid import UUID

from airflow.sdk._shared.state import TaskScope
from airflow.sdk.api.client import Client, ServerResponseError
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import (
    ErrorResponse,
    GetTaskStateStore,
    SetTaskStateStore,
    TaskStateStoreResult,
)
from airflow.sdk.execution_time.context import TaskStateStoreAccessor


class Supervisor:
    """Answers an Airflow task as its supervisor does, one question at a time.

    The scheduler gives up both when it misses their heartbeat, and both may live on.
    """

    def __init__(self, api: str) -> None:
        self._client = Client(base_url=api, token="")
        self._lock = Lock()

    def send(self, message: Any) -> Any:
        with self._lock:
            try:
                return self._answer(message)
            except ServerResponseError as error:
                detail = {"status_code": error.response.status_code, "message": str(error)}
                response = ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail)
                raise AirflowRuntimeError(response) from None

    def _answer(self, message: Any) -> Any:
        store = self._client.task_state_store
        if isinstance(message, GetTaskStateStore):
            answer = store.get(message.ti_id, message.key)
            if isinstance(answer, ErrorResponse):
                return answer
            return TaskStateStoreResult.from_task_state_store_response(answer)
        if isinstance(message, SetTaskStateStore):
            return store.set(message.ti_id, message.key, message.value, message.expires_at)
        return ErrorResponse(error=ErrorType.GENERIC_ERROR)


def accessor(api: str, ti_id: str) -> TaskStateStoreAccessor:
    """Returns `context["task_state_store"]` of a task instance."""
    task_runner.SUPERVISOR_COMMS = Supervisor(api)  # type: ignore[assignment]  # it has the same methods
    return TaskStateStoreAccessor(UUID(ti_id), TaskScope("races", ti_id, "edit", -1))
