"""Defines the links that Airflow shows with a task instance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperatorLink

from airflow_provider_phota.compat import HAS_VIEWS
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.results.gallery_urls import task_url

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator


class PicturesLink(BaseOperatorLink):
    """Leads to the page of the task instance in the gallery, whatever has become of its orders."""

    name = "Pictures"
    xcom_key = "phota_pictures_link"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ARG002  # it needs no operator
        return gallery_page(ti_key)


class PhotaTaskLink(BaseOperatorLink):
    """Leads to the PHOTA task: in the console if the connection has a `console_url`, else in the gallery.

    It is empty, and Airflow does not show it, until the ID of the PHOTA task is known.
    """

    name = "PHOTA task"
    xcom_key = "phota_task_link"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ARG002  # which may not know its PHOTA task
        from airflow.providers.common.compat.sdk import XCom  # noqa: PLC0415  # only an attempt, or a web server, needs it

        # Airflow 3 writes what is returned under the same key
        return str(XCom.get_value(ti_key=ti_key, key=self.xcom_key) or "")


#: The links of an operator whose orders are many.
PICTURES: Sequence[BaseOperatorLink] = (PicturesLink(),) if HAS_VIEWS else ()
#: The links of an operator, or a sensor, that has to do with one PHOTA task.
PICTURES_AND_TASK: Sequence[BaseOperatorLink] = (*PICTURES, PhotaTaskLink())


def gallery_page(ti: Any) -> str:
    """Returns the page of a task instance in the gallery.

    Args:
        ti: the task instance, or its key.
    """
    index = -1 if ti.map_index is None else ti.map_index
    return task_url(InstanceName(ti.dag_id, ti.run_id, ti.task_id, index))
