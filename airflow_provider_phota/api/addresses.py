"""Which result URLs and network addresses may be fetched from: a URL in an answer is input, not a promise.

An address outside the public internet is fetched from only if the connection's own host has one of the same
kind, as with the emulator on loopback, or a gateway on a network of one's own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from enum import Enum
from urllib.parse import SplitResult, urlsplit

from airflow_provider_phota.api.urls import UNUSABLE, as_sent

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: A URL that is longer is none that a picture is served by.
_LONGEST_URL = 8192
_CHARACTERS = "has a URL that is too long, or has characters in it that no URL has"
#: Prefixes in which another address hides, which nobody has looked at: NAT64, 6to4, Teredo.
_WRAPPERS = tuple(
    map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96"))
)


#: What is_global or is_private takes for something to be reached, and holds metadata, host agents or nothing.
_NOT_FOR_US = tuple(
    map(
        ipaddress.ip_network,
        (
            *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24"),
            *("fd00:ec2::/32", "fd20:ce::/32", "fec0::/10", "3fff::/20"),
        ),
    )
)


class RefusedUrl(Exception):
    """The URL is not fetched. The text continues the sentence "A result …", and does not hold the URL."""


class Reach(Enum):
    """Who can reach an address."""

    PUBLIC = "public"
    PRIVATE = "on a private network"
    LOOPBACK = "on this machine"
    #: link-local (where clouds keep their metadata), multicast, reserved and the like: never
    NOWHERE = "reserved or link-local"

    @classmethod
    def of(cls, address: Address) -> Reach:
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped:
                return cls.of(address.ipv4_mapped)
            if address.is_loopback:
                return cls.LOOPBACK
            if any(address in wrapper for wrapper in _WRAPPERS):
                return cls.NOWHERE
        if address.is_loopback:
            return cls.LOOPBACK
        if _is_for_nobody(address):
            return cls.NOWHERE
        return cls.PUBLIC if address.is_global else cls.PRIVATE


def _is_for_nobody(address: Address) -> bool:
    # is_global is True for multicast, and is_private for what is link-local
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or any(address in network for network in _NOT_FOR_US)
    )


def reaches(addresses: Iterable[str]) -> set[Reach]:
    """Of addresses as the resolver writes them, with or without an IPv6 zone."""
    return {Reach.of(ipaddress.ip_address(address.partition("%")[0])) for address in addresses}


def check_reach(found: set[Reach], own: set[Reach]) -> None:
    """Check what a result host resolves to.

    Args:
        found: of all its addresses.
        own: of the addresses of the connection's own host.

    Raises:
        RefusedUrl: one of them must not be connected to.
    """
    for reach in found - {Reach.PUBLIC}:
        if reach is Reach.NOWHERE or reach not in own:
            raise RefusedUrl(f"is at an address that is {reach.value}, which is not fetched from")


def check_characters(url: str) -> None:
    """Refuse what a browser would drop or take for something else.

    Raises:
        RefusedUrl: there is such a character, or the URL is too long.
    """
    if len(url) > _LONGEST_URL or UNUSABLE.search(url):
        raise RefusedUrl(_CHARACTERS)


def checked_url(url: str, *, plain_http: bool) -> SplitResult:
    """A result URL, or the target of a redirect, as it is sent, in parts.

    Args:
        url: as an answer gave it.
        plain_http: whether http will do, since the connection's own host is reached so.

    Raises:
        RefusedUrl: it is not fetched.
    """
    check_characters(url)
    try:
        parts = urlsplit(as_sent(url))
        _ = parts.port
    except UnicodeError:
        raise RefusedUrl(_CHARACTERS) from None
    except ValueError:
        raise RefusedUrl("has a malformed URL") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and plain_http):
        raise RefusedUrl(f"has {_kind(parts.scheme)} URL, and only https is fetched")
    if not parts.hostname:
        raise RefusedUrl("has a URL without a host")
    if "%" in parts.netloc.rpartition("@")[2]:
        raise RefusedUrl("has a URL whose host is written in escapes, or has a zone")
    if parts.username is not None or parts.password is not None:
        raise RefusedUrl("has a URL with a user name in it")
    return parts


def _kind(scheme: str) -> str:
    return f"a {scheme[:20]}" if scheme else "a relative"
