"""Describes an account: its balance and its uploads. Source: the vendor's pages of files and accounts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Upload:
    """Is a file in the vendor's store, which the service can read for 72 hours."""

    id: str
    url: str
    size: int | None = None


@dataclass(frozen=True)
class Usage:
    """Shows an account's balance, in the vendor's quota units (500,000 are 1 USD)."""

    available: float
    used: float
    unlimited: bool

    UNITS_PER_USD = 500_000

    @property
    def available_usd(self) -> float:
        return self.available / self.UNITS_PER_USD
