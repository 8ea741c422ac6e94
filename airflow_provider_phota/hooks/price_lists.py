"""Keeps the list of prices of a connection for an hour, so that an order does not wait for it.

It only says what orders cost. Whether money is left is never decided from what is kept here.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.clock import Clock
from airflow_provider_phota.api.costs import Quote
from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.prices import PriceList
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.hooks.phota import PhotaHook

log = logging.getLogger(__name__)

#: Seconds for which a list holds, and seconds after which one that could not be read is asked for again.
_HOLDS, _AGAIN = 3600.0, 60.0
_ONCE = Backoff(tries=1)


@dataclass(frozen=True)
class _Kept:
    prices: PriceList | None
    until: float


class PriceLists:
    """Knows the lists of prices, by connections and the services that they lead to.

    Args:
        clock: the standard library's module `time`, or a test's clock.
    """

    def __init__(self, clock: Clock = time) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._reading = threading.Lock()

    def of(self, hook: PhotaHook) -> PriceList | None:
        """Returns the list of prices; None if it could not be read. That never fails an order."""
        name = hook.phota_conn_id, hook.settings.base_url
        with self._reading:
            kept = self._kept.get(name)
            if kept is None or kept.until <= self._clock.monotonic():
                self._kept[name] = kept = self._read(hook)
            return kept.prices

    def _read(self, hook: PhotaHook) -> _Kept:
        try:
            prices = hook.run(protocol.get_price_list(_ONCE))
        except PhotaError as error:
            log.warning("What orders cost is not known now: %s", str(error).partition("\n")[0])
            return _Kept(None, self._clock.monotonic() + _AGAIN)
        return _Kept(prices, self._clock.monotonic() + _HOLDS)


_LISTS = PriceLists()


def price_list(hook: PhotaHook) -> PriceList | None:
    """Returns the list of prices of a hook's connection, which this process has read in the last hour.

    Returns:
        None if the list could not be read.
    """
    return _LISTS.of(hook)


def quote(hook: PhotaHook, order: Order) -> Quote:
    """Returns what an order costs by the prices that hold now."""
    return Quote(order, price_list(hook), hook.settings.user_group)
