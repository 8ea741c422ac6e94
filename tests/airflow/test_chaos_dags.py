"""The DAGs of `make chaos` name functions of the package in which a process is stopped: they are still there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "tests" / "chaos" / "dags"


def test_what_chaos_stops_at_is_there(metadata_database):
    names = ", ".join(sorted(path.stem for path in DAGS.glob("*.py")))
    run = subprocess.run(
        [sys.executable, "-c", f"import {names}"],
        cwd=DAGS,
        env={**os.environ, "CHAOS_ROOT": str(ROOT), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
