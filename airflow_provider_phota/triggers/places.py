"""Opens places of object storage on the triggerer's event loop."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import ObjectStoragePath
from asgiref.sync import sync_to_async

from airflow_provider_phota.storage.paths import Place


async def open_place(url: str) -> Place:
    """Returns the place that a URL names, with its Airflow connection read."""
    # by one thread at a time: two that read Airflow connections at once can end a triggerer (issue 64620)
    return await sync_to_async(_place_of)(url)


def _place_of(url: str) -> Place:
    path = ObjectStoragePath(url)
    _ = path.fs
    return Place.of(path)
