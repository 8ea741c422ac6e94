"""Says how an Airflow connection leads to an emulator."""

import json
from urllib.parse import urlsplit

from airflow_provider_phota.emulator.settings import is_loopback

#: A key that every emulator accepts.
KEY = "emu-0123456789abcdef"


def connection_to(url: str) -> str:
    """Returns an Airflow connection to the emulator at ``url``, as the value of its environment variable."""
    connection: dict[str, object] = {"conn_type": "phota", "host": url, "password": KEY}
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        connection["extra"] = {"allow_http": True}  # it is only an emulator's key that is sent in the clear
    return json.dumps(connection)
