"""Checks that the budget of a connection can be read, and says how it stands."""

from __future__ import annotations

import time

from airflow_provider_phota.api.errors import PhotaBudgetUnusable, PhotaInputError
from airflow_provider_phota.budget.limits import Unit
from airflow_provider_phota.budget.messages import stands
from airflow_provider_phota.budget.options import limits_of
from airflow_provider_phota.budget.purse import Purse
from airflow_provider_phota.cli.doctor.findings import Finding
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.storage.calls import finish_within

#: Seconds that a look at the log may take.
_LONGEST_LOOK = 120.0


def budget_finding(hook: PhotaHook) -> Finding:
    """Returns how the budget of a connection stands."""
    try:
        limits = tuple(limits_of(hook))
        if not limits:
            return Finding.ok("budget", "the connection has none")
        if limits[0].budget.unit is Unit.CREDITS and hook.settings.credits_per_usd is None:
            return Finding.failed("budget", "a budget in credits needs the extra credits_per_usd")
        if not limits[0].counts_all:
            return Finding.ok("budget", f"{limits[0].budget}, for each DAG run")
        ((_, window, state),) = finish_within(_LONGEST_LOOK, lambda: list(Purse(limits).states(time.time())))
    except (PhotaInputError, PhotaBudgetUnusable) as problem:
        return Finding.failed("budget", str(problem))
    except TimeoutError:
        return Finding.failed("budget", "its log cannot be looked at (no answer in time)")
    return Finding.ok("budget", stands(limits[0].budget, window, state))
