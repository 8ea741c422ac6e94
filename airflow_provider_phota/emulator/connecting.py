"""Says how an Airflow connection leads to an emulator."""

import json

#: A key that every emulator accepts.
KEY = "emu-0123456789abcdef"


def connection_to(url: str) -> str:
    """Returns an Airflow connection to the emulator at ``url``, as the value of its environment variable."""
    return json.dumps({"conn_type": "phota", "host": url, "password": KEY})
