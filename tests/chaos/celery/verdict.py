"""Checks what is special here: each edit ends once, its pictures are there, and the key is nowhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from dev.airflow_api import RUN_IS_OVER
from tests.chaos.celery.run import CeleryRun
from tests.chaos.evidence import Evidence
from tests.chaos.laboratory import patiently
from tests.chaos.verdict import violations


def violations_of_edits(run: CeleryRun, evidence: Evidence) -> Iterator[str]:
    """Yields every violation of the single edits of a row, in words."""
    yield from violations(evidence)
    for edit in evidence.edits:
        if edit.state not in RUN_IS_OVER:
            yield f"edit {edit.map_index} is {edit.state} in the end"
        if edit.state == "success" and not edit.delivered:
            yield f"edit {edit.map_index} ended well, and delivered nothing"
        if edit.delivered:
            yield from _wrong_files(run, edit.map_index)


def _wrong_files(run: CeleryRun, map_index: int) -> Iterator[str]:
    single, place = run.single, run.lab.landings
    result: Any = patiently(
        lambda: run.lab.airflow.xcom(single.dag_id, single.run_id, "edit", map_index=map_index)
    )
    if len(result["files"]) != 1:
        yield f"edit {map_index} has {len(result['files'])} files"
    for file in result["files"]:
        try:
            content = place.read(file["path"].removeprefix(f"{place.url}/"))
        except FileNotFoundError:
            yield f"{file['path']} is not there"
            continue
        if hashlib.sha256(content).hexdigest() != file["sha256"]:
            yield f"{file['path']} is not what the result says: {len(content)} bytes"
