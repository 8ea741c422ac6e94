"""Loops, which Airflow 3.4 and later know: several instances of one task with the same map index."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest
from airflow_runs import run
from packaging.version import Version

pytestmark = [
    pytest.mark.usefixtures("metadata_database"),
    pytest.mark.skipif(
        Version(version("apache-airflow")).release < (3, 4), reason="Airflow 3.4 brings loops"
    ),
]


@pytest.mark.parametrize("kept_in", ["task state", "object storage"])
def test_each_iteration_pays_for_an_edit_of_its_own(emulator, picture_url, tmp_path, monkeypatch, kept_in):
    extra = {"ledger_path": f"file://{tmp_path}"} if kept_in == "object storage" else {}
    connection = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))
    done = run("edit_in_a_loop", image_urls=picture_url)
    assert (done.states["body.one"], done.states["body.many"]) == (["success"] * 2, ["success"] * 4)
    edits = [*done.pushed["body.one", "return_value"], *done.pushed["body.many", "return_value"]]
    assert len(set(edits)) == len(emulator.ledger()) == 6
