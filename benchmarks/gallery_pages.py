"""Measures the gallery's pages of a batch of 2,000: `python -m benchmarks.gallery_pages`.

The batch has really run, by `dag.test()` against the emulator. Its pages are asked of Airflow's own API
application, in this process, so that what is measured is the server's work and not a network.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from airflow_provider_phota.emulator import Emulator, Fault
from benchmarks.memory import watched_memory
from benchmarks.processes import ROOT

OUTPUT = ROOT / ".build" / "bench-gallery.md"
ITEMS = int(os.environ.get("BENCH_ITEMS") or 2000)
RUNS = int(os.environ.get("BENCH_RUNS") or 9)
#: One item of so many fails.
_FAILS_EVERY = 500
_DAGS = ROOT / "tests" / "airflow" / "dags" / "gallery_dags.py"
_PICTURE = ROOT / "example_dags" / "pictures" / "mountain-lake.jpg"


@contextmanager
def airflow_home() -> Iterator[Path]:
    """Gives this process an Airflow of its own, before anything imports Airflow."""
    with tempfile.TemporaryDirectory(prefix="bench-gallery-") as home:
        (Path(home) / "dags").mkdir()
        (Path(home) / "dags" / _DAGS.name).symlink_to(_DAGS)
        os.environ |= {
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__DAGS_FOLDER": f"{home}/dags",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__API_AUTH__JWT_SECRET": "of this benchmark, " * 4,
        }
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(command, check=True, capture_output=True)
        yield Path(home)


def landed_batch(service: Emulator, folder: Path) -> str:
    """Runs the batch, and returns the address of its task instance."""
    service.draw("small")
    service.add_faults(Fault(on="submit", kind="fail_task", match={"prompt": "fails"}, times=None))
    connection = {"conn_type": "phota", "password": service.key, "host": service.url}
    os.environ["AIRFLOW_CONN_PHOTA_DEFAULT"] = json.dumps(connection)
    rows = folder / "rows.jsonl"
    rows.write_text("\n".join(json.dumps(_row(number)) for number in range(ITEMS)))
    conf = {"edits": rows.as_uri(), "prompt": "{stem}", "destination": (folder / "out").as_uri()}
    run = _dag("gallery_batch").test(run_conf=conf)
    return f"gallery_batch/{quote(run.run_id, safe='')}"


def _row(number: int) -> dict[str, str]:
    prompt = f"winter {number} fails" if number % _FAILS_EVERY == 0 else f"winter {number}"
    return {"image_urls": _PICTURE.as_uri(), "prompt": prompt, "key": f"item-{number:05d}"}


def _dag(dag_id: str) -> Any:
    from airflow.providers.common.compat.sdk import DAG  # noqa: PLC0415  # Airflow's home is set

    spec = importlib.util.spec_from_file_location("gallery_dags", _DAGS)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    dags = (each for each in vars(module).values() if isinstance(each, DAG))
    return next(dag for dag in dags if dag.dag_id == dag_id)


def reader() -> Callable[[str], bytes]:
    """Returns a function that asks the server for a page."""
    from airflow.api_fastapi.app import create_app  # noqa: PLC0415  # Airflow's home is set
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415
    from fastapi.testclient import TestClient  # noqa: PLC0415

    app = create_app("core")
    token = app.state.auth_manager.generate_jwt(SimpleAuthManagerUser(username="reader", role="ADMIN"))
    client = TestClient(app)
    client.headers["Authorization"] = f"Bearer {token}"

    def read(path: str) -> bytes:
        answer = client.get(path)
        answer.raise_for_status()
        return bytes(answer.content)

    return read


def measure(name: str, read: Callable[[str], bytes], paths: list[str], holds: bytes) -> str:
    """Returns a line of the table: the first time, and the median of the later ones."""
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        answers = [read(path) for path in paths]
        seconds.append(time.perf_counter() - began)
        assert all(holds in answer for answer in answers), name
    size = sum(map(len, answers)) / 1000
    return f"| {name} | {1000 * seconds[0]:.0f} | {1000 * median(seconds[1:]):.0f} | {size:.0f} |"


def pages(address: str) -> str:
    """Measures the pages, the most important one first."""
    read = reader()
    read("/phota/static/gallery.css")  # so that Airflow's own beginning is not measured
    task, run = f"/phota/task/{address}/edit/-1", f"/phota/run/{address}"
    copies = [f"/phota/item/{address}/edit/-1/{number}/picture/after/0" for number in range(2, 62)]
    last = (ITEMS + 59) // 60
    copies = [path for path, number in zip(copies, range(1, 61), strict=True) if number % _FAILS_EVERY]
    with watched_memory(os.getpid()) as grown:
        lines = [
            measure("page 1", read, [task], b"item-00001"),
            measure(f"page {last}", read, [f"{task}?page={last}"], f"item-{ITEMS - 1:05d}".encode()),
            measure("those that failed", read, [f"{task}?status=failed"], b"item-00500"),
            measure("an item", read, [f"/phota/item/{address}/edit/-1/2"], b"winter 1"),
            measure("the DAG run", read, [run], b"edit"),
            measure("in the navigation", read, ["/phota/"], b"gallery_batch"),
            measure(f"the {len(copies)} small copies of page 1", read, copies, b"WEBP"),
        ]
    memory = f"The server grew by {grown.growth / 1e6:.0f} MB at its peak."
    head = f"| of {ITEMS:,} items | first time, ms | later, ms | kB |\n| --- | --- | --- | --- |"
    return "\n".join([head, *lines, "", memory, ""])


def main() -> int:
    with airflow_home() as home:
        with Emulator(port=0, latency=(0.1, 0.3), seed=0) as service:
            address = landed_batch(service, home)
        text = pages(address)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text)
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
