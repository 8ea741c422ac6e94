"""Shows the list of prices."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from decimal import Decimal

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.errors import PhotaConfigurationError
from airflow_provider_phota.api.orders.base import PHOTA_MODELS, PROFILE_MODEL
from airflow_provider_phota.api.prices import CALLS_FOR, PriceList
from airflow_provider_phota.cli.accounts import hook_of
from airflow_provider_phota.cli.output import Report, table, usd_text


def prices(options: Namespace) -> Report:
    """Returns what one picture, or one profile, of each model costs the group of the account."""
    hook = hook_of(options)
    group = hook.settings.user_group
    usd = usd_of_calls(hook.run(protocol.get_price_list()), group)
    rows = [(model, *map(usd_text, _prices_of(model, usd.get(model)))) for model in PHOTA_MODELS]
    title = f"USD for one picture, or for one profile. Group: {group}."
    data = {model: float(usd[model]) if model in usd else None for model in PHOTA_MODELS}
    return Report({"group": group, "usd_of_one_call": data}, [title, table(("model", ">1K", ">4K"), rows)])


def usd_of_calls(prices: PriceList, group: str) -> Mapping[str, Decimal]:
    """Returns what one call of each model costs a group, as far as the list tells.

    Raises:
        PhotaConfigurationError: The list does not name the group.
    """
    ratio = prices.ratios.get(group)
    if ratio is None:
        known = ", ".join(sorted(prices.ratios)) or "no group"
        raise PhotaConfigurationError(
            f"The group {group!r} has no prices. Set the connection's extra user_group to one of: {known}."
        )
    return {model: price * ratio for model, price in prices.calls.items()}


def _prices_of(model: str, usd: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    """Returns the prices at `1K` and at `4K`; a profile has no resolution."""
    if usd is None or model == PROFILE_MODEL:
        return usd, None
    return usd * CALLS_FOR["1K"], usd * CALLS_FOR["4K"]
