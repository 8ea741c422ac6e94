"""Makes an item of each picture of a folder or of a pattern."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.bad_rows import NoItems
from airflow_provider_phota.batch.items.listing import files_below, is_hidden
from airflow_provider_phota.batch.items.patterns import Pattern
from airflow_provider_phota.batch.items.rows import KEY, SourceRow
from airflow_provider_phota.storage.paths import Place, as_text, reason_of
from airflow_provider_phota.storage.pictures import INPUT_EXTENSIONS
from airflow_provider_phota.storage.rights import is_denied

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pictures:
    """Is a folder or a pattern. Each picture is a row, whose key is its path below the root.

    Attributes:
        asked: what the user gave.
        pattern: what it means.
        argument: that named it.
        column: the one that names pictures.
    """

    asked: Place
    pattern: Pattern
    argument: str
    column: str

    @property
    def name(self) -> str:
        return shown(self.asked.url)

    @property
    def folder(self) -> Place:
        return self.pattern.root

    def rows(self) -> Iterator[SourceRow]:
        number, others, example = 0, 0, ""
        for path in self._paths():
            if not self.pattern.matches(path):
                continue
            if ends_like_picture(path):
                number += 1
                yield self._row(number, path)
            else:
                others, example = others + 1, example or path
        if others:
            log.warning(
                "%d files of %s do not end like a picture and are left out, such as %s.",
                *(others, self.name, as_text(example)),
            )
        if not number:
            self._refuse_nothing()

    def reads(self, path: str) -> bool:
        """Returns True if a picture at a path below the root would be a row of it."""
        depth = self.pattern.depth
        is_looked_at = not is_hidden(path) and (depth is None or path.count("/") <= depth)
        return is_looked_at and bool(self.pattern.matches(path))

    def _paths(self) -> Iterator[str]:
        with _listing(self.asked, self.argument):
            yield from files_below(self.pattern)

    def _row(self, number: int, path: str) -> SourceRow:
        url = f"{self.pattern.root.url}/{path}"
        return SourceRow(number, {self.column: [url], KEY: path}, where=shown(path))

    def _refuse_nothing(self) -> None:
        ends = ", ".join(f".{extension}" for extension in INPUT_EXTENSIONS)
        deeper = ""
        if self.asked == self.pattern.root:
            deeper = f" For what is in its folders, write {shown(f'{self.asked.url}/**')}."
        raise NoItems(self.argument, f"no file of {self.name} ends in {ends}.{deeper}")


def ends_like_picture(path: str) -> bool:
    """Returns True if the name of a file ends as those of pictures do that the service takes."""
    return path.rpartition(".")[2].lower() in INPUT_EXTENSIONS


@contextmanager
def _listing(place: Place, argument: str) -> Iterator[None]:
    """Explains what goes wrong while a folder is listed."""
    url = shown(place.url)
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        if "bucket does not exist" in str(error):
            raise PhotaInputError(argument, f"{url} names a bucket that does not exist.") from None
        raise NoItems(argument, f"{url} is not there, or is empty.") from None
    except Exception as error:  # of whatever library the store speaks by
        if is_denied(error):
            right = " (s3:ListBucket)" if place.protocol in ("s3", "s3a") else ""
            raise PhotaInputError(
                argument,
                f"{url} cannot be listed: permission denied. Give the role that right{right}, or pass a "
                "manifest.",
            ) from None
        raise PhotaUnreachable(f"{argument}: {url} could not be listed ({reason_of(error)}).") from None
