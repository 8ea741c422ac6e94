"""What the file tree promises: imports run one way, and a DAG file is cheap to parse."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "airflow_provider_phota"
NAME = PACKAGE.name

#: Room -> the rooms it may import from, besides itself.
ROOMS = {
    "api": set(),
    "provider_info": set(),
    "compat": set(),
    "polling": {"api"},
    "drivers": {"api"},
    "storage": {"api"},
    "emulator": {"api"},
    "retrying": {"api"},
    "retry_policy": {"api"},
    "downloads": {"api", "drivers"},
    "hooks": {"api", "drivers", "compat", "provider_info"},
    "ledger": {"api", "storage", "compat"},
    "inputs": {"api", "storage", "downloads", "hooks"},
    "submitting": {"api", "hooks", "ledger", "inputs"},
    "triggers": {"api", "polling", "drivers", "hooks", "compat"},
    "waiting": {"api", "polling", "hooks", "triggers"},
    "results": {"api", "storage", "downloads", "hooks", "ledger"},
    "operators": {
        *("api", "hooks", "inputs", "ledger", "submitting", "triggers", "waiting", "results"),
        *("storage", "retrying"),
    },
    "sensors": {"api", "polling", "compat", "hooks", "triggers", "waiting", "results", "retrying"},
    "transfers": {"api", "hooks", "inputs", "results", "retrying"},
}
#: Room -> the only packages outside the standard library that it may import.
OUTSIDE = {
    "api": {"pendulum", "idna"},
    "polling": {"pendulum"},
    "drivers": {"requests", "urllib3", "aiohttp", "certifi", "yarl"},
    "downloads": {"requests", "urllib3", "pendulum"},
    "emulator": {"aiohttp", "PIL", "pytest", "multidict", "yarl"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: Path) -> str:
    first = module.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports_of(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names.add(node.module)
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(module):
    room = room_of(module)
    if room == "__init__":
        return
    others = {name.split(".")[1] for name in imports_of(module) if name.startswith(f"{NAME}.")}
    assert others - {room} <= ROOMS[room]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_edges_know_the_outside(module):
    room = room_of(module)
    if room not in OUTSIDE:
        return
    outside = {name.split(".")[0] for name in imports_of(module)} - set(sys.stdlib_module_names) - {NAME}
    assert outside <= OUTSIDE[room]


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
        "print(sorted({'requests', 'aiohttp', 'PIL'} & (set(sys.modules) - before)))"
    )
    assert last_line_of(code, tmp_path) == "[]"


@pytest.mark.parametrize("module", ["operators.phota", "sensors.phota"])
def test_importing_operator_and_sensor_loads_none_at_all(module, tmp_path):
    code = f"import sys, {NAME}.{module}; print(sorted({{'requests', 'aiohttp', 'PIL'}} & set(sys.modules)))"
    assert last_line_of(code, tmp_path) == "[]"
