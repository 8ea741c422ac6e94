"""A new user, from the wheel alone: an empty environment, an empty folder, and what our pages say to do.

The commands are those that `init` prints and that the pages show, word for word. Only what is already done
(`pip install`), the port of the emulator, and the path of "a picture of yours" are replaced.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "docs"))

from docs_blocks import Block, blocks, templates, works_on  # noqa: E402  # the folder of the pages' tests

pytestmark = pytest.mark.slow

VERSIONS = ("3.3", "3.1", "2.11")
EMULATOR = "python -m airflow_provider_phota.emulator"


@dataclass(frozen=True)
class User:
    """Somebody with an empty home and an environment of their own."""

    airflow: str
    bin: Path
    home: Path

    def runs(self, script: str, folder: Path) -> str:
        """What a script prints, which must not fail. Shells stop at the first command that does."""
        done = subprocess.run(
            ["bash", "-ec", script],
            env=self.environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(self.home),
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    @contextmanager
    def runs_meanwhile(self, command: str, until: str) -> Iterator[None]:
        """A second terminal, in which a command has said that it is ready."""
        process = subprocess.Popen(
            command.split(), env=self.environment, cwd=self.home, stdout=subprocess.PIPE, text=True
        )
        try:
            assert until in process.stdout.readline()
            yield
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


@pytest.fixture(scope="module", params=VERSIONS)
def user(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> User:
    home = tmp_path_factory.mktemp(f"user-{request.param}")
    venv.create(home / "venv", with_pip=True)
    python = home / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
    subprocess.run(
        [
            *(python.parent / "uv", "pip", "install", "--quiet", "--python", python, "pytest"),
            *("--constraint", ROOT / "dev" / f"constraints-airflow-{request.param}.txt", wheel),
        ],
        check=True,
    )
    return User(request.param, python.parent, home)


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def project(user: User) -> Iterator[Path]:
    """An empty folder. Each test begins without a database."""
    folder = user.home / "project"
    folder.mkdir()
    yield folder
    for each in (folder, user.home / "airflow"):
        shutil.rmtree(each, ignore_errors=True)


def test_the_first_project_works_as_it_is_written(user: User, project: Path, port: int) -> None:
    report = json.loads(user.runs("python -m airflow_provider_phota init --json", project))
    test, emulator, run, check = ["\n".join(step["commands"]) for step in report["next"]]
    assert "1 passed" in user.runs(test, project)
    _replace(project / "phota.env", "8765", str(port))
    with user.runs_meanwhile(f"{emulator} --port {port}", until="listening"):
        user.runs(f"{run}\n{check}", project)
    assert len(list((project / "phota-first-edit" / "edited").glob("*.png"))) == 1


def test_the_quickstart_works_block_by_block(user: User, project: Path, port: int) -> None:
    dags = user.home / "airflow" / "dags"
    dags.mkdir(parents=True)
    shutil.copy(ROOT / "example_dags" / "pictures" / "mountain-lake.jpg", project / "portrait.jpg")
    shell: list[str] = []
    for block in _blocks_of("quickstart.md"):
        code = block.code.replace("8765", str(port)).replace("/data/", f"{project}/")
        code = code.replace("/tmp/phota", f"{project}/landed")
        if block.language == "python":
            (dags / "quickstart.py").write_text(code)
        elif EMULATOR not in code and "pip install" not in code and "sk-" not in code:
            shell.append(code)
    with user.runs_meanwhile(f"{EMULATOR} --port {port}", until="listening"):
        said = user.runs("\n".join(shell), project)
    assert said.count('"request":') == 1  # the ledger, at the end
    assert len(list((project / "landed").glob("*.png"))) == 1


def test_the_project_with_tests_works(user: User, project: Path) -> None:
    for block in _blocks_of("emulator.md"):
        if block.kind == "file":
            path = project / block.said["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code)
    (commands,) = (block.code for block in _blocks_of("emulator.md") if "project" in block.said)
    assert "2 passed" in user.runs(commands, project)


def test_all_examples_of_the_pages_work(user: User, project: Path) -> None:
    version = Version(f"{user.airflow}.99")
    wanted = [
        {"id": block.id, "kind": block.kind, "code": block.code, "edits": block.edits}
        for block in blocks("python")
        if block.kind in {"dag", "script"} and works_on(block, version)
    ]
    wanted += [{"id": place, "kind": "template", "code": template} for place, template in templates()]
    (project / "examples.json").write_text(json.dumps(wanted))
    (project / "dags").mkdir()
    user.runs(
        f'export AIRFLOW_HOME="{project}" AIRFLOW__CORE__LOAD_EXAMPLES=False\n'
        f'airflow db migrate\npython "{ROOT}/tests/docs/docs_runner.py" examples.json report.json',
        project,
    )
    problems = json.loads((project / "report.json").read_text())
    assert len(problems) > 50
    assert not {name: problem for name, problem in problems.items() if problem}


def _blocks_of(page: str) -> list[Block]:
    found = [*blocks("python"), *blocks("bash")]
    return sorted((block for block in found if block.page.name == page), key=lambda block: block.line)


def _replace(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


def test_nothing_of_the_repository_is_used(user: User) -> None:
    where = user.runs("python -c 'import airflow_provider_phota as p; print(p.__file__)'", user.home)
    assert Path(where.strip()).is_relative_to(user.home)
    assert str(ROOT) not in os.pathsep.join(user.environment.values())
