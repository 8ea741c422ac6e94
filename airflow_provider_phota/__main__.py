"""Runs the command line: `python -m airflow_provider_phota`."""

from __future__ import annotations

import sys

from airflow_provider_phota.cli.parser import main

if __name__ == "__main__":
    sys.exit(main())
