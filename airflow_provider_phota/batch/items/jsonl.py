"""Reads a manifest of JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.lines import Line, lines_of
from airflow_provider_phota.batch.items.rows import SourceRow, place_of
from airflow_provider_phota.storage.paths import Place


@dataclass(frozen=True)
class JsonLines:
    """Is a manifest whose lines are JSON objects. Empty lines are left out.

    Attributes:
        place: of the file.
        argument: that named it.
    """

    place: Place
    argument: str

    @property
    def name(self) -> str:
        return shown(self.place.url)

    @property
    def folder(self) -> Place:
        return self.place.parent

    def rows(self) -> Iterator[SourceRow]:
        number = 0
        for line in lines_of(self.place, self.argument):
            if line.fault or line.content.strip():
                number += 1
                yield _row(number, line)


def _row(number: int, line: Line) -> SourceRow:
    where = place_of(number, line.number)
    if line.fault:
        return SourceRow(number, where=where, fault=line.fault)
    try:
        return SourceRow(number, parsed_object(line.content), where)
    except ValueError as error:
        return SourceRow(number, where=where, fault=_fault_of(error))


def _fault_of(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "has bytes in it that are not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON ({error.msg} at column {error.colno})"
    return str(error)


def parsed_object(content: bytes) -> dict[str, object]:
    """Returns the fields of a JSON object.

    Raises:
        ValueError: It is not one, or not one that means the same to every reader.
    """
    value = parsed_json(content.decode())
    if not isinstance(value, dict):
        raise ValueError(f"is not a JSON object, but {shown(value)}")
    return value


def parsed_json(text: str) -> object:
    """Returns the value of a JSON text.

    Raises:
        ValueError: It is not JSON, or it has a name twice or NaN in it.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"has {shown(twice)} twice")
    return fields


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"has {constant} in it, which is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
