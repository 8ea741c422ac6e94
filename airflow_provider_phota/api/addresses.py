"""Decides which result URLs and network addresses may be fetched from. The URL in an answer is not trusted.

An address outside the public internet is allowed only if the connection's own host has an address of the same
kind: the emulator is on loopback, and a company's gateway may be on a private network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from enum import Enum
from urllib.parse import SplitResult, urlsplit

from airflow_provider_phota.api.urls import UNUSABLE, as_sent

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Characters that the URL of a picture has at most.
_LONGEST_URL = 8192
_BAD_CHARACTERS = "has a URL that is too long or has forbidden characters in it"
#: IPv6 prefixes that hide an IPv4 address, which would escape the checks: NAT64, 6to4, Teredo.
_WRAPPERS = tuple(
    map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96"))
)
#: Networks that `ipaddress` calls public or private, but that hold clouds' metadata, host agents or nothing.
_SPECIAL_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        (
            *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24"),
            *("fd00:ec2::/32", "fd20:ce::/32", "fec0::/10", "3fff::/20"),
        ),
    )
)


class RefusedUrl(Exception):
    """The URL must not be fetched. The text continues the sentence "A result ..." and never holds the URL."""


class Reach(Enum):
    """Says who can reach an address."""

    PUBLIC = "public"
    PRIVATE = "on a private network"
    LOOPBACK = "on this machine"
    #: Link-local (where clouds keep their metadata), multicast, reserved and the like: never allowed.
    NOWHERE = "reserved or link-local"

    @classmethod
    def of(cls, address: Address) -> Reach:
        """Returns who can reach an address."""
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or address
        if address.is_loopback:
            return cls.LOOPBACK
        if _hides_another(address) or _is_special(address):
            return cls.NOWHERE
        return cls.PUBLIC if address.is_global else cls.PRIVATE


def _hides_another(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and any(address in wrapper for wrapper in _WRAPPERS)


def _is_special(address: Address) -> bool:
    # `is_global` is True for multicast, and `is_private` for link-local addresses
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or any(address in network for network in _SPECIAL_NETWORKS)
    )


def reaches(addresses: Iterable[str]) -> set[Reach]:
    """Returns who can reach the addresses, which are as a resolver writes them: IPv6 may have a zone."""
    return {Reach.of(ipaddress.ip_address(address.partition("%")[0])) for address in addresses}


def check_reach(found: set[Reach], own: set[Reach]) -> None:
    """Refuses a result's host if one of its addresses must not be connected to.

    Args:
        found: who can reach the addresses of the result's host.
        own: who can reach the addresses of the connection's own host.

    Raises:
        RefusedUrl: one of the addresses must not be connected to.
    """
    for reach in found - {Reach.PUBLIC}:
        if reach is Reach.NOWHERE or reach not in own:
            raise RefusedUrl(f"is at an address that is {reach.value}: nothing is fetched from there")


def check_characters(url: str) -> None:
    """Refuses characters that a browser would drop or replace.

    Raises:
        RefusedUrl: the URL has such a character, or is too long.
    """
    if len(url) > _LONGEST_URL or UNUSABLE.search(url):
        raise RefusedUrl(_BAD_CHARACTERS)


def checked_url(url: str, *, plain_http: bool) -> SplitResult:
    """Returns the parts of a result's URL, or of the target of a redirect, in the form in which it is sent.

    Args:
        url: the URL as an answer gave it.
        plain_http: True to accept http, because the connection's own host uses it too.

    Raises:
        RefusedUrl: the URL must not be fetched.
    """
    check_characters(url)
    try:
        parts = urlsplit(as_sent(url))
        _ = parts.port
    except UnicodeError:
        raise RefusedUrl(_BAD_CHARACTERS) from None
    except ValueError:
        raise RefusedUrl("has a malformed URL") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and plain_http):
        raise RefusedUrl(f"has {_scheme_in_words(parts.scheme)} URL, and only https is fetched")
    if not parts.hostname:
        raise RefusedUrl("has a URL without a host")
    if "%" in parts.netloc.rpartition("@")[2]:
        raise RefusedUrl("has a URL whose host is written in escapes, or has a zone")
    if parts.username is not None or parts.password is not None:
        raise RefusedUrl("has a URL with a user name in it")
    return parts


def _scheme_in_words(scheme: str) -> str:
    return f"a {scheme[:20]}" if scheme else "a relative"
