"""Run a DAG of the DAG folder by `dag.test()` and look at what became of it, alike on Airflow 2.11 and 3."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "example_dags" / "pictures" / "mountain-lake.jpg"
FOLDERS = {"examples": ROOT / "example_dags", "tests": Path(__file__).parent / "dags"}
#: DAGs that only an Airflow which can ask people can parse.
NEEDS_HUMANS = frozenset({"review_pictures"})


@dataclass(frozen=True)
class Run:
    """One DAG run: its ID and state, the state of each task's instances, and what they pushed."""

    run_id: str
    state: str
    states: dict[str, list[str]]
    pushed: dict[tuple[str, str], list[Any]]

    def xcom(self, task_id: str, key: str = "return_value") -> Any:
        (value,) = self.pushed[task_id, key]
        return value


class TaskInstance:
    """What an operator executed by hand is told of itself, and where it pushes to."""

    dag_id, run_id, task_id, map_index, try_number = "dag", "run", "edit", -1, 1
    #: of a task that was never cleared
    max_tries, task = 0, SimpleNamespace(retries=0)

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def xcom_pull(self, task_ids: str, key: str, map_indexes: int) -> Any:
        is_own = (task_ids, map_indexes) == (self.task_id, self.map_index)
        return self.pushed.get(key) if is_own else None


def run(dag_id: str, when: datetime | None = None, **conf: Any) -> Run:
    """Run a DAG, by default now; two runs of one date have one ID, and the later replaces the other."""
    dag = dag_of(dag_id)
    return _run_of(dag_id, dag.test(run_conf=conf, **(_dated(dag, when) if when else {})))


def run_again(monkeypatch: Any, dag_id: str, run_id: str, keeping: Collection[str]) -> Run:
    """Clear the tasks of a run, except those to keep, and run it again, on Airflow 3."""
    from airflow.models import dagrun
    from airflow.models.taskinstance import clear_task_instances

    def cleared(*, session: Any, **given: Any) -> Any:
        dag_run = session.query(dagrun.DagRun).filter_by(dag_id=dag_id, run_id=run_id).one()
        instances = dag_run.get_task_instances(session=session)
        clear_task_instances([each for each in instances if each.task_id not in keeping], session)
        dag_run.state = "running"
        session.commit()
        dag_run.dag = given["dag"]
        return dag_run

    monkeypatch.setattr(dagrun, "get_or_create_dagrun", cleared)
    return _run_of(dag_id, dag_of(dag_id).test())


def _run_of(dag_id: str, dag_run: Any) -> Run:
    states: dict[str, list[str]] = {}
    for instance in sorted(dag_run.get_task_instances(), key=lambda each: each.map_index):
        states.setdefault(instance.task_id, []).append(str(getattr(instance.state, "value", instance.state)))
    state = str(getattr(dag_run.state, "value", dag_run.state))
    return Run(dag_run.run_id, state, states, _pushed(dag_id, dag_run.run_id))


def _dated(dag: Any, when: datetime) -> dict[str, datetime]:
    takes = signature(dag.test).parameters
    return {name: when for name in ("execution_date", "logical_date", "run_after") if name in takes}


@cache
def dag_of(dag_id: str) -> Any:
    """Return the DAG of that ID, which is the same object in every run of this process."""
    for name, dag in _dags().items():
        if name == dag_id:
            return dag
    raise LookupError(f"no DAG {dag_id!r} among {sorted(_dags())}")


@cache
def _dags() -> dict[str, Any]:
    from airflow.providers.common.compat.sdk import DAG

    found = {}
    for folder in FOLDERS.values():
        for path in folder.glob("*.py"):
            if path.stem in NEEDS_HUMANS and version("apache-airflow") < "3.1":
                continue
            spec = importlib.util.spec_from_file_location(f"dags_{path.stem}", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            found |= {dag.dag_id: dag for dag in vars(module).values() if isinstance(dag, DAG)}
    return found


def _pushed(dag_id: str, run_id: str) -> dict[tuple[str, str], list[Any]]:
    from airflow.models import xcom
    from airflow.utils.session import create_session

    is_airflow_2 = not hasattr(xcom, "XComModel")
    model = xcom.XCom if is_airflow_2 else xcom.XComModel
    pushed: dict[tuple[str, str], list[Any]] = {}
    with create_session() as session:
        for row in session.query(model).filter_by(dag_id=dag_id, run_id=run_id).order_by(model.map_index):
            pushed.setdefault((row.task_id, row.key), []).append(
                row.value if is_airflow_2 else model.deserialize_value(row)
            )
    return pushed


def aws_connection(endpoint: str) -> str:
    """Return an Airflow connection to an S3 server on this machine, as JSON."""
    extra = {"endpoint_url": endpoint, "region_name": "us-east-1"}
    return json.dumps({"conn_type": "aws", "login": "test", "password": "test", "extra": extra})


class OutletEvents(dict[Any, Any]):
    """Finds what belongs to an asset or an alias, as Airflow does; on 3.1 they cannot be keys themselves."""

    def __init__(self, events: Iterable[tuple[Any, Any]]) -> None:
        super().__init__((_name_of(outlet), event) for outlet, event in events)

    def __getitem__(self, outlet: Any) -> Any:
        return super().__getitem__(_name_of(outlet))


def _name_of(outlet: Any) -> str:
    return f"{type(outlet).__name__} {getattr(outlet, 'name', '') or outlet.uri}"
