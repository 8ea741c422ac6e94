"""What `make chaos` says of budgets and of lost submits: it must see what is wrong."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from airflow_provider_phota.budget.state import BudgetState, Reservation
from tests.chaos.budgets import Books, TrialBudget, bills_of, summary_of_books
from tests.chaos.cases import Case, Trial
from tests.chaos.evidence import AMBIGUOUS, RESUBMITTED, EditEvidence, Evidence
from tests.chaos.places import DiskPlace
from tests.chaos.report import Line
from tests.chaos.settle_table import settle_table

PRICE = Decimal("0.05")


def books(spent, *, reserved=(), billed=("a",), unknown=(), ambiguous=0):
    state = BudgetState(1, spent, {token: Reservation(PRICE, 0.0) for token in reserved})
    bills = bills_of({"id": each, "credits": 5} for each in billed)
    return Books(state, bills, frozenset(unknown), ambiguous)


@pytest.mark.parametrize(
    "sound",
    [
        books(PRICE),
        books(Decimal(0), billed=()),
        books(2 * PRICE, billed=("a", "b")),
        # an ambiguous order stays reserved, whether it was billed or not
        books(Decimal(0), reserved=["x"], unknown=["a"], ambiguous=1),
        books(Decimal(0), reserved=["x"], billed=(), ambiguous=1),
        # a process that outlived its attempt settled what it could not record
        books(PRICE, unknown=["a"], ambiguous=1),
    ],
)
def test_what_is_counted_rightly_is_no_violation(sound):
    assert list(sound.violations()) == []
    assert sound.is_settled


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (books(Decimal(0)), "says that 0 USD are spent, and the bills 0.05 USD"),
        (books(2 * PRICE), "says that 0.10 USD are spent"),
        (books(PRICE + Decimal("0.000001")), "are spent"),
        (books(Decimal(0), unknown=["a"], ambiguous=1), "has counted 0 USD of 0.05 USD"),
        (books(PRICE, reserved=["x"]), "1 stay reserved, although 0 are ambiguous, such as x"),
        (books(Decimal(0), reserved=["x", "y"], unknown=["a"], ambiguous=1), "2 stay reserved, although 1"),
    ],
)
def test_what_is_counted_wrongly_is_a_violation(wrong, words):
    assert words in "\n".join(wrong.violations())


def test_what_a_failed_task_gives_back_is_not_billed():
    assert bills_of([{"id": "a", "credits": 0}, {"id": "b", "credits": 5}]) == {"a": 0, "b": PRICE}


def test_the_last_entry_of_a_log_is_read(tmp_path):
    budget = TrialBudget(DiskPlace(tmp_path), "trial-1")
    assert budget.state() == BudgetState()
    for number in (998, 999, 1000):
        entry = BudgetState(number, PRICE * number).to_dict()
        name = f"trial-1/all/usd/total/{number // 1000:06}/{number % 1000:03}.json"
        budget.place.put(name, json.dumps(entry).encode())
    assert budget.state().spent == 1000 * PRICE


def test_the_report_sums_budgets_up():
    sums = summary_of_books([books(PRICE), books(Decimal(0), reserved=["x"], unknown=["a"], ambiguous=1)])
    assert sums == "2 budgets: 0.1 USD billed, 0.05 USD spent, 0.05 USD reserved"
    assert summary_of_books([]) == ""


def test_the_table_of_lost_submits_counts_what_was_held_settled_and_billed_twice():
    case = Case("10", "lost", ledgers=("both", "settle"))
    lines = [
        Line(case, "submit", "both", evidence=[_ended(case, "both", "failed", billed=("a",))]),
        Line(
            case,
            "submit",
            "settle",
            evidence=[
                _ended(case, "settle", "failed", billed=("b",)),
                _ended(case, "settle", "success", billed=("c",), log=RESUBMITTED),
                _ended(case, "settle", "success", billed=("d", "e"), log=RESUBMITTED),
            ],
        ),
        Line(Case("21", "another group"), "submit", "both"),
    ]
    head, _, row, sums = settle_table(lines).splitlines()
    assert head.count("|") == 7
    assert row == "| 10 | lost | 1/1 | 1/3 | 1/3 | 1 |"
    assert sums == "|  | all | 1/1 | 1/3 | 1/3 | 1 |"
    assert settle_table(lines[2:]) == ""


def _ended(case, ledger, state, *, billed, log=AMBIGUOUS):
    delivered = billed[-1] if state == "success" else None
    edit = EditEvidence(-1, state, 2, billed, frozenset(), 1, frozenset(), delivered, log)
    return Evidence(Trial(case, "submit", ledger, 0), "run", (edit,), 1.0)
