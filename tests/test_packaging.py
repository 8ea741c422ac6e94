"""The wheel: built, installed into an empty environment, and known to Airflow there."""

from __future__ import annotations

import re
import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

from airflow_provider_phota import __version__

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "airflow_provider_phota"

pytestmark = pytest.mark.slow


def run(*command: object, **kwargs: object) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **kwargs
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_wheel_holds_the_package_its_types_and_its_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "airflow_provider_phota/py.typed" in names
    front = PACKAGE / "emulator" / "front"
    pages = [path for path in (*front.glob("templates/*"), *front.glob("static/*")) if path.is_file()]
    assert len(pages) >= 5
    assert {str(path.relative_to(ROOT)) for path in pages} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert all(name.startswith(("airflow_provider_phota/", "airflow_provider_phota-")) for name in names)


def test_every_link_of_its_description_leads_to_the_release(wheel):
    files = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in files.namelist() if name.endswith(".dist-info/METADATA"))
    description = files.read(metadata).decode()
    links = re.findall(r"\]\(([^)#]+)", description)  # besides those to a heading of its own
    assert len(links) > 40
    tag = f"/v{__version__}/"
    ours = [link for link in links if "airflow-provider-phota/airflow-provider-phota" in link]
    assert not [link for link in links if not link.startswith("https://")]
    assert len(ours) > 40
    for link in ours:
        assert (ROOT / link.partition(tag)[2]).exists(), link


@pytest.mark.parametrize("extra", ["amazon", "azure", "google", "parquet", "all"])
def test_every_extra_can_be_installed(wheel, tmp_path, extra):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "uv")
    wanted = f"airflow-provider-phota[{extra}] @ {wheel.as_uri()}"
    # which packages they are is decided, but they are not fetched: those of all extras are gigabytes
    said = subprocess.run(
        [python.parent / "uv", "pip", "install", "--dry-run", "--python", python, wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert "airflow-provider-phota" in said.stderr


def test_the_wheel_brings_its_pytest_fixture(wheel):
    files = zipfile.ZipFile(wheel)
    (entry_points,) = (name for name in files.namelist() if name.endswith(".dist-info/entry_points.txt"))
    assert (
        "[pytest11]\nphota_emulator = airflow_provider_phota.emulator.pytest_plugin"
        in files.read(entry_points).decode()
    )


def test_it_works_in_an_empty_environment(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "uv")
    run(
        *(tmp_path / "venv" / "bin" / "uv", "pip", "install", "--quiet", "--python", python),
        *("--constraint", ROOT / "dev" / "constraints-airflow-3.3.txt", wheel),
    )
    env = {"AIRFLOW_HOME": str(tmp_path / "airflow"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    airflow = tmp_path / "venv" / "bin" / "airflow"
    assert "airflow-provider-phota" in run(airflow, "providers", "get", "airflow-provider-phota", env=env)
    assert "PhotaHook" in run(airflow, "providers", "hooks", "--output", "plain", env=env)
    code = "from airflow_provider_phota.operators.phota import PhotaImageEditOperator; print('imported')"
    assert "imported" in run(python, "-c", code, env=env, cwd=tmp_path)
    assert "PHOTA" in run(python, "-m", "pip", "show", "airflow-provider-phota", env=env)
