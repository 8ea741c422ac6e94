"""Words what is said about budgets. A first line is short, since Airflow's log view cuts longer ones."""

from __future__ import annotations

from decimal import Decimal

import pendulum

from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.budget.limits import Budget, Window
from airflow_provider_phota.budget.state import BudgetState


def exceeded_text(budget: Budget, whose: str, window: Window, state: BudgetState, price: Decimal) -> str:
    """Returns the text for an order that does not fit into a budget."""
    if price > budget.amount:
        return lines(
            f"This order would cost {money(price, budget)}, more than the whole budget of {budget}.",
            f"It is the budget {whose}. Nothing was sent. Only a higher budget lets the order through.",
        )
    return lines(
        f"The budget of {budget} is used up: this order would cost {money(price, budget)}.",
        f"It is the budget {whose}. {_used(budget, state)}",
        f"Nothing was sent. {turns(window)}",
    )


def warning_text(budget: Budget, whose: str, window: Window, state: BudgetState) -> str:
    """Returns the text for a budget of which most is used."""
    share = state.used / budget.amount if budget.amount else Decimal(1)
    return f"{share:.0%} of the budget {whose} of {budget} is used. {_used(budget, state)} {turns(window)}"


def stands(budget: Budget, window: Window, state: BudgetState) -> str:
    """Says how a budget stands."""
    return f"{budget}. {_used(budget, state)} {turns(window)}"


def turns(window: Window) -> str:
    """Says when the period of a budget turns."""
    if window.ends_at is None:
        return "It does not begin again by itself: a higher budget lets further orders through."
    at = pendulum.from_timestamp(window.ends_at)
    return f"It begins again at {at.to_iso8601_string()} ({at.diff_for_humans()})."


def money(amount: Decimal, budget: Budget) -> str:
    """Returns an amount in the unit of a budget, in words."""
    return f"{amount.normalize():f} {budget.unit.value}"


def _used(budget: Budget, state: BudgetState) -> str:
    spent, reserved = money(state.spent, budget), money(state.reserved, budget)
    return f"{spent} are spent, and {reserved} are reserved for orders under way."
