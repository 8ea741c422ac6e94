"""Reads a manifest in Parquet, a few rows at a time. It needs pyarrow, which is an extra of this package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.rows import MOST_BYTES, SourceRow
from airflow_provider_phota.inputs.sources import reading
from airflow_provider_phota.storage.drafts import open_for_streaming
from airflow_provider_phota.storage.paths import Place

#: Rows that are in memory at once.
_BATCH = 200
#: Bytes that are fetched at once.
_BUFFER = 1024 * 1024


@dataclass(frozen=True)
class ParquetRows:
    """Is a manifest whose values have types. A null is not given.

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
        with reading(self.place, self.argument), open_for_streaming(self.place) as file:
            for values in self._values(file):
                number += 1
                yield _row(number, values)

    def _values(self, file: IO[bytes]) -> Iterator[Mapping[str, object]]:
        parquet, arrow_error = self._pyarrow()
        try:
            opened = parquet.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
            for batch in opened.iter_batches(batch_size=_BATCH, use_threads=False):
                yield from batch.to_pylist()
        except (arrow_error, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # it is the store's, not pyarrow's
                raise
            raise PhotaInputError(
                self.argument,
                f"{self.name} is not a Parquet file, or it is damaged ({type(error).__name__}).",
            ) from None

    def _pyarrow(self) -> tuple[Any, type[Exception]]:
        try:
            import pyarrow  # noqa: PLC0415  # it is an extra, and takes a second to load
            from pyarrow import parquet  # noqa: PLC0415
        except ImportError:
            raise PhotaInputError(
                self.argument,
                f"{self.name} needs pyarrow where tasks run: pip install 'airflow-provider-phota[parquet]'.",
            ) from None
        return parquet, pyarrow.ArrowException


def _row(number: int, values: Mapping[str, object]) -> SourceRow:
    if sum(map(_length, values.values())) > MOST_BYTES:
        return SourceRow(number, fault=f"has more than {MOST_BYTES} bytes")
    return SourceRow(number, {name: _whole(name, value) for name, value in values.items()})


def _length(value: object) -> int:
    if isinstance(value, (str, bytes)):
        return len(value)
    return sum(map(_length, value)) if isinstance(value, list) else 8


def _whole(name: str, value: object) -> object:
    """Returns a number as the int it was before a table with nulls in it made it a float."""
    is_whole = name == "num_outputs" and isinstance(value, float) and value.is_integer()
    return int(value) if is_whole and isinstance(value, float) else value
