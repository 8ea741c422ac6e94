"""A journal on a disk: what is recorded is found by the next process, and only one process sends."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.journal.events import Ended, Intent, Paid
from airflow_provider_phota.journal.history import Phase
from airflow_provider_phota.journal.leases import BatchOwner
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.journal.writer import Journal, Overtaken
from airflow_provider_phota.storage.paths import Place

pytestmark = pytest.mark.usefixtures("metadata_database")

OWNER = BatchOwner("dag", "run", "edit")


@pytest.fixture
def folder(tmp_path):
    return Place.of(ObjectStoragePath(f"file://{tmp_path}/journal"))


def open_journal(folder, try_number=1):
    return Journal.open(folder, OWNER, try_number, "plan", gathering=0.01)


def intent_of(item, generation=1):
    return Intent(item, generation, uuid4().hex, time.time(), 60.0, f"fp-{item}")


def in_a_minute():
    return time.monotonic() + 60.0


async def pay(journal, item):
    intent = intent_of(item)
    await journal.intend(intent, in_a_minute())
    await journal.append(Paid(item, 1, intent.token, f"task-{item}", time.time(), 4.0))
    return intent


def test_what_is_recorded_is_found_by_the_next_process(folder):
    async def first():
        journal = await open_journal(folder)
        await asyncio.gather(*(pay(journal, f"i{number}") for number in range(50)))
        journal.add(Ended("i0", 1, Row(1, "a", Status.LANDED, phota_task_id="task-i0")))
        await journal.close()

    async def second():
        journal = await open_journal(folder, 2)
        await journal.close()
        return journal

    asyncio.run(first())
    journal = asyncio.run(second())
    assert journal.state.item("i7").phota_task_id == "task-i7"
    assert journal.state.status_of("i0") is Status.LANDED
    assert len(list(journal.state.open_items())) == 49
    assert (journal.state.payments, journal.state.credits) == (50, 200.0)
    assert [end.row.key for end in journal.segments.ends()] == ["a"]
    assert journal.is_of_earlier_try(journal.state.item("i0"))


def test_a_process_that_is_overtaken_sends_nothing_and_still_records_ids(folder):
    async def run():
        old = await open_journal(folder)
        intent = await pay(old, "a")
        late = intent_of("b")
        await old.intend(late, in_a_minute())
        new = await open_journal(folder, 2)
        with pytest.raises(Overtaken):
            await pay(old, "c")
        assert old.overtaken
        assert not new.overtaken
        waiting = new.state.item("b")
        assert waiting.phase is Phase.INTENDED
        assert 50.0 < new.seconds_left(waiting) <= 60.0
        await old.append(Paid("b", 1, late.token, "task-b", time.time()))
        await old.close()
        await new.reread()
        assert new.state.item("b").phota_task_id == "task-b"
        assert new.state.item("a").sending.token == intent.token
        assert new.state.item("c").phase is Phase.NEW
        await new.close()

    asyncio.run(run())


def test_an_intent_that_is_recorded_too_late_is_taken_back(folder):
    async def run():
        journal = await open_journal(folder)
        with pytest.raises(Overtaken):
            await journal.intend(intent_of("a"), time.monotonic())
        assert not journal.overtaken
        await journal.close()
        return journal.state.item("a")

    assert asyncio.run(run()).phase is Phase.NEW
