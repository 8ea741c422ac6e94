"""`init`: a first DAG, its test, a connection and a picture. `tests/test_new_user.py` runs them."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from airflow_provider_phota.cli.parser import main

FILES = [
    "conftest.py",
    "dags/phota_first_edit.py",
    "phota-first-edit/picture.png",
    "phota.env",
    "tests/test_phota_first_edit.py",
]


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_it_writes_a_project_and_says_what_to_do_next(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert files_in(tmp_path) == FILES
    Image.open(tmp_path / "phota-first-edit" / "picture.png").verify()
    compile((tmp_path / "dags" / "phota_first_edit.py").read_text(), "dag", "exec")
    said = capsys.readouterr().out
    assert "\n   airflow dags test phota_first_edit\n" in said
    assert "\n   cd " not in said


def test_it_replaces_nothing(tmp_path, capsys):
    (tmp_path / "conftest.py").write_text("mine = True\n")
    assert main(["init", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["kept"] == ["conftest.py"]
    assert sorted([*report["written"], "conftest.py"]) == FILES
    assert (tmp_path / "conftest.py").read_text() == "mine = True\n"
    assert main(["init", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == []


def test_a_folder_that_is_not_here_is_made_and_named_first(tmp_path, capsys):
    assert main(["init", str(tmp_path / "a new one")]) == 0
    assert f"\n   cd '{tmp_path / 'a new one'}'\n" in capsys.readouterr().out
    assert files_in(tmp_path / "a new one") == FILES


@pytest.mark.parametrize("in_the_way", ["dags", "phota.env/x", "."])
def test_what_cannot_be_written_is_named(tmp_path, capsys, in_the_way):
    project = tmp_path / "project"
    if in_the_way == ".":
        project.write_text("")
    elif in_the_way == "dags":
        project.mkdir()
        (project / "dags").write_text("")
    else:
        (project / in_the_way).mkdir(parents=True)
    assert main(["init", str(project)]) == 1
    assert "could not be written" in capsys.readouterr().err
