"""Names the files of an item by a template, and refuses a template by which two items share a file."""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.keys import fields_of, without_extension
from airflow_provider_phota.results.names import Names
from airflow_provider_phota.results.options import check_index

#: `{key}` is without the extension of its picture here, since each result brings its own.
USUAL_NAMES = "{key}-{index}"
#: Fields that are known once the item is paid for; they are left for `Names` to fill.
_LATER = frozenset({"index", "phota_task_id"})
_NOW = frozenset({"key", "name", "stem", "parent"})
#: As long as the IDs that the vendor shows.
_TYPICAL_ID = "t" * 35
_OTHER_NAMES = "{parent}/{name}-{index}"


@dataclass(frozen=True, slots=True)
class _Piece:
    """Is a text of the template, escaped, and the field after it."""

    text: str
    field: str | None
    written: str


def checked_filename(template: object) -> str:
    """Returns the template by which files are named, without an extension.

    Raises:
        PhotaInputError: It is not a template, or it has unknown fields.
    """
    if template is None:
        return USUAL_NAMES
    if not isinstance(template, str):
        raise PhotaInputError("filename", f"must be a string, got {shown(template)}.")
    pieces = _pieces(template)
    if not {piece.field for piece in pieces} & (_NOW | {"phota_task_id"}):
        raise PhotaInputError(
            "filename", f"needs {{key}} or another field by which items differ, got {shown(template)}."
        )
    if re.search(r"}\{index", template):
        raise PhotaInputError(
            "filename", f"needs a character such as - between a field and {{index}}, got {shown(template)}."
        )
    Names.checked(_filled(template, "folder/item"))
    return template


def landing_stem(template: str, item: Item) -> str:
    """Returns the template of one item's files, which has no fields but `{index}` and `{phota_task_id}`.

    Args:
        template: with the fields `{key}` (without the extension of a picture), `{name}`, `{stem}`,
            `{parent}`, `{index}` and `{phota_task_id}`.
        item: whose key fills them.
    """
    return _filled(template, item.key)


def check_can_land(stem: str, item: Item) -> None:
    """Refuses an item whose files cannot have their names.

    Args:
        stem: the template of the item's files.
        item: the item itself.

    Raises:
        PhotaInputError: A name is too long or not printable, or several pictures share it.
    """
    names = Names(stem)
    check_index(names, item.order.outputs)
    names.stem(_TYPICAL_ID, max(item.order.outputs - 1, 0))


def is_fixed(template: str) -> bool:
    """Returns True if names do not depend on the paid task, so that two items may share one."""
    return all(piece.field != "phota_task_id" for piece in _pieces(template))


def collision(template: str, stem: str, other: int) -> PhotaInputError:
    """Returns the error about an item whose files would be another item's.

    Args:
        template: by which they are named.
        stem: that both items have.
        other: the number of the other item.
    """
    other_names = f'use filename="{_OTHER_NAMES}", or ' if template != _OTHER_NAMES else ""
    return PhotaInputError(
        "filename",
        f"names its files {shown(stem)}, as it does those of row {other}: {other_names}give other keys.",
    )


def _filled(template: str, key: str) -> str:
    values = {**fields_of(key), "key": without_extension(key)}
    texts: list[str] = []
    for piece in _pieces(template):
        value = piece.written if piece.field not in values else _escaped(_printable(values[piece.field]))
        texts += (piece.text, value)
    name = "".join(texts)
    # a key without a folder has no parent
    return name if values["parent"] else name.removeprefix("/").replace("//", "/")


@lru_cache(maxsize=16)
def _pieces(template: str) -> tuple[_Piece, ...]:
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError:
        raise _unknown(template) from None
    pieces = []
    for text, field, spec, conversion in parsed:
        known = field is None or field in _NOW | _LATER
        if not known or conversion or (spec and field != "index"):
            raise _unknown(template)
        written = "" if field is None else "{" + field + (f":{spec}" if spec else "") + "}"
        pieces.append(_Piece(_escaped(text), field, written))
    return tuple(pieces)


def _unknown(template: str) -> PhotaInputError:
    return PhotaInputError(
        "filename",
        f"may have the fields {', '.join(sorted(_NOW | _LATER))} in braces, got {shown(template)}.",
    )


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _printable(text: str) -> str:
    """Returns a name without what is invisible in it, such as the narrow space of a screenshot's name."""
    if text.isprintable():
        return text
    kinds = ((char, unicodedata.category(char)) for char in text)
    return "".join(" " if kind == "Zs" else char for char, kind in kinds if kind != "Cf")
