"""What the events of a journal mean together, and what an attempt does next."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.orders.base import EDIT_MODEL
from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.journal.decisions import Done, Hold, Resume, Start, WaitForSender, next_step
from airflow_provider_phota.journal.events import (
    Doubtful,
    Ended,
    Intent,
    Paid,
    Reopened,
    TakenBack,
    from_line,
    to_line,
)
from airflow_provider_phota.journal.history import Phase
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.journal.state import BatchState

FIRST, SECOND, THIRD = "00001-000001.jsonl", "00002-000001.jsonl", "00003-000001.jsonl"


def intent(token="t", generation=1, resubmits=0, item="a", fingerprint="fp"):
    return Intent(item, generation, token, 100.0, 60.0, fingerprint, resubmits)


def paid(token="t", generation=1, task="task-1", item="a"):
    return Paid(item, generation, token, task, 101.0, 4.0)


def doubtful(token="t", generation=1):
    return Doubtful("a", generation, token, 101.0, "the answer was lost", "task-9")


def ended(status, generation=1, task=None, *, can_retry=False, item="a"):
    return Ended(item, generation, Row(1, item, status, phota_task_id=task, can_retry=can_retry))


def taken_back(token="t", generation=1):
    return TakenBack("a", generation, token)


def folded(*groups):
    """The state by groups of events, each of a lease of its own."""
    state = BatchState()
    for lease, events in enumerate(groups, start=1):
        for event in events:
            state.apply(event, f"{lease:05d}-000001.jsonl")
    return state


FAIL, RESUBMIT = Policy.FAIL, Policy.RESUBMIT


@pytest.mark.parametrize(
    ("groups", "left", "policy", "step"),
    [
        ([], 0.0, FAIL, Start()),
        ([[intent()]], 7.0, FAIL, WaitForSender(7.0)),
        ([[intent()]], 7.0, RESUBMIT, WaitForSender(7.0)),
        ([[intent()]], 0.0, FAIL, Hold()),
        ([[intent()]], 0.0, RESUBMIT, Start(2, resubmits=1)),
        ([[intent(), doubtful()]], 0.0, FAIL, Hold()),
        ([[intent(), doubtful()]], 0.0, RESUBMIT, Start(2, resubmits=1)),
        ([[intent(), taken_back()]], 0.0, FAIL, Start(1)),
        ([[intent(), taken_back(), intent("u")]], 0.0, FAIL, Hold()),
        ([[intent(), paid()]], 0.0, FAIL, Resume("task-1")),
        ([[intent(), doubtful(), paid()]], 0.0, FAIL, Resume("task-1")),
        # a resubmit that was refused is not one: the first submit is still of unknown fate
        ([[intent()], [intent("u", 2, 1), taken_back("u", 2)]], 0.0, FAIL, Hold()),
        ([[intent()], [intent("u", 2, 1), taken_back("u", 2)]], 0.0, RESUBMIT, Start(2, resubmits=1)),
        ([[intent()], [intent("u", 2, 1)]], 0.0, RESUBMIT, Hold()),
        # the ID of the first submit came late
        ([[intent(), paid()], [intent("u", 2, 1), doubtful("u", 2)]], 0.0, RESUBMIT, Resume("task-1")),
        # the holder of the second lease did not find the first one's intent, so that was never sent
        ([[intent()], [intent("u"), paid("u")]], 0.0, FAIL, Resume("task-1")),
        ([[intent()], [intent("u"), taken_back("u")]], 0.0, FAIL, Start(1)),
        ([[intent()], [intent("u")]], 0.0, RESUBMIT, Start(2, resubmits=1)),
    ],
)
def test_what_comes_next_for_an_item_that_has_not_ended(groups, left, policy, step):
    assert next_step(folded(*groups).item("a"), left, policy, new_attempt=True) == step


PAID = [intent(), paid()]


@pytest.mark.parametrize(
    ("events", "policy", "now", "later"),
    [
        ([*PAID, ended(Status.LANDED, 1, "task-1")], FAIL, Done(Status.LANDED), Done(Status.LANDED)),
        ([ended(Status.EXISTING, 0)], FAIL, Done(Status.EXISTING), Done(Status.EXISTING)),
        ([ended(Status.REFUSED, 0)], FAIL, Done(Status.REFUSED), Done(Status.REFUSED)),
        ([ended(Status.FAILED, 0, can_retry=True)], FAIL, Done(Status.FAILED), Start(1)),
        ([*PAID, ended(Status.FAILED, 1, "task-1")], FAIL, Done(Status.FAILED), Done(Status.FAILED)),
        (
            [*PAID, ended(Status.FAILED, 1, "task-1", can_retry=True)],
            FAIL,
            Done(Status.FAILED),
            Resume("task-1"),
        ),
        ([*PAID, ended(Status.EXPIRED, 1, "task-1")], RESUBMIT, Done(Status.EXPIRED), Done(Status.EXPIRED)),
        ([intent(), ended(Status.AMBIGUOUS)], FAIL, Done(Status.AMBIGUOUS), Done(Status.AMBIGUOUS)),
        ([intent(), ended(Status.AMBIGUOUS)], RESUBMIT, Done(Status.AMBIGUOUS), Start(2, resubmits=1)),
        # the row says that it can be tried again, but an order of unknown fate is on record
        ([intent(), ended(Status.FAILED, 1, can_retry=True)], FAIL, Done(Status.FAILED), Hold()),
        ([*PAID, ended(Status.FAILED, 1, "task-1"), Reopened("a", 1)], FAIL, Start(2), Start(2)),
        ([intent(), ended(Status.AMBIGUOUS), Reopened("a", 1)], FAIL, Start(2), Start(2)),
        # a late ID, or one that a person has named
        ([intent(), ended(Status.AMBIGUOUS, 1, "task-1"), paid()], FAIL, Resume("task-1"), Resume("task-1")),
        ([intent(), ended(Status.AMBIGUOUS), paid("x")], FAIL, Resume("task-1"), Resume("task-1")),
    ],
)
def test_what_comes_next_for_an_item_that_has_ended(events, policy, now, later):
    item = folded(events).item("a")
    assert next_step(item, 0.0, policy, new_attempt=False) == now
    assert next_step(item, 0.0, policy, new_attempt=True) == later


def test_a_second_paid_task_is_brought_home_and_named():
    state = folded([intent("t"), paid("t", task="task-1")], [intent("u"), paid("u", task="task-2")])
    item = state.item("a")
    assert (item.phota_task_id, item.besides) == ("task-2", ("task-1",))
    assert list(state.besides()) == [("a", "task-1")]
    assert (state.payments, state.credits) == (2, 8.0)


def test_if_one_of_two_paid_tasks_fails_the_other_one_is_left():
    state = folded([intent("t"), paid("t", task="task-1")], [intent("u"), paid("u", task="task-2")])
    state.apply(ended(Status.FAILED, 1, "task-2"), THIRD)
    assert state.item("a").phota_task_id == "task-1"
    state.apply(ended(Status.FAILED, 1, "task-1"), THIRD)
    assert state.item("a").status is Status.FAILED
    assert list(state.open_items()) == []


def test_a_task_that_was_replaced_on_purpose_is_paid_for_and_not_named():
    state = folded([*PAID, ended(Status.FAILED, 1, "task-1")])
    for event in (
        Reopened("a", 1),
        intent("u", 2),
        paid("u", 2, "task-2"),
        ended(Status.LANDED, 2, "task-2"),
    ):
        state.apply(event, SECOND)
    assert list(state.besides()) == []
    assert state.payments == 2
    assert state.status_of("a") is Status.LANDED


def test_a_late_second_task_of_an_item_that_has_landed_is_named():
    state = folded([*PAID, ended(Status.LANDED, 1, "task-1")])
    state.apply(paid("u", 1, "task-2"), SECOND)
    assert state.status_of("a") is Status.LANDED
    assert list(state.besides()) == [("a", "task-2")]
    assert state.payments == 2


def test_the_end_of_the_later_lease_counts_whatever_is_read_first():
    old, new = ended(Status.FAILED, 1, "task-1"), ended(Status.LANDED, 1, "task-1")
    for order in ([(old, FIRST), (new, SECOND)], [(new, SECOND), (old, FIRST)]):
        state = BatchState()
        for event, segment in order:
            state.apply(event, segment)
        assert state.counts() == {Status.LANDED: 1}


def test_an_old_end_does_not_close_what_a_later_lease_has_reopened():
    state = BatchState()
    state.apply(Reopened("a", 1), SECOND)
    state.apply(ended(Status.FAILED, 1, "task-1"), FIRST)
    assert state.item("a").phase is Phase.NEW
    state.apply(ended(Status.REFUSED, 1), SECOND)
    assert state.status_of("a") is Status.REFUSED


def test_an_intent_is_taken_back_also_if_that_is_read_first():
    state = BatchState()
    state.apply(taken_back())
    state.apply(intent())
    assert state.item("a").phase is Phase.NEW
    assert list(state.open_items()) == []


def test_the_phase_says_how_far_an_item_has_come():
    state = BatchState()
    assert state.item("a") is None
    assert state.status_of("a") is None
    phases = []
    for event in (intent(), doubtful(), paid(), ended(Status.LANDED, 1, "task-1")):
        state.apply(event)
        phases.append(state.item("a").phase)
    assert phases == [Phase.INTENDED, Phase.DOUBTFUL, Phase.PAID, Phase.ENDED]


def test_what_is_known_of_a_sending_is_put_together():
    sending = folded([intent(), doubtful()]).item("a").sending
    assert (sending.lease, sending.segment, sending.at, sending.seconds) == (1, FIRST, 100.0, 60.0)
    assert (sending.doubt, sending.named_task_id) == ("the answer was lost", "task-9")


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([intent()], True),
        ([intent(), doubtful()], True),
        (PAID, True),
        ([*PAID, ended(Status.LANDED, 1, "task-1")], True),
        ([intent(), taken_back()], False),
        ([*PAID, ended(Status.FAILED, 1, "task-1")], True),
        ([intent(), ended(Status.EXISTING)], False),
        ([*PAID, ended(Status.FAILED, 1, "task-1"), Reopened("a", 1)], False),
    ],
)
def test_an_item_that_asks_for_the_same_is_found_if_its_payment_counts(events, found):
    state = folded([intent("x", item="b", fingerprint="other"), *events])
    assert (state.by_fingerprint("fp") is not None) is found
    assert state.by_fingerprint("other")[0] == "b"
    assert state.by_fingerprint("unknown") is None


def test_of_several_items_that_ask_for_the_same_the_one_that_is_furthest_is_found():
    state = folded([intent(item="a"), intent(item="b"), intent(item="c")])
    assert state.by_fingerprint("fp")[0] == "a"
    state.apply(paid(item="c"))
    assert state.by_fingerprint("fp")[0] == "c"
    state.apply(paid(item="b", task="task-2"))
    state.apply(ended(Status.LANDED, 1, "task-2", item="b"))
    assert state.by_fingerprint("fp")[0] == "b"


def test_another_picture_under_the_same_name_is_not_what_has_landed():
    state = folded([intent(fingerprint="old"), taken_back()])
    for event in (intent("u", fingerprint="new"), paid("u"), ended(Status.LANDED, 1, "task-1")):
        state.apply(event, SECOND)
    assert state.by_fingerprint("old") is None
    assert state.by_fingerprint("new")[0] == "a"


def test_what_failed_is_counted_until_it_is_reopened():
    state = folded([ended(Status.FAILED, 0), ended(Status.LANDED, 0, item="b")])
    assert state.counts() == {Status.FAILED: 1, Status.LANDED: 1}
    state.apply(Reopened("a", 0), SECOND)
    assert state.counts() == {Status.LANDED: 1}


@pytest.mark.parametrize(
    "event",
    [
        intent(),
        taken_back(),
        paid(),
        doubtful(),
        replace(intent(), model=EDIT_MODEL, cost=Cost(Decimal("0.09"))),
        replace(paid(), model=EDIT_MODEL, cost=Cost(Decimal("0.09"), 4.0, is_estimate=False)),
        Reopened("a", 1),
        Ended("a", 1, Row(1, "ä", Status.FAILED, error="x\ny", can_retry=True, same_as="b", credits=1.5)),
    ],
)
def test_an_event_is_one_line_and_is_read_back(event):
    line = to_line(event)
    assert line.count(b"\n") == 1
    assert from_line(line) == event


def test_lines_of_a_journal_without_models_and_costs_are_read():
    """The first batches wrote them."""
    for event in (intent(), paid()):
        fields = json.loads(to_line(event))
        assert fields.pop("model") == ""
        assert fields.pop("cost") == {"usd": None, "credits": None, "is_estimate": True}
        assert from_line(json.dumps(fields).encode()) == event


def test_a_cost_that_cannot_be_read_is_not_taken_for_one():
    line = to_line(paid()).replace(b'"usd":null', b'"usd":"much"')
    with pytest.raises(ValueError, match="usd is not a number"):
        from_line(line)


def test_the_cost_of_a_sending_is_that_of_its_payment_whatever_is_read_first():
    expected, reserved = Cost(Decimal("0.1")), Cost(Decimal("0.09"), 4.0, is_estimate=False)
    sent, answered = replace(intent(), model=EDIT_MODEL, cost=expected), replace(paid(), cost=reserved)
    for events, cost in (([sent], expected), ([sent, answered], reserved), ([answered, sent], reserved)):
        sending = folded(events).item("a").sending
        assert (sending.model, sending.cost) == (EDIT_MODEL, cost)
