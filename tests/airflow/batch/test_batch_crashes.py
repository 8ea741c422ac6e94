"""A batch whose process dies between two lines of the journal: what the next attempt does with the item."""

from __future__ import annotations

import json
import time

import pytest
from dying import die_when, events

from airflow_provider_phota.emulator import Fault

#: Seconds for one submit. An attempt waits that long, and 5 s more, for a sender that may be alive.
TOTAL_TIMEOUT = 3.0


@pytest.fixture
def one(shop, monkeypatch):
    """A batch of one item, whose submits may take three seconds."""
    shop.add_pictures(1)
    extra = {"total_timeout": TOTAL_TIMEOUT}
    connection = {"conn_type": "phota", "password": shop.emulator.key, "host": shop.emulator.url}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection | {"extra": extra}))
    return shop


def test_after_the_intent_and_before_the_answer_it_is_in_doubt(one):
    one.emulator.add_faults(Fault("submit", "hang", seconds=60))
    die_when(one, lambda: one.emulator.counts().get("POST /v1/images/generations"))
    assert events(one) == ["intent"]
    assert one.billed == 0
    began = time.monotonic()
    one.run()
    assert time.monotonic() - began >= 1  # a sender that is alive may still send
    assert (one.statuses, one.billed) == ({"ambiguous": 1}, 0)
    one.clear().run(redo=["000.png"])
    assert (one.statuses, one.billed) == ({"landed": 1}, 1)


def test_after_it_was_billed_and_before_that_is_recorded_it_is_in_doubt_too(one):
    one.emulator.add_faults(Fault("submit", "hang", seconds=60, created=True))
    die_when(one, lambda: one.billed)
    one.run()
    assert (one.statuses, one.billed) == ({"ambiguous": 1}, 1)
    (entry,) = one.emulator.ledger()
    one.clear().run(adopt={"000.png": entry.id})
    assert (one.statuses, one.billed) == ({"landed": 1}, 1)


def test_after_it_was_billed_and_with_resubmit_it_is_paid_for_once_more(one):
    one.emulator.add_faults(Fault("submit", "hang", seconds=60, created=True))
    die_when(one, lambda: one.billed)
    one.run(on_ambiguous="resubmit")
    assert (one.statuses, one.billed) == ({"landed": 1}, 2)


def test_after_the_payment_was_recorded_the_task_is_waited_for(one):
    one.emulator.add_faults(Fault("submit", "latency", seconds=3))
    die_when(one, lambda: "paid" in events(one))
    summary = one.run()
    assert (one.statuses, one.billed, summary["submitted"]) == ({"landed": 1}, 1, 1)


def test_after_landing_and_before_the_row_it_lands_again_for_nothing(one):
    one.emulator.add_faults(Fault("result", "slow_body", seconds=2))
    die_when(one, lambda: one.emulator.counts().get("GET /results/{task_id}/{index}.png"))
    one.run()
    assert (one.statuses, one.billed) == ({"landed": 1}, 1)
    assert events(one).count("ended") == 1


def test_before_anything_is_sent_nothing_is_in_doubt(one):
    die_when(one, lambda: list(one.folder.glob("out/.phota-batches/*/plans/*/plan.json")))
    one.run()
    assert (one.statuses, one.billed) == ({"landed": 1}, 1)
