"""Serves Airflow's side of a race: `python -m tests.races.instances PORT`.

The task instances are in a real database, and attempts reach their state by Airflow's own execution API. Two
more routes do what a scheduler does when it gives up an attempt: the next attempt gets a UUID of its own.
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI
from airflow.models.dagbundle import DagBundleModel
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.providers.common.compat.sdk import DAG
from airflow.sdk import BaseOperator, timezone
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select

DAG_ID = "races"
TASK_ID = "edit"
BUNDLE = "races"


def write_dag() -> SerializedDAG:
    """Writes a DAG with one Airflow task to the database, as a DAG processor does."""
    with DAG(DAG_ID, schedule=None) as dag:
        BaseOperator(task_id=TASK_ID, retries=9)
    parsed = LazyDeserializedDAG.from_dag(dag)
    with create_session() as session:
        session.merge(DagBundleModel(name=BUNDLE))
        session.flush()
        SerializedDAG.bulk_write_to_db(BUNDLE, None, [parsed], session=session)
        session.flush()
        SerializedDagModel.write_dag(parsed, bundle_name=BUNDLE, session=session)
    return DagSerialization.from_dict(parsed.data)


def begin_run(dag: SerializedDAG, run_id: str) -> None:
    with create_session() as session:
        dag.create_dagrun(
            run_id=run_id,
            run_after=timezone.utcnow(),
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.RUNNING,
            session=session,
        )


def begin_attempt(run_id: str) -> dict[str, Any]:
    """Gives up the attempt before, if there was one, and begins the next one."""
    with create_session() as session:
        query = select(TaskInstance).where(TaskInstance.dag_id == DAG_ID, TaskInstance.run_id == run_id)
        (instance,) = session.scalars(query)
        if instance.state == TaskInstanceState.RUNNING:
            # Airflow 3.4 makes a new row for the next attempt, while older ones use the same row again
            instance = instance.prepare_db_for_next_try(session) or _with_next_number(instance)
        elif instance.try_number == 0:
            instance.try_number = 1
        instance.state = TaskInstanceState.RUNNING
        session.flush()
        return {"ti_id": str(instance.id), "try_number": instance.try_number, "max_tries": instance.max_tries}


def _with_next_number(instance: TaskInstance) -> TaskInstance:
    instance.try_number += 1
    return instance


def main() -> None:
    """Serves until the process is ended."""
    app: Any = InProcessExecutionAPI().app
    dag = write_dag()

    @app.post("/races/runs/{run_id}")
    def new_run(run_id: str) -> dict[str, Any]:
        begin_run(dag, run_id)
        return {}

    @app.post("/races/runs/{run_id}/attempts")
    def new_attempt(run_id: str) -> dict[str, Any]:
        return begin_attempt(run_id)

    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
