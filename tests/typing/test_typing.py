"""What a user's type checker says of a user's DAGs: no false alarm, and no wrong word missed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

USER_DAG = Path(__file__).with_name("user_dag.py")
WRONG = {
    number for number, line in enumerate(USER_DAG.read_text().splitlines(), 1) if line.endswith("# wrong")
}

pytestmark = pytest.mark.skipif(
    version("apache-airflow") < "3", reason="Airflow 2 has no types for its own names"
)


@pytest.fixture
def user_dag(tmp_path):
    """The file as a user has it: outside of this project, and of its settings."""
    return Path(shutil.copy(USER_DAG, tmp_path / "user_dag.py"))


def output_of(*command: object, cwd: Path) -> str:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    ).stdout


def test_mypy_reports_what_is_wrong_and_nothing_else(user_dag, tmp_path):
    said = output_of(sys.executable, "-m", "mypy", "--strict", user_dag, cwd=tmp_path)
    reported = {int(line) for line in re.findall(r"user_dag\.py:(\d+): error", said)}
    assert reported == WRONG, said


def test_pyright_reports_what_is_wrong_and_nothing_else(user_dag, tmp_path):
    # basedpyright is pyright in a wheel of its own, and does as pyright does where it is told to
    settings = {"typeCheckingMode": "standard", "include": [user_dag.name]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    said = output_of(
        *(sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--outputjson"), cwd=tmp_path
    )
    found = json.loads(said)["generalDiagnostics"]
    reported = {each["range"]["start"]["line"] + 1 for each in found if each["severity"] == "error"}
    assert reported == WRONG, json.dumps(found, indent=1)
