"""`python -m airflow_provider_phota.ledger begin LEDGER_PATH`: says that a place is a new, empty ledger."""

from __future__ import annotations

import argparse
import sys

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.ledger.records import UnreadableRecord
from airflow_provider_phota.ledger.roots import Root
from airflow_provider_phota.storage.paths import Place, checked_path


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m airflow_provider_phota.ledger", description=__doc__)
    parser.add_argument("command", choices=["begin"])
    parser.add_argument(
        "ledger_path", help="a directory that exists, as file:///..., s3://bucket/... and so on"
    )
    asked = parser.parse_args(arguments)
    try:
        root = Root(Place.of(checked_path("ledger_path", asked.ledger_path)))
        begun = not root.is_begun() and root.begin()
    except (PhotaInputError, UnreadableRecord) as problem:
        parser.error(str(problem))
    sys.stdout.write(f"{root.place.command} is {'now' if begun else 'already'} a ledger.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
