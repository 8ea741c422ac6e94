"""What differs between the Airflow versions this provider runs on: the only file that asks.

Everything whose name alone differs comes from `airflow.providers.common.compat.sdk`.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from airflow.providers.common.compat.connection import get_async_connection
from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook, mask_secret
from asgiref.sync import sync_to_async
from packaging.version import Version

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

__all__ = ["CLEAR_DISCARDS_STATE", "STARTS_IN_TRIGGERER", "amask_secret", "load_connection"]

_AIRFLOW = Version(version("apache-airflow")).release
#: Whether a task may start in the triggerer: before, Airflow renders no templates there, or ignores the wish.
STARTS_IN_TRIGGERER = _AIRFLOW >= (3, 3)
#: Whether clearing a task throws its task state store away, unless the person ticks "keep".
CLEAR_DISCARDS_STATE = _AIRFLOW >= (3, 4)


async def load_connection(conn_id: str) -> Connection:
    """An Airflow connection, from a triggerer's event loop.

    Raises:
        AirflowNotFoundException: there is none.
    """
    try:
        return await get_async_connection(conn_id)
    except AirflowNotFoundException:
        # `airflow dags test` runs triggers inline, where 3.x has no asynchronous way to the database
        return await sync_to_async(BaseHook.get_connection)(conn_id)


async def amask_secret(secret: str) -> None:
    """Mask a secret in this process's logs, from an event loop."""
    try:
        from airflow.sdk.log import amask_secret as airflow_amask_secret  # noqa: PLC0415  # 3.3.2 and later
    except ImportError:
        await sync_to_async(mask_secret)(secret)
    else:
        await airflow_amask_secret(secret)
