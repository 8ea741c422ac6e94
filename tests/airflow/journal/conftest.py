"""A folder for a journal: on a disk, and on S3 over real HTTP behind a gate that can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.storage.paths import Place


@dataclass
class Bucket:
    """A bucket of its own for a test, and the gate in front of it."""

    server: Any
    name: str

    def gate(self, mode: str, match: str = "") -> None:
        self.server.set_gate(self.name, mode, match)


@pytest.fixture(scope="session")
def gated_s3(tmp_path_factory):
    from tests.chaos.object_store import S3Server

    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bucket(gated_s3, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AWS_JOURNAL", gated_s3.connection)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    name = f"journal-{uuid4().hex[:8]}"
    gated_s3.make_bucket(name)
    return Bucket(gated_s3, name)


@pytest.fixture
def s3_folder(bucket):
    return Place.of(ObjectStoragePath(f"s3://aws_journal@{bucket.name}/edits/.phota-batches/b1"))


@pytest.fixture
def disk_folder(tmp_path):
    return Place.of(ObjectStoragePath(f"file://{tmp_path}/edits/.phota-batches/b1"))


@pytest.fixture(params=["disk", "s3"])
def folder(request):
    return request.getfixturevalue(f"{request.param}_folder")
