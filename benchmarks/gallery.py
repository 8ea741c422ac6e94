"""Runs a PHOTA service in a separate process, and puts finished edits into it."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from airflow_provider_phota.api.forms import file_form
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import get_task, submit, upload
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from benchmarks.processes import ROOT, Process
from benchmarks.trust import new_trust
from dev.processes import free_ports

KEY = "emu-bench-0123456789"
PICTURE = ROOT / "example_dags" / "pictures" / "mountain-lake.jpg"


@contextmanager
def service(latency: str = "0.1..0.2") -> Iterator[Settings]:
    """Starts the service with TLS, and gives this process an Airflow home and a connection to the service."""
    with service_process(latency) as (settings, _):
        yield settings


@contextmanager
def service_process(
    latency: str, *options: str, requests_per_second: float | None = None
) -> Iterator[tuple[Settings, int]]:
    """Does the same, and names the process of the service.

    Args:
        latency: seconds that a task takes, as a range.
        options: more options of the emulator.
        requests_per_second: what the connection says; its default if this is None.
    """
    (port,) = free_ports(1)
    with new_trust() as trust, tempfile.TemporaryDirectory() as home, (Path(home) / "log").open("wb") as log:
        settings = Settings(
            KEY, f"https://127.0.0.1:{port}", total_timeout=300.0, ca_bundle=str(trust.bundle)
        )
        command = ["airflow_provider_phota.emulator", "--port", str(port), "--latency", latency]
        command += ["--tls-cert", str(trust.certificate), *options]
        extra: dict[str, object] = {"ca_bundle": settings.ca_bundle}
        if requests_per_second:
            extra["requests_per_second"] = requests_per_second
        connection = {"conn_type": "phota", "password": KEY, "host": settings.base_url, "extra": extra}
        os.environ |= {"AIRFLOW_HOME": home, "AIRFLOW_CONN_PHOTA_DEFAULT": json.dumps(connection)}
        os.environ["REQUESTS_CA_BUNDLE"] = settings.ca_bundle or ""
        with Process(command, os.environ, log) as process:
            _wait_for(settings.base_url)
            yield settings, process.pid


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            requests.get(f"{url}/_emulator", timeout=5).raise_for_status()
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def finished_edit(settings: Settings, outputs: int, resolution: str) -> PhotaTask:
    """Submits an edit, and returns its task once the pictures are drawn."""
    with RequestsDriver(settings) as driver:
        url = driver.run(upload(file_form(PICTURE))).url
        edit = EditOrder.checked(
            prompt="a beach", image_urls=url, num_outputs=outputs, resolution=resolution, local_inputs=True
        )
        task = driver.run(submit(edit))
        while not task.is_finished:
            time.sleep(0.1)
            task = driver.run(get_task(task.id))
    for image in task.images:
        requests.get(image.url, timeout=300).raise_for_status()
    return task


def ledger(settings: Settings) -> list[dict[str, object]]:
    """Returns every edit that was billed."""
    answer = requests.get(f"{settings.base_url}/_emulator/ledger", timeout=60)
    tasks: list[dict[str, object]] = answer.json()["tasks"]
    return tasks
