"""Stores with files in them, and items of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import fsspec
import pytest
from airflow import io as airflow_io

from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.batch.items.spec import ItemSpec

_NUMBERS = count(1)


@dataclass
class Store:
    """Is a folder of a store.

    Attributes:
        url: of the folder.
        put: writes a file into it, by its name and its content.
    """

    url: str
    put: Callable[[str, bytes], object]

    def fill(self, *names: str) -> None:
        for name in names:
            self.put(name, b"")

    def spec(self, source: object, **arguments: object) -> ItemSpec:
        """Returns the spec of a batch that edits what is in the store."""
        usual = {
            "order_type": EditOrder,
            "defaults": {"prompt": "a beach"},
            "destination": f"{self.url}/../out".replace("/shop/..", ""),
        }
        given = f"{self.url}/{source}" if isinstance(source, str) else source
        return ItemSpec.checked(source=given, **{**usual, **arguments})


def _disk(request):
    folder = request.getfixturevalue("tmp_path")

    def put(name, content):
        path = folder / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return Store(f"file://{folder}/shop", put)


def _s3(request):
    bucket = request.getfixturevalue("s3").create_bucket(Bucket=f"items-{next(_NUMBERS)}")
    bucket.put_object(Key="shop/", Body=b"")  # it stands for the folder
    return Store(
        f"s3://aws_ledger@{bucket.name}/shop",
        lambda name, content: bucket.put_object(Key=f"shop/{name}", Body=content),
    )


def _memory(_):
    attach = getattr(airflow_io, "attach", None) or airflow_io.store.attach  # Airflow 3, Airflow 2
    fs = fsspec.filesystem("memory")
    attach("memory", fs=fs)
    bucket = f"items-{next(_NUMBERS)}"
    return Store(
        f"memory://{bucket}/shop", lambda name, content: fs.pipe_file(f"/{bucket}/shop/{name}", content)
    )


@pytest.fixture(params=[_disk, _s3, _memory], ids=["disk", "s3", "memory"])
def store(request) -> Store:
    return request.param(request)


@pytest.fixture
def disk(request) -> Store:
    return _disk(request)


@pytest.fixture
def s3_store(request) -> Store:
    return _s3(request)
