"""Airflow's side of a race: task instances in a real database, and the API by which attempts reach their state.

As a process, `python -m tests.races.instances PORT`: Airflow's own execution API (models, routes, state backend), and beside
it what a scheduler does to an attempt that it gives up: the next one gets a UUID of its own.
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
    """A DAG of one task, as a DAG processor leaves it in the database."""
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
    """Give up the attempt before, if there was one, and begin the next."""
    with create_session() as session:
        query = select(TaskInstance).where(TaskInstance.dag_id == DAG_ID, TaskInstance.run_id == run_id)
        (instance,) = session.scalars(query)
        if instance.state == TaskInstanceState.RUNNING:
            # Airflow 3.4 makes a row for the next attempt; before, the row of the one before becomes it
            instance = instance.prepare_db_for_next_try(session) or _numbered(instance)
        elif instance.try_number == 0:
            instance.try_number = 1
        instance.state = TaskInstanceState.RUNNING
        session.flush()
        return {"ti_id": str(instance.id), "try_number": instance.try_number, "max_tries": instance.max_tries}


def _numbered(instance: TaskInstance) -> TaskInstance:
    instance.try_number += 1
    return instance


def main() -> None:
    """Serve until the process is ended."""
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
