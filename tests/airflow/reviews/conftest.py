"""Answers the questions of DAGs that run here, by Airflow's own REST API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_phota.emulator import Emulator
from tests.persons import Person, airflow_api

if version("apache-airflow") < "3.3":
    # before 3.1 Airflow cannot ask people, and before 3.3 `dag.test()` cannot read what they answer
    collect_ignore_glob = ["test_review*"]


@pytest.fixture(scope="module")
def service(metadata_database: None, emulator_process: Emulator) -> Iterator[Emulator]:
    emulator_process.reset()
    connection = {"conn_type": "phota", "password": emulator_process.key, "host": emulator_process.url}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))
        patch.setattr("airflow_provider_phota.triggers.phota.EARLIEST_EVENT", 0.0)
        yield emulator_process


@pytest.fixture(scope="module")
def api(service: Emulator) -> tuple[Any, dict[str, str]]:
    return airflow_api()


@pytest.fixture
def person(api: tuple[Any, dict[str, str]]) -> Callable[..., Person]:
    """A person who answers: `person(["Approve"])`."""
    client, headers = api
    return lambda *answers, **more: Person(client, headers, list(answers), **more)


@dataclass(frozen=True)
class Shop:
    """Where a run lands its pictures, and where it publishes them."""

    landed: Path
    live: Path
    run: Callable[..., Any]

    @property
    def published(self) -> list[str]:
        return sorted(str(path.relative_to(self.live)) for path in self.live.rglob("*.png"))

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.live.glob(".phota-reviews/*.json"))]


@pytest.fixture
def shop(service: Emulator, tmp_path: Path) -> Shop:
    from airflow_runs import PICTURE, run

    landed, live = tmp_path / "landed", tmp_path / "live"

    def ran(dag_id: str, **conf: Any) -> Any:
        given = {"picture": f"file://{PICTURE}", "destination": f"file://{landed}", "live": f"file://{live}"}
        return run(dag_id, **given | {"prompt": "golden hour", "num_outputs": 1} | conf)

    return Shop(landed, live, ran)
