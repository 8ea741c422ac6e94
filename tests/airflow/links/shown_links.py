"""The links of a task instance, as Airflow's own server finds them: by the serialized DAG and the database."""

from __future__ import annotations

from airflow_runs import dag_of

from airflow_provider_phota.compat import HAS_VIEWS
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.results.gallery_urls import task_url


def shown_links(dag_id, run_id, task_id, map_index=-1):
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    task = _as_the_server_has_it(dag_of(dag_id)).get_task(task_id)
    with create_session() as session:
        rows = session.query(TaskInstance).filter_by(dag_id=dag_id, run_id=run_id, task_id=task_id)
        (instance,) = (row for row in rows if row.map_index == map_index)
        return {name: task.get_extra_links(instance, name) or None for name in task.extra_links}


def gallery_of(dag_id, run_id, task_id, map_index=-1):
    """The page of a task instance, where there is a gallery."""
    return task_url(InstanceName(dag_id, run_id, task_id, map_index)) if HAS_VIEWS else None


def pictures_at(url):
    """The link to pictures, which is not even there without a gallery."""
    return {"Pictures": url} if HAS_VIEWS else {}


def _as_the_server_has_it(dag):
    from airflow.serialization import serialized_objects

    serialization = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
    # whatever reads DAGs without their links, such as the scheduler's part, leaves this off for the whole process
    serialization._load_operator_extra_links = True
    return serialization.from_dict(serialization.to_dict(dag))
