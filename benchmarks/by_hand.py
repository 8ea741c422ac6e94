"""Runs operators by hand, without a scheduler, and serves S3 on this machine for them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any


class TaskInstance:
    """Stands in for Airflow's task instance, for an operator that is run by hand."""

    dag_id, task_id, map_index, try_number, max_tries = "by_hand", "order", -1, 1, 0
    task = SimpleNamespace(retries=0)

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self._pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self._pushed[key] = value

    def xcom_pull(self, key: str, **_: Any) -> Any:
        return self._pushed.get(key)


@contextmanager
def s3_server() -> Iterator[None]:
    """Runs a server that speaks S3, to which the connection `aws_default` leads."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  # of the development environment

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server.start()
    host, port = server.get_host_and_port()
    extra = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "test", "password": "test", "extra": extra}
    os.environ |= {
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    try:
        yield
    finally:
        server.stop()
