"""Finds Chromium on this machine, and installs Debian's if there is none: ``python -m dev.chromium``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

#: Another browser than the one that is found: the path of a Chromium or Chrome.
VARIABLE = "PHOTA_BROWSER"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Without fonts a page has no letters.
_PACKAGES = ("chromium", "fonts-inter", "fonts-jetbrains-mono", "fonts-dejavu-core")
_ADVICE = f"Install Chromium, or name a browser that is installed: {VARIABLE}=/path/to/chrome"


def find() -> str | None:
    """Returns the path of the browser, or None if there is none."""
    named = os.environ.get(VARIABLE)
    return next(filter(None, map(shutil.which, [named] if named else _NAMES)), None)


def main() -> int:
    """Installs the browser if it is missing, and returns the exit code."""
    if find():
        return 0
    if os.environ.get(VARIABLE) or not shutil.which("apt-get"):
        print(f"There is no browser. {_ADVICE}", file=sys.stderr)
        return 1
    print("Installing Chromium ...", flush=True)
    root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        _run([*root, "apt-get", "update", "-qq"], env)
        _run([*root, "apt-get", "install", "-qq", "--yes", "--no-install-recommends", *_PACKAGES], env)
    except (OSError, subprocess.CalledProcessError) as failure:
        print(f"Chromium cannot be installed: {failure}\n{_ADVICE}", file=sys.stderr)
        return 1
    return 0


def _run(command: list[str], env: dict[str, str]) -> None:
    subprocess.run(command, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
