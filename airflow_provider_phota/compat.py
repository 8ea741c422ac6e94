"""Hides how the supported Airflow versions differ: no other file asks for the version.

What only has another name in another version comes from `airflow.providers.common.compat.sdk`.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING

from airflow.providers.common.compat.connection import get_async_connection
from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook, mask_secret
from asgiref.sync import sync_to_async
from packaging.version import Version

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

__all__ = [
    "BASE_URL_SECTION",
    "CLEAR_DISCARDS_STATE",
    "HAS_HUMANS",
    "HAS_TASK_STATE",
    "HAS_VIEWS",
    "HIDES_FOUR_OPTIONS",
    "STARTS_IN_TRIGGERER",
    "STATE_INDEX",
    "amask_secret",
    "load_connection",
    "read_connections_like_a_server",
]

_AIRFLOW = Version(version("apache-airflow")).release
#: True if a task may start in the triggerer. Older versions do not allow it, or render no templates there.
STARTS_IN_TRIGGERER = _AIRFLOW >= (3, 3)
#: True if Airflow can show the gallery. Older versions have no place for it in their user interface.
HAS_VIEWS = _AIRFLOW >= (3, 1)
#: True if a task can ask a person, and wait for the answer.
HAS_HUMANS = _AIRFLOW >= (3, 1)
#: True if Airflow's page shows neither buttons nor a list for exactly four options (seen in 3.1).
HIDES_FOUR_OPTIONS = _AIRFLOW < (3, 3)
#: True if Airflow keeps a task state store in its metadata database.
HAS_TASK_STATE = _AIRFLOW >= (3, 3)
#: The column of the task state store that has the map index. In a loop it counts the iterations.
STATE_INDEX = "region_index" if _AIRFLOW >= (3, 4) else "map_index"
#: The section of Airflow's configuration that says where users open it.
BASE_URL_SECTION = "api" if _AIRFLOW >= (3,) else "webserver"
#: True if clearing a task deletes its task state store, unless the user ticks "keep".
CLEAR_DISCARDS_STATE = _AIRFLOW >= (3, 4)


async def load_connection(conn_id: str) -> Connection:
    """Loads an Airflow connection on a triggerer's event loop.

    Raises:
        AirflowNotFoundException: the connection does not exist.
    """
    try:
        return await get_async_connection(conn_id)
    except AirflowNotFoundException:
        # `airflow dags test` runs triggers inline, where Airflow 3 cannot read the database asynchronously
        return await sync_to_async(BaseHook.get_connection)(conn_id)


async def amask_secret(secret: str) -> None:
    """Masks a secret in the logs of this process, on an event loop."""
    try:
        from airflow.sdk.log import amask_secret as airflow_amask_secret  # noqa: PLC0415  # 3.3.2 and later
    except ImportError:
        await sync_to_async(mask_secret)(secret)
    else:
        await airflow_amask_secret(secret)


def read_connections_like_a_server() -> None:
    """Lets this process read connections from Airflow's metadata database, as `airflow connections` does.

    Airflow 3 does that only for its own processes. Airflow 2 always does.
    """
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
