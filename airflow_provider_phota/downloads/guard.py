"""Looks up the hosts of results, and refuses addresses that must not be connected to."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from urllib.parse import SplitResult

from airflow_provider_phota.api.addresses import Reach, check_reach, reaches

#: Returns the addresses of a host and port; the third argument holds flags of `socket.getaddrinfo`.
Resolver = Callable[[str, int, int], list[str]]


def resolve(host: str, port: int, flags: int = 0) -> list[str]:
    """Asks the operating system for the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class AddressGuard:
    """Decides which addresses a result may be fetched from.

    Args:
        own: URL of the connection's own host. What can reach it decides which other networks are allowed.
        resolver: finds the addresses of a host; for tests.
        reach_of: says who can reach some addresses; for tests.
    """

    def __init__(
        self,
        own: SplitResult,
        resolver: Resolver = resolve,
        reach_of: Callable[[Iterable[str]], set[Reach]] = reaches,
    ) -> None:
        self._own = own
        self._own_reach: set[Reach] | None = None
        self._resolver = resolver
        self._reach_of = reach_of

    def addresses(self, host: str, port: int) -> list[str]:
        """Returns the addresses of a host; exactly these are connected to, without another lookup.

        Raises:
            RefusedUrl: one of them must not be connected to.
        """
        found = self._resolver(host, port, 0)
        check_reach(self._reach_of(found), self._reach_of_own_host())
        return found

    def check_literal(self, url: SplitResult) -> None:
        """Refuses a URL that spells out a forbidden address. A name is left for a proxy to look up.

        Raises:
            RefusedUrl: the URL's host is such an address.
        """
        host = (url.hostname or "").rstrip(".")
        if host == "localhost" or host.endswith(".localhost"):
            host = "127.0.0.1"
        try:
            numbers = self._resolver(host, url.port or 443, socket.AI_NUMERICHOST)
        except OSError:
            return
        check_reach(self._reach_of(numbers), self._reach_of_own_host())

    def _reach_of_own_host(self) -> set[Reach]:
        if self._own_reach is None:
            try:
                found = self._resolver(self._own.hostname or "", self._own.port or 443, 0)
                self._own_reach = self._reach_of(found)
            except OSError:  # behind a proxy the name of the own host may be unknown here
                self._own_reach = set()
        return self._own_reach
