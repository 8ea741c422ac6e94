"""What the events of a journal say about money, in whatever order they are read."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

from airflow_provider_phota.api.costs import NO_COST, UNKNOWN_COST, Cost
from airflow_provider_phota.api.orders.base import EDIT_MODEL
from airflow_provider_phota.journal.bill import Bill
from airflow_provider_phota.journal.events import Ended, Intent, Paid
from airflow_provider_phota.journal.rows import Row, Status

RESERVED = Cost(Decimal("0.09"), 4.0, is_estimate=False)
PAID = Paid("a", 1, "t", "task-1", 100.0, 4.0, model=EDIT_MODEL, cost=RESERVED)
INTENT = Intent("a", 1, "t", 99.0, 65.0, "f", model=EDIT_MODEL, cost=Cost(Decimal("0.09")))


def ended(cost, item="a", **more):
    return Ended(item, 1, Row(1, item, Status.FAILED, phota_task_id="task-1", cost=cost, **more))


def payments(*events):
    """What a bill says if these events are each in a segment of their own, in every order of reading."""
    named = [(event, f"{number:05d}-000001.jsonl") for number, event in enumerate(events, start=1)]
    found = []
    for order in permutations(named):
        bill = Bill()
        for event, name in order:
            bill.apply(event, name)
        found.append(bill.payments())
    assert all(each == found[0] for each in found)
    return found[0]


def test_what_is_not_paid_for_is_not_on_the_bill():
    assert payments(INTENT) == {}


def test_a_task_costs_what_was_reserved_until_it_has_ended():
    assert payments(INTENT, PAID) == {"task-1": PAID}
    assert payments(INTENT, PAID, ended(NO_COST)) == {"task-1": replace(PAID, cost=NO_COST)}


def test_the_last_end_counts():
    assert payments(PAID, ended(RESERVED), ended(NO_COST))["task-1"].cost == NO_COST


def test_the_row_of_a_twin_says_nothing_about_the_task():
    assert payments(PAID, ended(NO_COST, "b", same_as="a"))["task-1"].cost == RESERVED
    # the payer has left the batch, so its key is not known
    assert payments(PAID, ended(Cost(None, 4.0), "b"))["task-1"].cost == RESERVED


def test_rows_of_older_versions_say_nothing_about_costs():
    assert payments(PAID, ended(UNKNOWN_COST))["task-1"].cost == RESERVED


def test_a_task_that_was_adopted_and_is_recorded_late_is_paid_for_once():
    adopted = Paid("a", 1, "u", "task-1", 200.0, None, adopted=True, cost=UNKNOWN_COST)
    bill = Bill()
    for event in (adopted, PAID):
        bill.apply(event, "00001-000001.jsonl")
    (paid,) = bill.payments().values()
    assert (paid.model, paid.credits, paid.cost) == (EDIT_MODEL, 4.0, RESERVED)
