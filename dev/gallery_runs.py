"""Runs DAGs in a real Airflow, so that its gallery has something to show to tests and in screenshots."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from airflow_provider_phota.emulator import Emulator, Fault
from dev.airflow_answers import AirflowApiError
from dev.airflow_environment import FAST_HEARTBEAT
from dev.airflow_stack import AirflowStack

ROOT = Path(__file__).resolve().parents[1]
DAGS = [ROOT / "tests" / "airflow" / "dags" / name for name in ("gallery_dags.py", "review_dags.py")]
PICTURE = ROOT / "example_dags" / "pictures" / "mountain-lake.jpg"
#: Prompts for which the service fails, does not answer to the submit, and takes very long.
FAILS, HELD, SLOW = "a picture that fails", "a picture that is held", "a picture that takes long"
_LONGEST_RUN = 240.0
_TRIES = 5


@dataclass
class Shop:
    """Is a real Airflow with the gallery in it, and PHOTA behind it.

    Attributes:
        folder: where pictures land.
        picture: that is edited, by its path.
    """

    airflow: AirflowStack
    emulator: Emulator
    folder: Path
    picture: str
    _token: str = field(default="", init=False)

    @property
    def token(self) -> str:
        """What logs a browser in."""
        if not self._token:
            login = {"username": self.airflow.settings.user, "password": self.airflow.settings.password}
            answer = requests.post(f"{self.airflow.settings.url}/auth/token", json=login, timeout=30)
            self._token = str(answer.json()["access_token"])
        return self._token

    def url(self, path: str) -> str:
        return f"{self.airflow.settings.url}{path}"

    def begin(self, dag_id: str, **conf: Any) -> str:
        """Begins a run, and returns its ID."""
        given = {
            "picture": self.picture,
            "destination": f"file://{self.folder}",
            "live": f"file://{self.folder}-live",
            "num_outputs": 1,
        }
        for _ in range(_TRIES):
            try:
                return self.airflow.trigger(dag_id, given | conf)
            except AirflowApiError as error:
                if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
                time.sleep(2)  # on a busy machine SQLite keeps Airflow waiting for too long
        return self.airflow.trigger(dag_id, given | conf)

    def finish(self, dag_id: str, run_id: str, seconds: float = _LONGEST_RUN) -> str:
        """Waits for the end of a run, at most for so many seconds, and returns its state."""
        return self.airflow.wait_for_run(dag_id, run_id, seconds)

    def begin_batch(self, items: int, dag_id: str = "gallery_batch", **conf: Any) -> str:
        """Begins a batch of so many pictures, one of which fails."""
        rows = self.folder / f"rows-{time.time_ns()}.jsonl"
        lines = (
            {
                "image_urls": self.picture,
                "prompt": FAILS if number == 3 else f"a winter morning {number}",
                "key": f"item-{number}",
            }
            for number in range(items)
        )
        rows.write_text("\n".join(map(json.dumps, lines)))
        destination = f"file://{self.folder}/batch-{items}"
        return self.begin(dag_id, edits=f"file://{rows}", prompt="winter", destination=destination, **conf)

    def wait_until_deferred(self, dag_id: str, run_id: str, task_id: str = "edit") -> None:
        """Waits until a task of a run waits in the triggerer, or for a person."""
        until = time.monotonic() + _LONGEST_RUN
        while not self._waits(dag_id, run_id, task_id):
            if time.monotonic() > until:
                raise TimeoutError(f"{task_id} of {run_id} does not wait")
            time.sleep(0.5)

    def _waits(self, dag_id: str, run_id: str, task_id: str) -> bool:
        instances = self.airflow.task_instances(dag_id, run_id)
        states = {each.state for each in instances if each.task_id == task_id}
        return not states.isdisjoint({"deferred", "awaiting_input"})


@contextmanager
def open_shop(home: Path, env: Mapping[str, str] | None = None) -> Iterator[Shop]:
    """Starts Airflow and PHOTA, and stops both at the end.

    Args:
        home: an empty folder.
        env: more variables for Airflow.
    """
    dags, inbox, landed = home / "dags", home / "inbox", home / "landed"
    for folder in (dags, inbox, landed):
        folder.mkdir()
    picture = shutil.copy(PICTURE, inbox)
    for file in DAGS:
        (dags / file.name).symlink_to(file)
    with Emulator(port=0, latency=(0.5, 2.0), seed=3) as emulator:
        emulator.add_faults(
            Fault(
                on="task", kind="fail_task", match={"prompt": FAILS}, times=None, message="It is too dark."
            ),
            Fault(on="submit", kind="reset_after", match={"prompt": HELD}, times=None),
            Fault(on="submit", kind="latency", seconds=1e6, match={"prompt": SLOW}, times=None),
        )
        connection = {
            "conn_type": "phota",
            "host": emulator.url,
            "password": emulator.key,
            "extra": {"requests_per_second": 1000},
        }
        variables = {**FAST_HEARTBEAT, "AIRFLOW_CONN_PHOTA_DEFAULT": json.dumps(connection), **(env or {})}
        with AirflowStack(home / "airflow", dags, env=variables) as airflow:
            for dag_id in ("gallery_edit", "gallery_mapped", "gallery_batch", "gallery_land", "review_batch"):
                airflow.wait_for_dag(dag_id)
            yield Shop(airflow, emulator, landed, f"file://{picture}")


def task_page(dag_id: str, run_id: str, task_id: str = "edit", map_index: int = -1) -> str:
    """Returns the path of the gallery's page of a task instance."""
    return f"/phota/task/{dag_id}/{quote(run_id, safe='')}/{task_id}/{map_index}"


def run_page(dag_id: str, run_id: str) -> str:
    """Returns the path of the gallery's page of a run."""
    return f"/phota/run/{dag_id}/{quote(run_id, safe='')}"


def airflow_page(dag_id: str, run_id: str, task_id: str = "", map_index: int = -1) -> str:
    """Returns the path of Airflow's own page of a run or a task instance, with the gallery's tab open."""
    path = f"/dags/{dag_id}/runs/{quote(run_id, safe='')}"
    if not task_id:
        return f"{path}/plugin/phota-run"
    mapped = f"/mapped/{map_index}" if map_index >= 0 else ""
    return f"{path}/tasks/{task_id}{mapped}/plugin/phota-task"


def question_page(dag_id: str, run_id: str, task_id: str) -> str:
    """Returns the path of Airflow's page on which the question of a task instance is answered."""
    return f"/dags/{dag_id}/runs/{quote(run_id, safe='')}/tasks/{task_id}/required_actions"
