"""Writes what became of each item of a batch as `results.jsonl` and `results.csv`, and reads the former back.

Both have one row an item, in the order of the items. `results.jsonl` is for programs and has a list of files
in each row. `results.csv` is for people: see `result_table`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, cast

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.errors import PhotaInputError, PhotaLedgerError
from airflow_provider_phota.api.types import PhotaBatchRow
from airflow_provider_phota.batch.result_table import Table
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.storage.drafts import new_draft, open_for_streaming
from airflow_provider_phota.storage.paths import Place, checked_path
from airflow_provider_phota.storage.rights import Right, explain

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath


@dataclass
class Written:
    """Counts the rows of results that are written.

    Attributes:
        results: the path of `results.jsonl`, as a URL of the store.
        results_csv: the path of `results.csv`.
        counts: how many items ended how.
        phota_task_ids: the paid tasks that the rows name. Rows that share a task name it once.
        credits: what they cost, as far as the service said.
        not_home: how many rows have a paid task that may land in another attempt.
        superseded: the paid tasks of rows whose items are not in the plan any more.
        doubtful_costs: of the items of which it is not known whether they were paid for.
    """

    results: str
    results_csv: str
    counts: Counter[Status] = field(default_factory=Counter)
    phota_task_ids: set[str] = field(default_factory=set)
    credits: float = 0.0
    not_home: int = 0
    superseded: set[str] = field(default_factory=set)
    doubtful_costs: list[Cost] = field(default_factory=list)
    _counted: set[str | None] = field(default_factory=set)

    @property
    def total(self) -> int:
        return self.counts.total()

    def add(self, row: PhotaBatchRow) -> None:
        self.counts[Status(row["status"])] += 1
        paid, cost = row["phota_task_id"], row["credits"]
        if paid:
            self.phota_task_ids.add(paid)
            self.not_home += row["can_retry"]
        elif row["status"] == Status.AMBIGUOUS.value:
            self.doubtful_costs.append(Cost.from_dict(row["cost"]))
        if cost is not None and row["same_as"] is None and paid not in self._counted:
            self.credits += cost
            self._counted.add(paid)


def write_results(
    rows: Iterable[Row], items: Iterable[tuple[int, str]], folder: Place, name: str = "results"
) -> Written:
    """Writes both files; each gets its name once it is whole, `results.jsonl` last.

    Rows may be as many as you like: they are kept in a file without a name, and only their keys in memory.

    Args:
        rows: what became of the items, in any order, at most one for each key. The journal has old numbers if
            the source was read again since; they are replaced.
        items: the number and the key of each item of the plan. One without a row was not sent.
        folder: where the files go.
        name: of the files, without their extensions.

    Returns:
        What was counted.

    Raises:
        PhotaLedgerError: Two rows have one key, or the files cannot be written.
    """
    lines, table = folder / f"{name}.jsonl", folder / f"{name}.csv"
    with TemporaryFile() as spool:
        offsets = _spooled(rows, spool)
        try:
            return _write(spool, offsets, items, lines, table)
        except PhotaLedgerError:
            raise
        except Exception as error:  # of whatever library the store speaks by
            raise PhotaLedgerError(
                f"The results of this batch could not be written ({explain(error, lines, Right.REPLACE)}).\n"
                f"{folder} has the pictures that have landed, and the journal says what is paid for.\n"
                "A retry writes the results again from the journal, and pays for nothing twice."
            ) from None


def read_results(results: str | ObjectStoragePath) -> Iterator[PhotaBatchRow]:
    """Yields the rows of a `results.jsonl`, one after the other, so that any number fits in memory.

    Args:
        results: its path, such as `summary["results"]` of the dict that a batch operator returns.

    Raises:
        PhotaInputError: It is not the path of such a file.
    """
    place = Place.of(checked_path("results", results))
    if not place.name.endswith(".jsonl"):
        raise PhotaInputError("results", f"must be the path of a results.jsonl, got {place}.")
    try:
        file = open_for_streaming(place)
    except FileNotFoundError:
        raise PhotaInputError("results", f"there is no file {place}.") from None
    with file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                Status(row["status"])
            except (ValueError, KeyError, TypeError):
                raise PhotaInputError(
                    "results", f"line {number} of {place} is not a row of results."
                ) from None
            yield cast("PhotaBatchRow", row)


def _spooled(rows: Iterable[Row], spool: IO[bytes]) -> dict[str, int]:
    """Puts rows aside, and returns where the row of each key is."""
    offsets: dict[str, int] = {}
    for row in rows:
        if row.key in offsets:
            raise PhotaLedgerError(
                f"The journal of this batch has two rows for the item {row.key!r}. No results were written.\n"
                "The journal says what is paid for. Keep it, and report this."
            )
        offsets[row.key] = spool.tell()
        spool.write(_encoded(to_line(row)))
    return offsets


def _write(
    spool: IO[bytes], offsets: dict[str, int], items: Iterable[tuple[int, str]], lines: Place, table: Place
) -> Written:
    written = Written(lines.url, table.url)
    with new_draft(lines) as lines_draft, new_draft(table) as table_draft:
        csv = Table(table_draft.file)
        for number, key in items:
            row = _row_of(spool, offsets.pop(key, None), number, key)
            lines_draft.file.write(_encoded(row))
            csv.add(row)
            written.add(row)
        for offset in offsets.values():
            if paid := _row_at(spool, offset)["phota_task_id"]:
                written.superseded.add(paid)
        table_draft.publish(table, "text/csv")
        lines_draft.publish(lines, "application/x-ndjson")
    return written


def _row_of(spool: IO[bytes], offset: int | None, number: int, key: str) -> PhotaBatchRow:
    if offset is None:
        return to_line(Row(number, key, Status.NOT_SENT))
    row = _row_at(spool, offset)
    row["number"] = number
    return row


def _row_at(spool: IO[bytes], offset: int) -> PhotaBatchRow:
    spool.seek(offset)
    return cast("PhotaBatchRow", json.loads(spool.readline()))


def _encoded(row: PhotaBatchRow) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def to_line(row: Row) -> PhotaBatchRow:
    """Returns a row as `results.jsonl` has it."""
    return cast(
        "PhotaBatchRow",
        {**row.to_dict(), "submitted_at": _moment(row.submitted_at), "ended_at": _moment(row.ended_at)},
    )


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
