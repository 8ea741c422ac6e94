"""Says what the account's use tells about a submit of unknown fate. It does no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from airflow_provider_phota.api.account import Usage
from airflow_provider_phota.api.costs import Cost

#: USD by which two amounts may differ and still be the same: quota units are whole.
_SAME = Decimal("0.00001")


@dataclass(frozen=True)
class Evidence:
    """Is what is known about the use of a key around a submit.

    Attributes:
        before: quota units that were used just before the order was sent; None if that is not known.
        after: quota units that are used now; None if that is not known.
        cost: of the order, as expected.
        is_alone: True if nothing else of this key was under way from `before` to `after`, by the log of the
            budget that all share.
    """

    before: float | None
    after: float | None
    cost: Cost
    is_alone: bool = False

    @property
    def growth(self) -> Decimal | None:
        """USD by which the use has grown; None if that is not known."""
        if self.before is None or self.after is None:
            return None
        return Decimal(str(self.after - self.before)) / Usage.UNITS_PER_USD

    @property
    def proves_unbilled(self) -> bool:
        """True if the order cannot have been billed: nothing was, and nothing else was under way."""
        return self.is_alone and self.growth is not None and abs(self.growth) < _SAME

    @property
    def words(self) -> tuple[str, ...]:
        """Says it in a line; nothing if nothing is known."""
        growth = self.growth
        if growth is None:
            return ()
        used = f"The key had used {_usd(self.before)} before, and has used {_usd(self.after)} now"
        return (f"{used}: {self._meaning(growth)}",)

    def _meaning(self, growth: Decimal) -> str:
        if abs(growth) < _SAME:
            return "nothing seems to have been billed."
        if growth < 0:
            return "something was given back meanwhile, so this proves nothing."
        if self.cost.usd is not None and abs(growth - self.cost.usd) < _SAME:
            return "that is exactly the price of this order, so it seems to have been billed."
        return "that is not the price of this order, so others were billed meanwhile."


def _usd(units: float | None) -> str:
    return f"{(units or 0.0) / Usage.UNITS_PER_USD:.4f} USD"
