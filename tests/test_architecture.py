"""What the file tree promises: imports run one way, and a DAG file is cheap to parse."""

from __future__ import annotations

import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.source_tree import PACKAGE, ROOT, functions_of, imports_of, modules_of, name_of, outside_of

NAME = PACKAGE.name

#: Room -> the rooms it may import from, besides itself.
ROOMS = {
    "api": set(),
    "provider_info": set(),
    "texts": set(),
    "xcom_keys": set(),
    "compat": set(),
    "polling": {"api"},
    "drivers": {"api"},
    "storage": {"api"},
    "emulator": {"api", "texts"},
    "retrying": {"api", "xcom_keys"},
    "retry_policy": {"api"},
    "downloads": {"api", "drivers"},
    "hooks": {"api", "drivers", "compat", "provider_info", "storage"},
    "ledger": {"api", "storage", "compat"},
    "budget": {"api", "storage", "hooks", "ledger", "compat"},
    "journal": {"api", "storage"},
    "inputs": {"api", "storage", "downloads", "hooks"},
    "submitting": {"api", "hooks", "ledger", "inputs", "budget", "storage"},
    "triggers": {"api", "polling", "drivers", "hooks", "compat", "storage", "journal", "budget"},
    "waiting": {"api", "polling", "hooks", "triggers"},
    "results": {"api", "xcom_keys", "storage", "downloads", "hooks", "ledger", "compat"},
    "plugins": {"api", "xcom_keys", "compat", "texts", "storage", "ledger", "journal", "results"},
    "links": {"api", "compat", "hooks", "ledger", "results", "xcom_keys"},
    "batch": {
        *("api", "polling", "storage", "hooks", "journal", "ledger", "inputs", "submitting", "triggers"),
        *("downloads", "waiting", "results", "retrying", "budget", "xcom_keys"),
    },
    "reviews": {"api", "compat", "texts", "xcom_keys", "storage", "ledger", "results", "batch"},
    "operators": {
        *("api", "hooks", "inputs", "ledger", "submitting", "triggers", "waiting", "results"),
        *("storage", "retrying", "journal", "batch", "budget", "xcom_keys", "links"),
        *("compat", "reviews"),
    },
    "decorators": {"api", "xcom_keys", "retrying", "results", "operators"},
    "sensors": {"api", "polling", "compat", "hooks", "triggers", "waiting", "results", "retrying", "links"},
    "transfers": {"api", "hooks", "inputs", "results", "retrying", "links"},
    "cli": {
        *("api", "compat", "polling", "drivers", "storage", "hooks", "ledger", "journal", "inputs"),
        *("submitting", "waiting", "results", "batch", "budget"),
    },
    "__main__": {"cli"},
}
#: Room -> the only packages outside the standard library that it may import.
OUTSIDE = {
    "api": {"pendulum", "idna"},
    "polling": {"pendulum"},
    "drivers": {"requests", "urllib3", "aiohttp", "certifi", "yarl"},
    "downloads": {"requests", "urllib3", "pendulum"},
    "emulator": {"aiohttp", "PIL", "pytest", "jinja2"},
    "plugins": {"airflow", "fastapi", "sqlalchemy", "jinja2"},
}
MODULES = modules_of(PACKAGE)
#: What no two modules may import in a circle, and what is kept short.
CODE = [PACKAGE, ROOT / "dev", ROOT / "benchmarks"]
HARNESSES = [ROOT / "tests" / "chaos", ROOT / "tests" / "races"]
LONGEST_FILE, LONGEST_BODY = 300, 40


def room_of(module: Path) -> str:
    first = module.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(module):
    room = room_of(module)
    if room == "__init__":
        return
    ours = {name.split(".")[1] for name in imports_of(module) if name.startswith(f"{NAME}.")}
    assert ours & set(ROOMS) - {room} <= ROOMS[room]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_edges_know_the_outside(module):
    room = room_of(module)
    if room not in OUTSIDE:
        return
    assert {name.split(".")[0] for name in outside_of(imports_of(module))} <= OUTSIDE[room]


def last_line_of(code: str, home: Path) -> str:
    """What a fresh interpreter prints last."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(home), "HOME": str(home)},
    )
    return done.stdout.strip().splitlines()[-1]


def test_every_room_is_known():
    assert {room_of(module) for module in MODULES} - {"__init__"} == set(ROOMS)


def test_no_modules_import_each_other_in_a_circle():
    """An import for types counts too: who reads one of the modules has to read the other."""
    modules = {name_of(module): module for module in modules_of(*CODE, *HARNESSES)}
    graph = {name: set(_modules_named(imports_of(path), set(modules))) for name, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def _modules_named(names, modules):
    """Yields the modules among what is imported: `a.b`, if `a.b.c` is a name in it."""
    for name in names:
        yield from [each for each in (name, name.rpartition(".")[0]) if each in modules][:1]


def test_the_picture_shows_every_room():
    assert set(pictured_rooms()) == set(ROOMS)


def test_every_file_that_architecture_names_is_there():
    named = re.findall(r"`([\w.]+/[\w./]*)`", (ROOT / "ARCHITECTURE.md").read_text())
    missing = [name for name in named if not ((PACKAGE / name).exists() or (ROOT / name).exists())]
    assert [name for name in missing if "NEW" not in name] == []


def test_in_the_picture_a_room_imports_only_what_stands_below_it():
    rooms = pictured_rooms()
    up = [
        f"{room} imports {other}"
        for room in rooms
        for other in ROOMS[room]
        if rooms.index(other) < rooms.index(room)
    ]
    assert not up


def pictured_rooms() -> list[str]:
    """The rooms of the file tree in ARCHITECTURE.md, from the top down."""
    tree = (ROOT / "ARCHITECTURE.md").read_text().partition(f"```text\n{NAME}/\n")[2].partition("```")[0]
    return re.findall(r"^  (\w+)(?:/|\.py) ", tree, re.M)


def test_no_file_is_too_long():
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in modules_of(*CODE)}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_too_long():
    """Its docstring is not counted."""
    bodies = [
        (f"{name_of(path)}.{name}", length)
        for path in modules_of(*CODE)
        for name, length in functions_of(path)
    ]
    assert [(name, length) for name, length in bodies if length > LONGEST_BODY] == []


def test_only_compat_asks_which_airflow_this_is():
    asking = [
        module.name
        for module in MODULES
        if "version_compat" in module.read_text() or "AIRFLOW_V_" in module.read_text()
    ]
    assert set(asking) <= {"compat.py"}


@pytest.mark.parametrize(
    "module",
    [
        "airflow_provider_phota.operators.phota",
        "airflow_provider_phota.sensors.phota",
        "airflow_provider_phota.transfers.phota_to_object_storage",
    ],
)
def test_parsing_a_dag_loads_no_http_library(module, tmp_path):
    """Airflow itself may load some: what counts is what the import adds."""
    code = (
        "import sys, airflow; from airflow.providers.common.compat.sdk import BaseOperator, BaseSensorOperator; "
        f"before = set(sys.modules); import {module}; "
        "print(sorted({'requests', 'aiohttp', 'PIL', 'pyarrow', 'fastapi', 'jinja2'} & (set(sys.modules) - before)))"
    )
    assert last_line_of(code, tmp_path) == "[]"


@pytest.mark.parametrize("module", ["operators.phota", "sensors.phota", "batch"])
def test_importing_what_dags_import_loads_none_at_all(module, tmp_path):
    heavy = "{'requests', 'aiohttp', 'PIL', 'pyarrow', 'openlineage', 'fastapi'}"
    code = f"import sys, {NAME}.{module}; print(sorted({heavy} & set(sys.modules)))"
    assert last_line_of(code, tmp_path) == "[]"


def test_only_a_look_at_its_application_loads_the_gallery(tmp_path):
    """Every component of Airflow loads the plugin, and asks for its views or links at most."""
    gallery = f"{NAME}.plugins.gallery"
    code = (
        f"import sys, airflow; from airflow.providers.common.compat.sdk import AirflowPlugin; before = set(sys.modules); "
        f"from {NAME}.plugins.phota import PhotaPlugin; PhotaPlugin().external_views; "
        "seen = set(sys.modules) - before; "
        f"print(sorted(name for name in seen if name == 'fastapi' or name.startswith('{gallery}')))"
    )
    assert last_line_of(code, tmp_path) == "[]"
