"""Adds the gallery to Airflow's user interface, from Airflow 3.1 on. Older versions show nothing of it.

Every component of Airflow imports this module, but only the API server asks for `fastapi_apps`: so the others
load neither FastAPI nor the gallery.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import AirflowPlugin

from airflow_provider_phota.compat import HAS_VIEWS
from airflow_provider_phota.results.gallery_urls import MOUNT, gallery_root

_ICON = f"{gallery_root()}/static/icon.svg"


def _view(name: str, destination: str, route: str, page: str) -> dict[str, Any]:
    return {
        "name": name,
        "href": f"{gallery_root()}/{page}",
        "destination": destination,
        "url_route": route,
        "icon": _ICON,
        "icon_dark_mode": _ICON,
    }


class PhotaPlugin(AirflowPlugin):
    """Shows the pictures of a task instance, of a DAG run, and the latest ones of all DAGs."""

    name = "phota"
    external_views = (
        [
            _view("Pictures", "task_instance", "phota-task", "task/{DAG_ID}/{RUN_ID}/{TASK_ID}/{MAP_INDEX}"),
            _view("Pictures", "dag_run", "phota-run", "run/{DAG_ID}/{RUN_ID}"),
            _view("PHOTA", "nav", "phota", ""),
        ]
        if HAS_VIEWS
        else []
    )

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]  # so that it is made when asked for
        """The gallery, which is made when the API server asks for it."""
        if not HAS_VIEWS:
            return []
        from airflow_provider_phota.plugins.gallery.app import new_app  # noqa: PLC0415  # for the API server alone

        return [{"app": new_app(), "url_prefix": MOUNT, "name": "PHOTA gallery"}]
