"""What has landed, without the small copies that are made of it for people to look at."""

from __future__ import annotations

from pathlib import Path

from airflow_provider_phota.results.cards import CARDS_FOLDER


def paths_below(folder: Path) -> list[str]:
    """Paths below a folder, sorted."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if CARDS_FOLDER not in path.parts)


def names_below(folder: Path) -> list[str]:
    """Names of files below a folder, sorted."""
    return sorted(path.rpartition("/")[2] for path in paths_below(folder))
