"""The trouble of one item is not the end of the batch; trouble that all items have is."""

from __future__ import annotations

import asyncio

import pytest
from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_phota.api.errors import PhotaUnreachable
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.batch.neighbours import Neighbours, PhotaItemNotSent
from airflow_provider_phota.batch.patience import Patience
from airflow_provider_phota.emulator import Fault

FEW = Patience(60.0, Backoff(tries=3, first=0.01, longest=0.02))


async def fail():
    raise PhotaUnreachable("The store answers 500.")


async def pass_through():
    return "passed"


def outcome(act):
    try:
        return asyncio.run(act())
    except PhotaUnreachable as error:
        return error
    except PhotaItemNotSent as error:
        return error


def test_an_item_that_fails_while_others_get_through_is_alone_in_trouble():
    neighbours = Neighbours()

    async def act():
        async def others():
            while True:
                await neighbours.repeat("publish", FEW, pass_through)
                await asyncio.sleep(0.001)

        task = asyncio.create_task(others())
        try:
            return await neighbours.repeat("publish", FEW, fail)
        finally:
            task.cancel()

    error = outcome(act)
    assert isinstance(error, PhotaItemNotSent)
    assert "Other items got through meanwhile." in str(error)
    assert not error.retryable


@pytest.mark.parametrize("step", ["publish", "prepare"])
def test_what_got_through_before_or_elsewhere_says_nothing(step):
    neighbours = Neighbours()

    async def act():
        await neighbours.repeat(step, FEW, pass_through)
        return await neighbours.repeat("publish", FEW, fail)

    assert isinstance(outcome(act), PhotaUnreachable)


def test_one_picture_that_cannot_be_uploaded_is_a_row_and_the_next_attempt_tries_it_again(shop):
    shop.add_pictures(40)
    shop.emulator.add_faults(
        Fault("submit", "status", status=429, match={"prompt": "Make 003 shine"}, times=None)
    )
    error = shop.fail(in_flight=2, max_unreachable=5.0, max_failures=0)
    assert type(error) is AirflowException
    assert "1 of them could not be sent: a retry sends them, which is billed." in str(error)
    assert (shop.statuses["failed"], shop.statuses["landed"]) == (1, shop.billed)
    row = shop.rows["003.png"]
    assert row["can_retry"]
    assert row["phota_task_id"] is None
    assert "Other items got through meanwhile" in row["error"]
    shop.emulator.clear_faults()
    assert shop.run()["counts"]["landed"] == shop.billed == 40


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_task_that_may_not_be_asked_about_is_a_row_and_not_the_end(shop, status, monkeypatch):
    monkeypatch.setattr("airflow_provider_phota.batch.course._SHORTEST_WAIT", 1.0)
    shop.add_pictures(5)
    shop.emulator.add_faults(Fault("submit", "latency", match={"prompt": "Make 001 shine"}, seconds=3600.0))
    shop.try_to_run(timeout=2.0)
    (stuck,) = [entry for entry in shop.emulator.ledger() if "001" in entry.request["prompt"]]
    shop.emulator.add_faults(Fault("task", "status", status=status, match={"task_id": stuck.id}, times=None))
    shop.add_pictures(8)
    assert shop.run()["counts"] | {"landed": 7, "failed": 1} == shop.run()["counts"]
    assert shop.rows["001.png"]["can_retry"]
    assert "Cannot ask about PHOTA task" in shop.rows["001.png"]["error"]
    shop.clear().run(redo=["001.png"])
    assert (shop.statuses, shop.billed) == ({"landed": 8}, 9)
