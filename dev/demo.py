"""Runs `make demo`: PHOTA edits a photograph, and a real Airflow waits for it without a worker slot.

Without PHOTA_API_KEY the service is the emulator, so nothing leaves this machine and nothing is billed.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from dev import processes
from dev.airflow_environment import FAST_HEARTBEAT, inherited
from dev.airflow_stack import AirflowStack
from dev.contact_sheet import Plate, dimensions, write_contact_sheet
from dev.timeline import Timeline

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "demo-output"
EXAMPLES = ROOT / "example_dags"
PICTURE = EXAMPLES / "pictures" / "mountain-lake.jpg"
DAG_ID = "phota_edit_picture"
PROMPT = "make it an autumn evening"  # the emulator takes its colours from the prompt, and these are fine
REAL_SERVICE = "https://api.foxapi.cc"
READY = "PHOTA emulator listening on "
RUN_LIMIT = 900.0
#: The variable that keeps Airflow running after the demo.
KEEP = "DEMO_KEEP"


@dataclass(frozen=True)
class Service:
    """Names the PHOTA service of this demo."""

    host: str
    key: str = field(repr=False)
    name: str

    @property
    def connection(self) -> str:
        return json.dumps({"conn_type": "phota", "host": self.host, "password": self.key})


class DemoError(RuntimeError):
    """The demo did not work. The message says where."""


def main(dags_folder: Path = EXAMPLES) -> int:
    """Runs the demo, and returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        _run(dags_folder)
    except KeyboardInterrupt:
        print("\nInterrupted: everything that was started is stopped.", file=sys.stderr)
        return 130
    except (DemoError, processes.ProcessDiedError, TimeoutError) as error:
        print(f"\nThe demo failed. {error}", file=sys.stderr)
        return 1
    return 0


def _interrupt(*_: object) -> None:
    _ignore_interrupts()
    raise KeyboardInterrupt


def _ignore_interrupts() -> None:
    """Ignores a second Ctrl-C, which would interrupt the stopping and leave processes behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _run(dags_folder: Path) -> None:
    began = time.monotonic()
    build = ROOT / ".build"
    build.mkdir(exist_ok=True)
    with ExitStack() as cleanup:
        home = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="demo-", dir=build)))
        service = cleanup.enter_context(_service(home))
        airflow = cleanup.enter_context(_airflow(home, dags_folder, service))
        cleanup.callback(_ignore_interrupts)
        run_id, landed = _run_dag(airflow)
        sheet = _contact_sheet(landed, service)
        _show(airflow, run_id)
        print("\nStopping everything ...", flush=True)
    _report(landed, sheet, began)


@contextmanager
def _service(home: Path) -> Iterator[Service]:
    key = os.environ.get("PHOTA_API_KEY", "").strip()
    if key:
        host = os.environ.get("PHOTA_BASE_URL", "").strip() or REAL_SERVICE
        print(f"PHOTA_API_KEY is set: this is the real service at {host}.")
        print("The picture is uploaded there and ONE EDIT IS BILLED to you; Ctrl-C within 5 s stops it.")
        time.sleep(5)
        yield Service(host, key, "PHOTA")
        return
    print("The PHOTA service is the emulator on this machine: nothing is uploaded, nothing is billed.")
    with _emulator(home) as url:
        yield Service(
            url,
            f"emu-{secrets.token_hex(12)}",
            "the PHOTA emulator, which tints where the real service edits",
        )


@contextmanager
def _emulator(home: Path) -> Iterator[str]:
    log = home / "emulator.log"
    options = ["--port", "0", "--latency", "10..12", "--seed", "1"]
    command = [sys.executable, "-m", "airflow_provider_phota.emulator", *options]
    env = {**inherited(), "PYTHONUNBUFFERED": "1"}
    emulator = processes.start("emulator", command, env=env, cwd=home, log=log)
    try:
        yield _ready_url(emulator)
    finally:
        processes.stop([emulator])


def _ready_url(emulator: processes.Service) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for line in emulator.log.read_text().splitlines():
            if line.startswith(READY):
                return line.removeprefix(READY).strip()
        emulator.require_alive()
        time.sleep(0.05)
    raise DemoError(f"The emulator did not start:\n{processes.tail(emulator.log)}")


@contextmanager
def _airflow(home: Path, dags_folder: Path, service: Service) -> Iterator[AirflowStack]:
    parts = "scheduler, triggerer, dag-processor, api-server"
    print(f"Starting Airflow {version('apache-airflow')} on SQLite ({parts}) ...", flush=True)
    began = time.monotonic()
    env = {"AIRFLOW_CONN_PHOTA_DEFAULT": service.connection, **FAST_HEARTBEAT}
    with AirflowStack(home / "airflow", dags_folder, env=env, parallelism=2) as airflow:
        airflow.wait_for_dag(DAG_ID)
        print(f"Airflow is up after {time.monotonic() - began:.0f} s.\n", flush=True)
        yield airflow


def _run_dag(airflow: AirflowStack) -> tuple[str, list[Path]]:
    OUTPUT.mkdir(exist_ok=True)
    destination = f"file://{OUTPUT}"  # as_uri() would escape a space, and fsspec takes the escape literally
    conf = {"picture": f"file://{PICTURE}", "prompt": PROMPT, "destination": destination}
    print(f'Running {DAG_ID}: {PICTURE.relative_to(ROOT)}, "{PROMPT}"')
    timeline = Timeline()
    run_id = airflow.trigger(DAG_ID, conf)
    state = _follow(airflow, run_id, timeline)
    tasks = airflow.task_instances(DAG_ID, run_id)
    print(f"\nThe run's timeline:\n\n{timeline.chart(tasks)}")
    if state != "success":
        raise DemoError(_failure_of(airflow, run_id))
    return run_id, [_path_of(file["path"]) for file in airflow.xcom(DAG_ID, run_id, "edit")["files"]]


def _show(airflow: AirflowStack, run_id: str) -> None:
    """Says where the pictures are seen, and with DEMO_KEEP keeps Airflow running for a look."""
    settings = airflow.settings
    run = f"{settings.url}/dags/{DAG_ID}/runs/{quote(run_id, safe='')}"
    print(f"\n  in Airflow      {run}/tasks/edit/plugin/phota-task")
    if not os.environ.get(KEEP, "").strip():
        print(f"                  ({KEEP}=1 make demo keeps Airflow running, to look at it)", flush=True)
        return
    print(f"                  log in as {settings.user!r} with the password {settings.password!r}")
    print("Airflow keeps running. Ctrl-C stops everything.", flush=True)
    threading.Event().wait()


def _follow(airflow: AirflowStack, run_id: str, timeline: Timeline) -> str:
    try:
        while timeline.elapsed < RUN_LIMIT:
            # the state of the run is read first, so that the list of tasks is never older than it
            state = airflow.run_state(DAG_ID, run_id)
            timeline.note(airflow.task_instances(DAG_ID, run_id))
            if state in {"success", "failed"}:
                return state
            time.sleep(0.25)
    finally:
        timeline.end()
    raise DemoError(f"The run is not over after {RUN_LIMIT:.0f} s.")


def _failure_of(airflow: AirflowStack, run_id: str) -> str:
    failed = [task for task in airflow.task_instances(DAG_ID, run_id) if task.state == "failed"]
    if not failed:
        return "The run failed, but not one of its tasks did."
    task = failed[0]
    messages = airflow.task_messages(DAG_ID, run_id, task.task_id, task.try_number, task.map_index)
    end = "\n".join(f"  {each.level:<7} {each.event} {each.error}".rstrip() for each in messages[-20:])
    return f"Task {task.task_id!r} failed; the end of its log:\n\n{end}"


def _path_of(uri: str) -> Path:
    return Path(uri.removeprefix("file://"))


def _contact_sheet(landed: list[Path], service: Service) -> Path:
    sheet = OUTPUT / "contact-sheet.png"
    before = Plate(PICTURE, "Before", f"{PICTURE.name}, {dimensions(PICTURE)}")
    after = [Plate(path, "After", f"{path.name}, {dimensions(path)}") for path in landed]
    heading = f"\N{LEFT DOUBLE QUOTATION MARK}{PROMPT}\N{RIGHT DOUBLE QUOTATION MARK}"
    subheading = f"Edited by {service.name}, through Apache Airflow {version('apache-airflow')}"
    write_contact_sheet(sheet, heading, subheading, [before, *after])
    return sheet


def _report(landed: list[Path], sheet: Path, began: float) -> None:
    """Prints the results. This comes last, so that they are at the end of the output."""
    print(f"Done in {time.monotonic() - began:.0f} s; nothing is left running.\n")
    for path in landed:
        print(f"  edited picture  {_relative(path)}")
    print(f"  before / after  {_relative(sheet)}")


def _relative(path: Path) -> str:
    return f"./{path.relative_to(Path.cwd())}" if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
