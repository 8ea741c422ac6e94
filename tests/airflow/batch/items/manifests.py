"""Writes the same rows as a manifest of each kind."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

import pyarrow as pa
from pyarrow import parquet

KINDS = ("jsonl", "csv", "parquet")


def written(kind: str, rows: Sequence[dict[str, object]]) -> bytes:
    """Returns the bytes of a manifest."""
    return {"jsonl": _json_lines, "csv": _csv, "parquet": _parquet}[kind](rows)


def _json_lines(rows):
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def _csv(rows):
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _cell(value):
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def _parquet(rows):
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.table({name: [row.get(name) for row in rows] for name in columns})
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()
