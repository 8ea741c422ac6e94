"""Makes a text fit to be shown to a person. What comes from outside may be long, and written to deceive."""

import re

#: Marks that change the direction of the text around them, and control characters.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SPACES = re.compile(r"[\t\n\r\f\v]+")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def visible(text: str, longest: int = 300) -> str:
    """Returns a text that is at most ``longest`` characters long, and in which nothing is hidden.

    Control characters and marks of direction become their names, such as ``[U+202E]``, so that a text does
    not look like another one. It can be encoded, which half a surrogate pair cannot.
    """
    cut = text[: longest + 1]
    named = _UNSEEN.sub(lambda mark: f"[U+{ord(mark[0]):04X}]", _SPACES.sub(" ", cut))
    shown = named.encode(errors="replace").decode()
    return shown if len(text) <= longest else f"{shown[:longest].rstrip()}…"


def duration(seconds: float) -> str:
    """Returns a duration in its largest whole unit, such as ``3 min``."""
    whole = max(0, int(seconds))
    for size, unit in _UNITS:
        if whole >= size:
            return f"{whole // size} {unit}"
    return "0 s"


def ago(seconds: float) -> str:
    """Returns how long ago something was. The service's clock may have been moved back since."""
    if seconds < -1:
        return f"in {duration(-seconds)}"
    return "just now" if seconds < 1 else f"{duration(seconds)} ago"


def count(number: int, word: str) -> str:
    """Returns a number with its word, such as ``1 task`` or ``2,000 tasks``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
