"""Shows what a command found: tables for people, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import IO, Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

#: Columns of a table that goes into a file or a pipe, so that its lines are not folded.
_WIDE = 250


class Exit(IntEnum):
    """Is the exit code of a command, which says what is paid."""

    #: it did what it should
    DONE = 0
    #: it failed, and it has paid for nothing
    FAILED = 1
    #: an argument is wrong, and nothing was done
    BAD_INPUT = 2
    #: a PHOTA task may have been created and billed, and its ID is not known
    MAYBE_PAID = 3
    #: a PHOTA task is billed, and its result is not here
    PAID = 4
    #: Ctrl-C
    INTERRUPTED = 130


@dataclass(frozen=True)
class Report:
    """Is what a command found.

    Attributes:
        data: for `--json`.
        shown: the same for people.
        is_error: True if people read it on the standard error.
    """

    data: Any
    shown: Sequence[RenderableType]
    code: Exit = Exit.DONE
    is_error: bool = False


def console(stream: IO[str]) -> Console:
    """Returns a console that takes all text as it is: what is in brackets is not markup."""
    width = None if stream.isatty() else _WIDE
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """Returns a table; columns whose name begins with `>` are aligned to the right."""
    columns = list(columns)
    made = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        name = column.lstrip(">")
        made.add_column(name, justify="right" if name != column else "left", overflow="fold")
    for row in rows:
        made.add_row(*(_cell(each) for each in row))
    return made


def show(report: Report, stream: IO[str], *, as_json: bool) -> None:
    """Writes a report."""
    if as_json:
        stream.write(f"{json.dumps(report.data, indent=2)}\n")
        return
    out = console(sys.stderr if report.is_error else stream)
    for each in report.shown:
        out.print(each, soft_wrap=isinstance(each, str))


def say(text: str) -> None:
    """Tells people something at once, also if the output is JSON."""
    console(sys.stderr).print(text, soft_wrap=True)


def _cell(value: object) -> RenderableType:
    return value if isinstance(value, Text) else "" if value is None else str(value)


def usd_text(usd: Decimal | None) -> str:
    """Returns an amount as people write it; empty if it is not known."""
    return "" if usd is None else f"{usd.normalize():f}"
