"""Says where the gallery shows things: URLs without a host, the same for the life of a task instance.

They begin with the path below which Airflow is served, so that they work wherever its user interface works.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from airflow.providers.common.compat.sdk import conf

from airflow_provider_phota.compat import BASE_URL_SECTION
from airflow_provider_phota.ledger.records import InstanceName

#: Where Airflow's API server mounts the gallery.
MOUNT = "/phota"
#: The pictures of an order that there are small copies of: what was sent, and what was made of it.
BEFORE, AFTER = "before", "after"


def gallery_root() -> str:
    """Returns where the gallery begins, without a slash at its end."""
    return f"{_airflow_root()}{MOUNT}"


def task_url(name: InstanceName) -> str:
    """Returns the page of one task instance."""
    return _url("task", *_instance(name))


def run_url(dag_id: str, run_id: str) -> str:
    """Returns the page of one DAG run."""
    return _url("run", dag_id, run_id)


def item_url(name: InstanceName, number: int) -> str:
    """Returns the page of one item of a batch, by its number from 1."""
    return _url("item", *_instance(name), str(number))


def picture_url(name: InstanceName, which: str, index: int, phota_task_id: str) -> str:
    """Returns the small copy of one picture of an order.

    Args:
        name: of the task instance that landed the pictures.
        which: `BEFORE` or `AFTER`.
        index: of the picture, from 0.
        phota_task_id: whose picture it is: once the task instance is cleared it has another one.
    """
    return f"{_url('picture', *_instance(name), which, str(index))}{_of(phota_task_id)}"


def file_url(name: InstanceName, index: int, phota_task_id: str) -> str:
    """Returns a landed picture of an order in its full size."""
    return f"{_url('file', *_instance(name), str(index))}{_of(phota_task_id)}"


def item_picture_url(name: InstanceName, number: int, which: str, index: int, phota_task_id: str) -> str:
    """Returns the small copy of one picture of an item of a batch."""
    path = _url("item", *_instance(name), str(number), "picture", which, str(index))
    return f"{path}{_of(phota_task_id)}"


def question_url(name: InstanceName) -> str:
    """Returns Airflow's own page where the question of a task instance is answered."""
    mapped = ("mapped", str(name.map_index)) if name.map_index >= 0 else ()
    parts = ("dags", name.dag_id, "runs", name.run_id, "tasks", name.task_id, *mapped, "required_actions")
    return _airflow_url(*parts)


def answer_url(name: InstanceName) -> str:
    """Returns the address of Airflow's API that takes the answer to the question of a task instance."""
    run = ("api", "v2", "dags", name.dag_id, "dagRuns", name.run_id)
    return _airflow_url(*run, "taskInstances", name.task_id, str(name.map_index), "hitlDetails")


def _instance(name: InstanceName) -> tuple[str, str, str, str]:
    return name.dag_id, name.run_id, name.task_id, str(name.map_index)


def _of(phota_task_id: str) -> str:
    return f"?of={quote(phota_task_id, safe='')}"


def _url(*parts: str) -> str:
    return _airflow_url(MOUNT.strip("/"), *parts)


def _airflow_url(*parts: str) -> str:
    return f"{_airflow_root()}/{'/'.join(quote(part, safe='') for part in parts)}"


def _airflow_root() -> str:
    base_url = conf.get(BASE_URL_SECTION, "base_url", fallback="") or ""
    return urlsplit(base_url).path.rstrip("/")
