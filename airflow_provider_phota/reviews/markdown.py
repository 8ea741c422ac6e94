"""Writes tables for Airflow's page of required actions. Whatever others have written in them stays words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from airflow_provider_phota.texts import visible

#: What has a meaning in Markdown or HTML, anywhere in a line.
_MARKS = re.compile(r"[\\`*_{}\[\]<>#|~&$^=!]")
#: Where a renderer finds an address in plain text, and makes a link of it.
_ADDRESSES = re.compile(r"(?i)(https?:|ftp:|mailto:|xmpp:|www(?=\.)|@)")
#: Cannot be seen, and no line breaks at it: it keeps an address from being one.
_JOINER = "\u2060"


def escaped(text: str, longest: int = 300) -> str:
    """Returns a text of anybody's on one line, in which nothing is a mark, a link or HTML.

    Args:
        text: as it was written.
        longest: characters of it that are kept.
    """
    words = _ADDRESSES.sub(rf"\1{_JOINER}", visible(text, longest))
    return _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", words)


def image(description: str, url: str) -> str:
    """Returns a picture.

    Args:
        description: for those who cannot see it, in words of ours.
        url: of ours, in which everything is quoted.
    """
    return f"![{description}]({url})"


def link(words: str, url: str) -> str:
    """Returns a link, with words and a URL of ours."""
    return f"[{words}]({url})"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Returns a table, whose cells are escaped already."""
    titles = list(header)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
