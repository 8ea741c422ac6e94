"""Shows a user's value in an error or a log: short, printable, and without what may be a secret in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from os import PathLike

#: Characters of a value that are shown, and characters of it that are read at all.
_LONGEST = 120
_READ = 10_000
#: Members of a list or a dict that are shown, and how deep.
_MEMBERS = 10
_DEEPEST = 4

#: Parts of a name that a secret is often given under.
_TELLING = (
    r"(?:secret|token|passw(?:or)?d|pwd|signature|sig|credential|(?:access|account|api|private)[_-]?key)"
)
_TELLING_NAME = re.compile(f"(?i){_TELLING}")
_RULES = (
    # user name and password, told from a host and its port: a password may have any character in it
    (re.compile(r"(?s)//(?!\[)[^/\s@]*:(?!\d{1,5}(?:[/?#\s'\"]|$)).*@"), "//"),
    (re.compile(r"(?<![^\s'\"(\[{,])[^/\s@:'\"]+:(?!//)\S*@"), ""),
    # a user name alone
    (re.compile(r"//[^/?#\s@]*@"), "//"),
    # a query, also one in escapes, and the fragment of a URL, up to the end: they may sign
    (re.compile(r"(?is)(\?|%3f).+"), r"\1…"),
    (re.compile(r"(?s)(//[^#]*#).+"), r"\1…"),
    (re.compile(rf"(?i)({_TELLING}[\w-]*['\"]?\s*[=:]\s*)[^\s,;&]+"), r"\1***"),
)


def shown(value: object) -> str:
    """A value as Python writes it, fit for a message.

    Args:
        value: whatever a user gave: a text, bytes, a path, a number, or a list or dict of them.
    """
    return _shortened(_written(value, 0))


def without_secrets(text: str) -> str:
    """A text that may hold URLs, say an error of another library, fit for a message."""
    return _shortened("".join(c if c.isprintable() else " " for c in _stripped(text)))


def _written(value: object, depth: int) -> str:
    if isinstance(value, str):
        return repr(_stripped(value))
    if isinstance(value, bytes):
        return f"b{_stripped(value[:_READ].decode('latin-1'))!r}"
    if isinstance(value, PathLike) or hasattr(type(value), "joinpath"):
        return repr(_stripped(str(value)))
    if isinstance(value, (list, tuple, set, frozenset, Mapping)):
        return _members(value, depth + 1)
    try:
        text = repr(value)
    except Exception:  # of a class of the user's, or a number of too many digits
        text = f"<{type(value).__name__}>"
    return without_secrets(text)


def _members(value: Iterable[object], depth: int) -> str:
    opening, closing = _brackets(value)
    if depth > _DEEPEST:
        return f"{opening}…{closing}"
    words: list[str] = []
    for member in value:
        if len(words) == _MEMBERS:
            words.append("…")
            break
        words.append(_item(value, member, depth) if isinstance(value, Mapping) else _written(member, depth))
    comma = "," if isinstance(value, tuple) and len(words) == 1 else ""
    return f"{opening}{', '.join(words)}{comma}{closing}"


def _brackets(value: Iterable[object]) -> tuple[str, str]:
    if isinstance(value, list):
        return "[", "]"
    return ("(", ")") if isinstance(value, tuple) else ("{", "}")


def _item(value: Mapping[object, object], key: object, depth: int) -> str:
    secret = isinstance(key, str) and _TELLING_NAME.search(key)
    return f"{_written(key, depth)}: {'***' if secret else _written(value[key], depth)}"


def _stripped(text: str) -> str:
    text = text[:_READ]
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def _shortened(text: str) -> str:
    """The beginning and the end, which tell one path from another."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}…{text[1 - half :]}"
