"""URLs as browsers send them: spaces and letters beyond ASCII are escaped, host names are translated."""

from __future__ import annotations

import re
import string
from urllib.parse import quote, urlsplit

#: What no URL has: control characters, halves of surrogate pairs, and what some take for a slash.
UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\\]")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NO_HOST = re.compile(r"[\s\"<>^`{|}]")
_NO_NAME = re.compile(r"[0-9]*|0x[0-9a-f]*", re.IGNORECASE)


def _kept(*but: str) -> str:
    return "".join(sorted(set(string.punctuation).difference(*but)))


#: The URL Standard's percent-encode sets, turned around: what stays as it is besides letters and digits.
_IN_PATH = _kept('"#<>?^`{}')
_IN_QUERY = _kept("\"#<>'")


def as_sent(url: str) -> str:
    """A URL in ASCII; one that is in order already comes back as it is, since it may be signed.

    Raises:
        UnicodeError: its host has characters that none has, or is a number in disguise.
        ValueError: it is malformed.
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
    """A header that holds a URL, which HTTP libraries read as latin-1, though it may be UTF-8 or anything."""
    raw = value.encode("latin-1", "replace")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return quote(raw, safe=string.punctuation + " ")


def _escaped(text: str, kept: str) -> str:
    return quote(_BARE_PERCENT.sub("%25", text), safe=kept)


def _host_in_ascii(netloc: str) -> str:
    if _NO_HOST.search(netloc):
        raise UnicodeError("no host has these characters")
    if netloc.isascii():
        return netloc
    import idna  # noqa: PLC0415  # its tables are large, and hardly ever needed

    user, at, host = netloc.rpartition("@")
    host, colon, port = host.partition(":")
    host = idna.uts46_remap(host, std3_rules=True)
    if _NO_NAME.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise UnicodeError("nothing, or a number in disguise")
    return f"{user}{at}{'.'.join(map(_label, host.split('.')))}{colon}{port}"


def _label(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
