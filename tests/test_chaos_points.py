"""The points at which make chaos stops a process are methods of the provider, which can be renamed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("module", ["chaos_points", "chaos_batch_points"])
def test_every_point_of_the_harness_is_there(module, tmp_path):
    """In a process of its own, since the points wrap methods for good."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests/chaos/dags'}", "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}"], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
