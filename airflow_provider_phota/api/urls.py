"""Writes URLs as browsers send them: spaces and non-ASCII letters are escaped, host names are translated."""

from __future__ import annotations

import re
import string
from urllib.parse import quote, urlsplit

#: Forbidden in URLs: control characters, halves of surrogate pairs, and the backslash, read by some as `/`.
UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\\]")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_IN_A_HOST = re.compile(r"[\s\"<>^`{|}]")
_NUMBER = re.compile(r"[0-9]*|0x[0-9a-f]*", re.IGNORECASE)


def _punctuation_without(escaped: str) -> str:
    return "".join(sorted(set(string.punctuation).difference(escaped)))


#: What is not escaped, besides letters and digits: the complement of the URL Standard's percent-encode sets.
_IN_PATH = _punctuation_without('"#<>?^`{}')
_IN_QUERY = _punctuation_without("\"#<>'")


def as_sent(url: str) -> str:
    """Returns a URL in ASCII. A URL that needs no change is returned as it is, since it may be signed.

    Raises:
        UnicodeError: the host has forbidden characters, or becomes a number once it is translated.
        ValueError: the URL is malformed.
    """
    url = url.strip(" ")
    parts = urlsplit(url)
    sent = parts._replace(
        netloc=_host_in_ascii(parts.netloc),
        path=_escaped(parts.path, _IN_PATH),
        query=_escaped(parts.query, _IN_QUERY),
        fragment=_escaped(parts.fragment, _IN_QUERY),
    )
    return url if sent == parts else sent.geturl()


def header_text(value: str) -> str:
    """Returns the URL in a header, which HTTP libraries read as latin-1 although it is often UTF-8."""
    raw = value.encode("latin-1", "replace")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return quote(raw, safe=string.punctuation + " ")


def _escaped(text: str, kept: str) -> str:
    return quote(_BARE_PERCENT.sub("%25", text), safe=kept)


def _host_in_ascii(netloc: str) -> str:
    if _NOT_IN_A_HOST.search(netloc):
        raise UnicodeError("the host has forbidden characters")
    if netloc.isascii():
        return netloc
    import idna  # noqa: PLC0415  # its tables are large and rarely needed

    user, at, host = netloc.rpartition("@")
    host, colon, port = host.partition(":")
    host = idna.uts46_remap(host, std3_rules=True)
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise UnicodeError("the host is empty or becomes a number")
    return f"{user}{at}{'.'.join(map(_label, host.split('.')))}{colon}{port}"


def _label(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
