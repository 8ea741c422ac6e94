"""Writes the commands that the page offers to copy."""

import json
import shlex
from dataclasses import dataclass
from typing import ClassVar

from airflow_provider_phota.api.orders.base import GENERATE_MODEL
from airflow_provider_phota.emulator.connecting import KEY, connection_to

_JSON = "-H 'Content-Type: application/json'"
#: What goes on in the next line of a shell.
_THEN = " \\\n  "


@dataclass(frozen=True, slots=True)
class Commands:
    """Holds how a shell connects to the emulator at ``url``."""

    url: str
    key: ClassVar[str] = KEY

    @property
    def connection(self) -> str:
        return f"export AIRFLOW_CONN_PHOTA_DEFAULT={shlex.quote(connection_to(self.url))}"

    @property
    def order(self) -> str:
        """An order of a picture that needs nothing else."""
        body = json.dumps({"model": GENERATE_MODEL, "prompt": "a lighthouse at dawn", "num_outputs": 2})
        return self._post("/v1/images/generations", body, f"-H 'Authorization: Bearer {KEY}'")

    @property
    def fault(self) -> str:
        """A fault that shows how retries work: the next submit is refused, and bills nothing."""
        faults = [{"on": "submit", "kind": "status", "status": 429, "headers": {"Retry-After": "2"}}]
        return self._post("/_emulator/faults", json.dumps({"faults": faults}))

    @property
    def clear_faults(self) -> str:
        return f"curl -X DELETE {self._quoted('/_emulator/faults')}"

    @property
    def reset(self) -> str:
        return f"curl -X POST {self._quoted('/_emulator/reset')}"

    def _post(self, path: str, body: str, *headers: str) -> str:
        return _THEN.join(("curl", self._quoted(path), *headers, _JSON, f"-d {shlex.quote(body)}"))

    def _quoted(self, path: str) -> str:
        return shlex.quote(self.url + path)
