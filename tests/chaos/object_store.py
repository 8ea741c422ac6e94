"""Runs an S3 server as a process, and describes it for Airflow."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import boto3
import requests
from botocore.config import Config

from dev.airflow_environment import inherited
from dev.processes import Service, free_ports, start, stop

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
START_LIMIT = 60.0


@dataclass
class S3Server:
    """Runs `s3_server.py`. It is a context manager."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    _process: Service | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connection(self) -> str:
        """The connection to the server, as the value of an environment variable."""
        extra = {"endpoint_url": self.url, "region_name": "us-east-1"}
        return json.dumps({"conn_type": "aws", "login": "test", "password": "test", "extra": extra})

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.chaos.s3_server", str(self.port)]
        env = {**inherited(), "PYTHONPATH": str(ROOT)}
        self._process = start("s3", command, env=env, cwd=self.folder, log=self.folder / "s3.log")
        deadline = time.monotonic() + START_LIMIT
        while not self._answers():
            self._process.require_alive()
            if time.monotonic() > deadline:
                self.__exit__()
                raise TimeoutError(f"the S3 server did not start, see {self.folder}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            stop([self._process])

    def make_bucket(self, name: str) -> str:
        """Makes a bucket, and returns its URL as a root for ledgers."""
        self.client().create_bucket(Bucket=name)
        return f"s3://aws_default@{name}"

    def set_gate(self, bucket: str, mode: str, match: str = "") -> None:
        """Says what happens to the requests for a bucket. With "open", nothing happens."""
        body = {"bucket": bucket, "mode": mode, "match": match}
        requests.post(f"{self.url}/_gate", json=body, timeout=10).raise_for_status()

    def put(self, bucket: str, name: str, content: bytes) -> None:
        self.client().put_object(Bucket=bucket, Key=name, Body=content)

    def objects(self, bucket: str, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yields the name and the content of each object."""
        client = self.client()
        for name in self.names(bucket, prefix):
            yield name, client.get_object(Bucket=bucket, Key=name)["Body"].read()

    def names(self, bucket: str, prefix: str) -> Iterator[str]:
        """Yields the name of each object."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for each in page.get("Contents", ()):
                yield each["Key"]

    def client(self) -> Any:
        """Returns a client, for one thread."""
        # each thread needs its own client, and a proxy of the environment must not be used
        return boto3.session.Session().client(
            "s3", endpoint_url=self.url, config=Config(proxies={}, retries={"max_attempts": 2}), **KEYS
        )

    def _answers(self) -> bool:
        try:
            return requests.get(self.url, timeout=2).ok
        except requests.RequestException:
            return False
