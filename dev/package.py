"""Builds what is published, and checks it: `python -m dev.package`, or `make package`.

The tools come into an environment of their own, so that they do not decide what the tests run with.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
TOOLS = ROOT / ".build" / "package-tools"


def main() -> int:
    shutil.rmtree(DIST, ignore_errors=True)
    python = _tools()
    files = build(python, DIST)
    with tempfile.TemporaryDirectory() as again:
        _compare(files, build(python, Path(again)))
    _run(python, "-m", "twine", "check", "--strict", *files)
    _run(python, "-m", "check_wheel_contents", *(file for file in files if file.suffix == ".whl"))
    _write_sbom(python)
    sys.stdout.write("".join(f"{file.relative_to(ROOT)}\n" for file in sorted(DIST.iterdir())))
    return 0


def build(python: Path, folder: Path) -> list[Path]:
    """Builds the source distribution and, from it, the wheel. Returns their paths."""
    date = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=False, capture_output=True, text=True
    ).stdout.strip()
    # the date of the commit, so that the same commit gives the same bytes
    environment = {**os.environ, **({"SOURCE_DATE_EPOCH": date} if date else {})}
    subprocess.run(
        [python, "-m", "build", "--outdir", folder, ROOT], check=True, capture_output=True, env=environment
    )
    return sorted(folder.iterdir())


def _tools() -> Path:
    python = TOOLS / "bin" / "python"
    if not python.exists():
        venv.create(TOOLS, with_pip=True)
        _run(
            *(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("build", "twine", "check-wheel-contents", "cyclonedx-bom"),
        )
    return python


def _compare(files: list[Path], again: list[Path]) -> None:
    for one, other in zip(files, again, strict=True):
        if one.read_bytes() != other.read_bytes():
            raise SystemExit(f"{one.name} is not reproducible: a second build has other bytes.")


def _write_sbom(python: Path) -> None:
    """Lists the dependencies that the tests have run with."""
    environment = ROOT / ".venv" / "bin" / "python"
    _run(
        *(python, "-m", "cyclonedx_py", "environment", "--output-reproducible"),
        *("--pyproject", ROOT / "pyproject.toml", "--output-file", DIST / "sbom.cdx.json", environment),
    )


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
