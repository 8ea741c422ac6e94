"""A small part of `make races` runs, and pays once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_races_on_a_disk_pay_once(tmp_path):
    command = [sys.executable, "-m", "tests.races", "--times", "1", "--ledgers", "file"]
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "table.md")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 races, 0 with two live paid tasks, 0 violations" in done.stdout
