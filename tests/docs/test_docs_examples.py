"""What the documentation shows works: its DAGs run, its code runs, Airflow takes its commands."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from docs_blocks import Block, blocks, commands, templates, works_on
from packaging.version import Version

pytestmark = pytest.mark.airflow

HERE = Path(__file__).parent
AIRFLOW = Version(version("apache-airflow"))
PYTHON = blocks("python")
OUR_SETTINGS = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    # the service is on loopback, and nothing else is asked
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


def _examples() -> Iterator[dict[str, Any]]:
    for block in PYTHON:
        if block.kind in {"dag", "script"} and works_on(block, AIRFLOW):
            yield {"id": block.id, "kind": block.kind, "code": block.code, "edits": block.edits}
    for place, template in templates():
        yield {"id": place, "kind": "template", "code": template}
    for block in blocks("bash"):
        for number, words in enumerate(commands(block)):
            if words[0] in {"export", "airflow"}:
                yield {"id": f"{block.id}:{number}", "kind": words[0], "code": shlex.join(words)}


EXAMPLES = list(_examples())


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a process that imports Airflow: a home of its own with a migrated database."""
    home = tmp_path_factory.mktemp("docs-airflow")
    (home / "dags").mkdir()
    # warnings are errors in this process; Airflow's own imports warn
    foreign = ("AIRFLOW", "PYTHONWARNINGS", "PYTEST", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment = {**inherited, **OUR_SETTINGS, "AIRFLOW_HOME": str(home)}
    environment["AIRFLOW__CORE__DAGS_FOLDER"] = str(home / "dags")
    _run([sys.executable, "-m", "airflow", "db", "migrate"], environment, home)
    return environment


@pytest.fixture(scope="module")
def report(environment: dict[str, str]) -> dict[str, str]:
    """What is wrong with each example, by its id; empty where nothing is."""
    home = Path(environment["AIRFLOW_HOME"])
    wanted, found = home / "examples.json", home / "report.json"
    wanted.write_text(json.dumps(EXAMPLES))
    _run([sys.executable, str(HERE / "docs_runner.py"), str(wanted), str(found)], environment, home)
    problems: dict[str, str] = json.loads(found.read_text())
    return problems


def _run(command: list[str], environment: Mapping[str, str], folder: Path) -> None:
    done = subprocess.run(
        command, env=dict(environment), cwd=folder, capture_output=True, text=True, check=False
    )
    sys.stdout.write(done.stdout)  # pytest shows it where something failed
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("example", [each["id"] for each in EXAMPLES])
def test_it_works(report: dict[str, str], example: str) -> None:
    assert not report[example], report[example]


def test_the_pytest_project_passes(environment: dict[str, str], tmp_path: Path) -> None:
    """As a reader lays it out: an empty folder, the page's files, the page's commands, a home of its own."""
    project = tmp_path / "project"
    for block in PYTHON:
        if block.kind == "file":
            path = project / block.said["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code)
    ours = {"AIRFLOW_HOME": str(tmp_path / "home"), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    environment = {name: value for name, value in environment.items() if not name.startswith("AIRFLOW")}
    (block,) = (block for block in blocks("bash") if "project" in block.said)
    _run(["bash", "-ec", block.code], {**environment, **ours}, project)


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.id)
def test_it_compiles(block: Block) -> None:
    compile(block.code, block.id, "exec")


def test_hardly_anything_is_not_run() -> None:
    assert len([block for block in PYTHON if block.kind == "not run"]) <= 2
