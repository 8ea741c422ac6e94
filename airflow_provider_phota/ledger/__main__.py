"""Marks a directory as a new, empty ledger: `python -m airflow_provider_phota.ledger begin LEDGER_PATH`."""

from __future__ import annotations

import argparse
import sys

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.ledger.records import UnreadableRecord
from airflow_provider_phota.ledger.roots import Root
from airflow_provider_phota.storage.paths import Place, checked_path


def main(arguments: list[str] | None = None) -> int:
    """Runs the command, and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m airflow_provider_phota.ledger", description=__doc__)
    parser.add_argument("command", choices=["begin"])
    parser.add_argument("ledger_path", help="an existing directory, such as file:///... or s3://bucket/...")
    options = parser.parse_args(arguments)
    try:
        root = Root(Place.of(checked_path("ledger_path", options.ledger_path)))
        is_new = not root.is_begun() and root.begin()
    except (PhotaInputError, UnreadableRecord) as problem:
        parser.error(str(problem))
    sys.stdout.write(f"{root.place.command} is {'now' if is_new else 'already'} a ledger.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
