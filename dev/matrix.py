"""Runs the Airflow suite on each supported version, and prints what came of it: `python -m dev.matrix`.

The list here is the one source of what is supported: the README's table is made from it (`--table`).
`make test-all` runs the suite by it alone: its other commands leave it out.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / ".build"
SUITE = ("tests/airflow",)


@dataclass(frozen=True)
class Supported:
    """Is a version of Airflow that is supported, and how it is tested.

    Attributes:
        minor: such as "3.3". Its constraints are in `dev`.
        venv: folder of its environment.
        tests: what runs on it besides the Airflow suite.
        paths: the tests of the suite on it.
    """

    minor: str
    venv: str
    tests: str
    paths: tuple[str, ...] = SUITE

    @property
    def python(self) -> Path:
        return ROOT / self.venv / "bin" / "python"

    @property
    def airflow(self) -> str:
        """The version that is pinned."""
        pins = (ROOT / "dev" / f"constraints-airflow-{self.minor}.txt").read_text()
        (found,) = re.findall(r"^apache-airflow==(\S+)$", pins, re.MULTILINE)
        return str(found)


VERSIONS = (
    Supported(
        "2.11",
        ".venv-2.11",
        "documentation, links, fault matrix on PostgreSQL",
        (*SUITE, "tests/docs", "tests/emulator/test_emulator_pytest_plugin.py"),
    ),
    Supported("3.1", ".venv-3.1", "pages in a browser"),
    Supported("3.3", ".venv", "everything, fault matrix on PostgreSQL and SQLite, pages in a browser"),
    Supported("3.4", ".venv-3.4", "links, fault matrix on PostgreSQL"),
)
HEAD = "| Airflow | tested with | besides the Airflow suite |\n| --- | --- | --- |\n"


@dataclass(frozen=True)
class Outcome:
    """Says what came of a suite."""

    passed: int
    failed: int
    skipped: int
    minutes: float

    @classmethod
    def of(cls, report: Path, minutes: float) -> Outcome:
        """Reads pytest's report. A run without one has failed."""
        if not report.exists():
            return cls(0, 1, 0, minutes)
        counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
        for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314  # pytest has just written it
            for name in counts:
                counts[name] += int(suite.get(name, 0))
        failed = counts["failures"] + counts["errors"]
        return cls(counts["tests"] - failed - counts["skipped"], failed, counts["skipped"], minutes)


def table() -> str:
    """Returns the table of what is supported, as Markdown."""
    lines = (f"| {each.minor} | {each.airflow} | {each.tests} |" for each in VERSIONS)
    return HEAD + "\n".join(lines) + "\n"


def run(version: Supported, options: Sequence[str]) -> Outcome:
    """Runs the suite on a version."""
    BUILD.mkdir(exist_ok=True)
    report = BUILD / f"matrix-{version.minor}.xml"
    report.unlink(missing_ok=True)
    command = [str(version.python), "-m", "pytest", *options, f"--junitxml={report}", *version.paths]
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=False)
    return Outcome.of(report, (time.monotonic() - began) / 60)


def _python_of(version: Supported) -> str:
    command = [str(version.python), "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.matrix", description=__doc__)
    parser.add_argument("--table", action="store_true", help="only print what is supported")
    parser.add_argument("--only", default="", help="minor versions, separated by commas (default: all)")
    chosen, options = parser.parse_known_args()
    if chosen.table:
        sys.stdout.write(table())
        return 0
    wanted = chosen.only.split(",") if chosen.only else [each.minor for each in VERSIONS]
    lines, sound = [], True
    for version in (each for each in VERSIONS if each.minor in wanted):
        outcome = run(version, options)
        sound = sound and not outcome.failed
        counts = f"{outcome.passed} | {outcome.failed} | {outcome.skipped} | {outcome.minutes:.0f}"
        lines.append(f"| {version.airflow} | {_python_of(version)} | {counts} |")
    head = (
        "| Airflow | Python | passed | failed | skipped | minutes |\n| --- | --- | --- | --- | --- | --- |\n"
    )
    sys.stdout.write(head + "\n".join(lines) + "\n")
    (BUILD / "matrix.md").write_text(head + "\n".join(lines) + "\n")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
