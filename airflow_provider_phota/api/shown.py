"""Shows a user's value in an error or a log: short, printable, and without what may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from os import PathLike

#: Characters of a value that are shown, and characters that are read at all.
_LONGEST = 120
_READ = 10_000
#: Members of a list or a dict that are shown, and levels of nested ones.
_MEMBERS = 10
_DEEPEST = 4

#: Parts of names under which secrets are often given.
_SENSITIVE_WORDS = (
    r"(?:secret|token|passw(?:or)?d|pwd|signature|sig|credential|(?:access|account|api|private)[_-]?key)"
)
_SENSITIVE_NAME = re.compile(f"(?i){_SENSITIVE_WORDS}")
#: What is replaced in a text, and by what.
_RULES = (
    # user name and password, but not a host and its port: a password may have any character
    (re.compile(r"(?s)//(?!\[)[^/\s@]*:(?!\d{1,5}(?:[/?#\s'\"]|$)).*@"), "//"),
    (re.compile(r"(?<![^\s'\"(\[{,])[^/\s@:'\"]+:(?!//)\S*@"), ""),
    # a user name alone
    (re.compile(r"//[^/?#\s@]*@"), "//"),
    # the query of a URL, also an escaped one, and its fragment, up to the end: they may hold a signature
    (re.compile(r"(?is)(\?|%3f).+"), r"\1…"),
    (re.compile(r"(?s)(//[^#]*#).+"), r"\1…"),
    (re.compile(rf"(?i)({_SENSITIVE_WORDS}[\w-]*['\"]?\s*[=:]\s*)[^\s,;&]+"), r"\1***"),
)


def shown(value: object) -> str:
    """Returns a value as Python writes it, fit for a message.

    Args:
        value: whatever a user gave: a text, bytes, a path, a number, or a list or dict of them.
    """
    return _shortened(_as_python(value, 0))


def without_secrets(text: str) -> str:
    """Returns a text, such as the error of another library, fit for a message."""
    return _shortened("".join(c if c.isprintable() else " " for c in _hide_secrets(text)))


def _as_python(value: object, depth: int) -> str:
    if isinstance(value, str):
        return repr(_hide_secrets(value))
    if isinstance(value, bytes):
        return f"b{_hide_secrets(value[:_READ].decode('latin-1'))!r}"
    if isinstance(value, PathLike) or hasattr(type(value), "joinpath"):
        return repr(_hide_secrets(str(value)))
    if isinstance(value, (list, tuple, set, frozenset, Mapping)):
        return _members(value, depth + 1)
    try:
        text = repr(value)
    except Exception:  # raised by a class of the user's, or by an int with too many digits
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
        words.append(_item(value, member, depth) if isinstance(value, Mapping) else _as_python(member, depth))
    comma = "," if isinstance(value, tuple) and len(words) == 1 else ""
    return f"{opening}{', '.join(words)}{comma}{closing}"


def _brackets(value: Iterable[object]) -> tuple[str, str]:
    if isinstance(value, list):
        return "[", "]"
    return ("(", ")") if isinstance(value, tuple) else ("{", "}")


def _item(value: Mapping[object, object], key: object, depth: int) -> str:
    secret = isinstance(key, str) and _SENSITIVE_NAME.search(key)
    return f"{_as_python(key, depth)}: {'***' if secret else _as_python(value[key], depth)}"


def _hide_secrets(text: str) -> str:
    text = text[:_READ]
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def _shortened(text: str) -> str:
    """Keeps the beginning and the end of a long text, which are what distinguishes paths."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}…{text[1 - half :]}"
