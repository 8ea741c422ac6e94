"""The gallery as an application of its own, which Airflow's API server mounts.

Airflow does not protect the addresses of plugins: here each one asks for the right to read its DAG's XComs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request, Response
from fastapi.staticfiles import StaticFiles

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.plugins.gallery import answers, stores
from airflow_provider_phota.plugins.gallery.batches import KnownBatches
from airflow_provider_phota.plugins.gallery.instances import Instance, find_instance, usual_seconds
from airflow_provider_phota.plugins.gallery.order_views import page_of_instance, page_of_row
from airflow_provider_phota.plugins.gallery.orders import batch_rows_of, is_batch, paths_of, phota_task_id_of
from airflow_provider_phota.plugins.gallery.pages import NotShownPage
from airflow_provider_phota.plugins.gallery.readers import readable_dag_ids
from airflow_provider_phota.plugins.gallery.relatives import joined
from airflow_provider_phota.plugins.gallery.review_views import page_of_review
from airflow_provider_phota.plugins.gallery.reviews import is_review
from airflow_provider_phota.plugins.gallery.sheet_views import page_of_all, page_of_batch, page_of_run
from airflow_provider_phota.plugins.gallery.stores import NotShown
from airflow_provider_phota.texts import visible

_TITLES = {
    401: "You are not logged in",
    403: "You may not see this",
    404: "There is nothing here",
}
_WHYS = {
    401: "Log in to Airflow, then open this page again.",
    403: "It takes the right to read this DAG and its XComs. Whoever manages your Airflow can give it.",
}
_LONGEST_INDEX = 9
_of_dag = APIRouter(dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.XCOM))])
_batches = KnownBatches()


def _instance_of_path(
    session: SessionDep, dag_id: str, run_id: str, task_id: str, map_index: str
) -> Instance:
    name = InstanceName(dag_id, run_id, task_id, _index_of(map_index))
    instance = find_instance(session, name)
    if instance is None:
        raise HTTPException(404, "There is no such task instance.")
    return joined(session, instance)


def _index_of(map_index: str) -> int:
    if not (map_index.isascii() and map_index.isdigit()):
        return -1  # Airflow leaves the field in the address as it is for a task that is not mapped
    if len(map_index) > _LONGEST_INDEX:  # more than the database has a number for
        raise HTTPException(404, "There is no such task instance.")
    return int(map_index)


InstanceDep = Annotated[Instance, Depends(_instance_of_path)]
Number = Annotated[int, Path(ge=0, le=10_000_000)]
_INSTANCE = "{dag_id}/{run_id}/{task_id}/{map_index}"


@_of_dag.get(f"/task/{_INSTANCE}")
def show_task(session: SessionDep, instance: InstanceDep, status: str = "", page: str = "1") -> Response:
    """Shows a task instance: its order, or the contact sheet of its batch."""
    if is_review(instance):
        return answers.page("sheet.html", page_of_review(session, instance, _batches, status, page))
    if is_batch(instance):
        return answers.page("sheet.html", page_of_batch(instance, _batches, status, page))
    return answers.page("order.html", page_of_instance(instance, usual_seconds(session, instance.name)))


@_of_dag.get("/run/{dag_id}/{run_id}")
def show_run(session: SessionDep, dag_id: str, run_id: str, status: str = "", page: str = "1") -> Response:
    """Shows the contact sheet of a DAG run."""
    return answers.page("sheet.html", page_of_run(session, dag_id, run_id, status, page))


@_of_dag.get(f"/picture/{_INSTANCE}/{{which}}/{{index}}")
def show_picture(instance: InstanceDep, which: str, index: Number, of: str = "") -> Response:
    """Shows the small copy of one picture of an order."""
    url, phota_task_id = instance.value(xcom_keys.CARD), _checked(phota_task_id_of(instance), of)
    return answers.picture(stores.read_thumbnail(url, phota_task_id, which, index), is_kept=bool(of))


@_of_dag.get(f"/file/{_INSTANCE}/{{index}}")
def show_file(instance: InstanceDep, index: Number, of: str = "") -> Response:
    """Shows a landed picture in its full size. Which file it is, the task knows better than its card."""
    url, phota_task_id = instance.value(xcom_keys.CARD), _checked(phota_task_id_of(instance), of)
    card = stores.read_card(url, phota_task_id)
    paths = paths_of(instance) or [file["path"] for file in card.files]
    return answers.picture(stores.read_file(url, phota_task_id, paths, index), is_kept=bool(of))


@_of_dag.get(f"/item/{_INSTANCE}/{{number}}")
def show_item(instance: InstanceDep, number: Number) -> Response:
    """Shows an item of a batch."""
    rows = _batches.rows(batch_rows_of(instance))
    return answers.page("order.html", page_of_row(instance.name, rows.row(number), rows.place.parent))


@_of_dag.get(f"/item/{_INSTANCE}/{{number}}/picture/{{which}}/{{index}}")
def show_item_picture(
    instance: InstanceDep, number: Number, which: str, index: Number, of: str = ""
) -> Response:
    """Shows the small copy of one picture of an item of a batch."""
    rows = _batches.rows(batch_rows_of(instance))
    phota_task_id = _checked(rows.row(number).phota_task_id or "", of)
    shown = stores.read_thumbnail_of(rows.place.parent, phota_task_id, which, index)
    return answers.picture(shown, is_kept=bool(of))


def _checked(phota_task_id: str, asked_for: str) -> str:
    """Returns the PHOTA task that a picture is of, unless the address names another one."""
    if asked_for not in ("", phota_task_id):
        raise NotShown("There is another picture in its place now. Load the page again to see it.")
    return phota_task_id


def show_all(request: Request, session: SessionDep, user: GetUserDep) -> Response:
    """Shows the latest orders of all DAGs that the reader may see, and what was spent."""
    return answers.page("home.html", page_of_all(session, readable_dag_ids(session, request, user)))


def new_app() -> FastAPI:
    """Returns the gallery, to be mounted by Airflow's API server."""
    app = FastAPI(title="PHOTA gallery", openapi_url=None)
    app.include_router(_of_dag)
    app.get("/")(show_all)
    app.mount("/static", StaticFiles(packages=[(__package__, "static")]))
    app.exception_handler(HTTPException)(_say_why)
    app.exception_handler(NotShown)(_say_not_shown)
    app.exception_handler(404)(_say_why)
    app.middleware("http")(_add_headers)
    return app


async def _add_headers(request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await handle(request)
    response.headers.update(answers.SAFE)
    return response


def _say_why(_: Request, error: HTTPException) -> Response:
    title = _TITLES.get(error.status_code, "This is not shown")
    why = _WHYS.get(error.status_code, visible(str(error.detail)))
    return answers.page("not_shown.html", NotShownPage(title, why), error.status_code)


def _say_not_shown(_: Request, error: Any) -> Response:
    return answers.page("not_shown.html", NotShownPage(_TITLES[404], str(error)), 404)
