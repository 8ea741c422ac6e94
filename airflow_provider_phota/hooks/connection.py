"""Reads a PHOTA account from an Airflow connection, with errors that say which connection is wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_phota.api.errors import PhotaConfigurationError
from airflow_provider_phota.api.settings import EXTRAS, Settings, settings_from_connection
from airflow_provider_phota.api.shown import shown

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

log = logging.getLogger(__name__)


def settings_of(connection: Connection) -> Settings:
    """Returns the PHOTA account that a connection describes.

    Raises:
        PhotaConfigurationError: the connection is malformed.
    """
    extra = _extra_of(connection)
    if unknown := sorted(extra.keys() - EXTRAS):
        log.warning(
            "The connection %s has extras that this provider does not know: %s.",
            shown(connection.conn_id),
            shown(unknown),
        )
    with naming_connection(connection.conn_id):
        return settings_from_connection(
            host=connection.host,
            port=connection.port,
            schema=connection.schema,
            password=connection.password,
            extra=extra,
        )


def missing_connection(conn_id: str) -> PhotaConfigurationError:
    """Returns the error for a connection that does not exist; it says how to create the connection."""
    # only such an ID can be part of the name of an environment variable
    variable = f", or set AIRFLOW_CONN_{conn_id.upper()}" if conn_id.isidentifier() else ""
    return PhotaConfigurationError(
        f"There is no Airflow connection {shown(conn_id)}: create it with type 'phota' and the API key as "
        f"its password{variable}."
    )


@contextmanager
def naming_connection(conn_id: str) -> Iterator[None]:
    """Adds to an error which connection is wrong."""
    try:
        yield
    except PhotaConfigurationError as error:
        raise error.saying(f"(Airflow connection {shown(conn_id)})") from None


def _extra_of(connection: Connection) -> dict[str, Any]:
    # not extra_dejson, which logs malformed JSON together with its secrets, and goes on without it
    try:
        extra = json.loads(connection.extra or "{}")
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise PhotaConfigurationError(
            f"The extra of connection {shown(connection.conn_id)} is not a JSON object."
        )
    return extra
