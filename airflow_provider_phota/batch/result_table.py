"""Writes rows of results as CSV, which a spreadsheet can open without running what is in it.

An item may have several pictures: `paths`, `sha256`, `bytes`, `width` and `height` are JSON lists in a cell,
also for a single picture. A text that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import json
import re
from typing import IO

from airflow_provider_phota.api.types import PhotaBatchRow, PhotaFile

COLUMNS = (
    *("number", "key", "status", "paths", "sha256", "bytes", "width", "height"),
    *("phota_task_id", "credits", "error", "submitted_at", "ended_at", "same_as", "can_retry"),
    *("cost_usd", "cost_credits", "cost_is_estimate"),
)
#: Where a formula begins: at the start of a cell, or after what some spreadsheets take for the end of one.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"(^|[;|\t\r\n])(?=[=+\-@\t\r\n＝＋－＠])")  # noqa: RUF001  # the wide signs are meant


class Table:
    """Writes rows to a file as CSV, in UTF-8."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._writer = csv.writer(self)  # its ends of lines are CR LF: else it would not quote a CR in a cell
        self._writer.writerow(COLUMNS)

    def add(self, row: PhotaBatchRow) -> None:
        self._writer.writerow(map(_cell, _cells(row)))

    def write(self, text: str) -> None:
        """Takes a line from the CSV writer."""
        self._file.write(text.encode(errors="backslashreplace"))


def _cells(row: PhotaBatchRow) -> tuple[object, ...]:
    files = row["files"]
    return (
        row["number"],
        row["key"],
        row["status"],
        *(_column(files, name) for name in ("path", "sha256", "bytes", "width", "height")),
        row["phota_task_id"],
        row["credits"],
        row["error"],
        row["submitted_at"],
        row["ended_at"],
        row["same_as"],
        row["can_retry"],
        row["cost"]["usd"],
        row["cost"]["credits"],
        row["cost"]["is_estimate"],
    )


def _column(files: list[PhotaFile], name: str) -> str | None:
    """Returns a field of all files in one cell; the cell is empty if there are no files."""
    values = [dict(file)[name] for file in files]
    return json.dumps(values, ensure_ascii=False) if values else None


def _cell(value: object) -> object:
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value
