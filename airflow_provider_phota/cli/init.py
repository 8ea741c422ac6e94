"""Writes a first DAG, its test, a connection and a picture into a project."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from shlex import quote

from airflow.providers.common.compat.sdk import conf

from airflow_provider_phota.api.errors import PhotaConfigurationError
from airflow_provider_phota.cli.output import Report, table

#: Width and height of the picture.
_SIZE = (640, 480)


def _text(name: str) -> Callable[[], bytes]:
    return (files("airflow_provider_phota.cli") / "first_project" / f"{name}.txt").read_bytes


def _picture() -> bytes:
    from PIL import Image, ImageOps  # noqa: PLC0415  # only this command draws

    shades = Image.linear_gradient("L").resize(_SIZE)
    file = BytesIO()
    ImageOps.colorize(shades, black="#7fb2d9", white="#2f5d50").save(file, "PNG")
    return file.getvalue()


#: What is written: the path in the project, and what makes its content.
_FILES: Mapping[str, Callable[[], bytes]] = {
    "dags/phota_first_edit.py": _text("dag.py"),
    "tests/test_phota_first_edit.py": _text("test.py"),
    "conftest.py": _text("conftest.py"),
    "phota.env": _text("phota.env"),
    "phota-first-edit/picture.png": _picture,
}


@dataclass(frozen=True)
class Step:
    """Is something to do next."""

    what: str
    commands: tuple[str, ...]


def init(options: Namespace) -> Report:
    """Writes the files that are not there yet, and says what to do next. It replaces nothing.

    Raises:
        PhotaConfigurationError: A file cannot be written.
    """
    project = Path(options.folder).resolve()
    written = {name: _write(project / name, make) for name, make in _FILES.items()}
    rows = [("written" if is_new else "was there", name) for name, is_new in written.items()]
    steps = list(_next_steps(project))
    data = {
        "written": [name for name, is_new in written.items() if is_new],
        "kept": [name for name, is_new in written.items() if not is_new],
        "next": [asdict(step) for step in steps],
    }
    return Report(data, [f"In {project}:", table(("", ""), rows), *_shown(steps)])


def _write(path: Path, make: Callable[[], bytes]) -> bool:
    """Writes a file if there is none of that name, and returns True if it did."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(make())
    except FileExistsError:
        if path.is_file():
            return False
        raise PhotaConfigurationError(f"{path} could not be written: another file is in the way.") from None
    except OSError as error:
        raise PhotaConfigurationError(f"{path} could not be written: {error.strerror}.") from None
    return True


def _next_steps(project: Path) -> Iterator[Step]:
    start = () if project == Path.cwd() else (f"cd {quote(str(project))}",)
    is_known = Path(conf.get("core", "dags_folder")).resolve() == project / "dags"
    folder = () if is_known else ('export AIRFLOW__CORE__DAGS_FOLDER="$PWD/dags"',)
    test = "python -m pytest tests/test_phota_first_edit.py"
    yield Step("Test it. This starts an emulator by itself:", (*start, "airflow db migrate", test))
    yield Step(
        "Start the emulator in a second terminal. It shows its tasks at http://127.0.0.1:8765/:",
        ("python -m airflow_provider_phota.emulator",),
    )
    yield Step(
        "Run the DAG. The result lands in phota-first-edit/edited:",
        ("set -a; . ./phota.env; set +a", *folder, "airflow dags test phota_first_edit"),
    )
    yield Step(
        "Put your API key into phota.env, load it again, and check it. From then on every edit is billed:",
        ("python -m airflow_provider_phota doctor",),
    )


def _shown(steps: Iterable[Step]) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield from ("", f"{number}. {step.what}", "")
        yield from (f"   {command}" for command in step.commands)
