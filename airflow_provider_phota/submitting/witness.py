"""Looks at the account before an order is sent and afterwards, to tell whether a lost submit was billed."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from airflow_provider_phota.api.errors import PhotaBudgetUnusable
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.hooks.usage_readings import read_usage
from airflow_provider_phota.ledger.evidence import Evidence
from airflow_provider_phota.ledger.records import Entry
from airflow_provider_phota.submitting.charge import Charge

log = logging.getLogger(__name__)

#: Seconds for which a reading is good enough if it decides nothing.
_MAX_AGE = 60.0


@dataclass(frozen=True)
class Before:
    """Is what is known just before an order is sent.

    Attributes:
        used: quota units that the key has used; None if that is not known.
        alone_at: the number of the budget's last entry, if nothing else of this key is under way by it.
    """

    used: float | None = None
    alone_at: int | None = None


@dataclass(frozen=True)
class Witness:
    """Looks at the account of a connection.

    Attributes:
        settles: True if a submit is repeated that was provably not billed. Then each look is a new one.
    """

    hook: PhotaHook
    settles: bool

    def look_before(self, charge: Charge) -> Before:
        """Returns what is known just before an order is sent, and says if the balance is below its price."""
        # first: a task that ends between the two looks may give back what it has cost
        alone_at = self._alone(charge)
        usage = read_usage(self.hook, 0.0 if self.settles else _MAX_AGE)
        if usage is None:
            return Before()
        price = charge.cost.usd
        if price is not None and not usage.unlimited and usage.available_usd < price:
            log.warning(
                "The balance of %.4f USD is below the price of this order, %s. The service may refuse it.",
                usage.available_usd,
                charge.cost,
            )
        return Before(usage.used, alone_at)

    def evidence(self, entry: Entry, charge: Charge) -> Evidence:
        """Returns what is known now about a submit of unknown fate.

        Args:
            entry: of the submit.
            charge: of its payment.
        """
        usage = read_usage(self.hook) if entry.used_before is not None else None
        # afterwards: nothing may have been under way up to the moment of the reading
        is_alone = entry.alone_at is not None and self._alone(charge) == entry.alone_at
        return Evidence(entry.used_before, usage.used if usage else None, entry.cost, is_alone)

    def _alone(self, charge: Charge) -> int | None:
        if not self.settles or charge.reserved_at is None:
            return None
        try:
            return charge.purse.alone(charge.payment, charge.reserved_at)
        except PhotaBudgetUnusable:
            return None
