"""What is recorded is found by the next process, and only one process sends."""

from __future__ import annotations

import asyncio
import time

import pytest
from journal_of import in_a_minute, intent_of, landed, open_journal, paid_for, pay

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.journal import segments as segments_module
from airflow_provider_phota.journal import writer as writer_module
from airflow_provider_phota.journal.events import Doubtful
from airflow_provider_phota.journal.history import Phase
from airflow_provider_phota.journal.rows import Status
from airflow_provider_phota.journal.writer import Overtaken
from airflow_provider_phota.storage import objects

pytestmark = pytest.mark.usefixtures("metadata_database")


def test_what_is_recorded_is_found_by_the_next_process(folder):
    async def first():
        journal = await open_journal(folder)
        await asyncio.gather(*(pay(journal, f"i{number}") for number in range(50)))
        journal.add(landed("i0"))
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
    assert [end.row.key for end in journal.segments.ends(journal.state)] == ["key-i0"]
    assert journal.is_of_earlier_try(journal.state.item("i0"))


def test_a_process_that_is_overtaken_sends_nothing_and_still_records_ids(folder):
    async def run():
        old = await open_journal(folder)
        intent = await pay(old, "a")
        late = intent_of("b")
        await old.intend(late, in_a_minute())
        new = await open_journal(folder, 2)
        with pytest.raises(Overtaken, match="another process has taken over"):
            await pay(old, "c")
        with pytest.raises(Overtaken, match="another process has taken over"):
            await pay(old, "d")
        assert (old.overtaken, new.overtaken) == (True, False)
        waiting = new.state.item("b")
        assert waiting.phase is Phase.INTENDED
        assert 50.0 < new.seconds_left(waiting) <= 60.0
        await old.append(paid_for(late))
        await old.close()
        assert await new.reread() == 3
        assert new.state.item("b").phota_task_id == "task-b"
        assert new.state.item("a").sending.token == intent.token
        assert new.state.item("c").phase is Phase.NEW
        assert new.state.item("d") is None
        await new.close()

    asyncio.run(run())


def test_an_overtaken_process_may_send_for_as_long_as_its_intent_says(folder):
    async def run():
        old = await open_journal(folder)
        for item, seconds in (("a", 60.0), ("b", 0.5), ("c", 60.0)):
            intent = intent_of(item, seconds=seconds)
            await old.intend(intent, in_a_minute())
        await old.append(Doubtful("c", 1, intent.token, time.time(), "reset"))
        new = await open_journal(folder)
        items = {item: new.state.item(item) for item in "abc"}
        assert 50.0 < new.seconds_left(items["a"]) <= 60.0
        assert new.seconds_left(items["c"]) == 0.0  # it is not being sent any more
        await asyncio.sleep(0.6)
        assert new.seconds_left(items["b"]) == 0.0
        assert old.seconds_left(old.state.item("a")) == 0.0  # its own
        late = intent_of("d")
        with pytest.raises(Overtaken):
            await old.intend(late, in_a_minute())
        await asyncio.gather(old.close(), new.close())

    asyncio.run(run())


def test_a_try_goes_on_after_a_deferral_and_a_later_try_begins_again(disk_folder):
    async def run():
        for try_number in (1, 1, 2):
            journal = await open_journal(disk_folder, try_number)
            if journal.lease.number == 1:
                await pay(journal, "a")
                await journal.append(landed("a"))
            yield journal.is_of_earlier_try(journal.state.item("a"))
            await journal.close()

    async def answers():
        return [answer async for answer in run()]

    assert asyncio.run(answers()) == [False, False, True]


def test_an_intent_that_is_recorded_too_late_is_taken_back(folder):
    async def run():
        journal = await open_journal(folder)
        with pytest.raises(Overtaken, match="its time was over"):
            await journal.intend(intent_of("a"), time.monotonic())
        assert not journal.overtaken
        await journal.close()
        return (await reopened(folder)).item("a")

    assert asyncio.run(run()).phase is Phase.NEW


def test_an_intent_whose_coroutine_is_cancelled_is_taken_back(disk_folder):
    async def run():
        journal = await open_journal(disk_folder, gathering=0.2)
        sending = asyncio.create_task(journal.intend(intent_of("a"), in_a_minute()))
        await asyncio.sleep(0.05)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await journal.close()
        return (await reopened(disk_folder)).item("a")

    assert asyncio.run(run()).phase is Phase.NEW


async def reopened(folder):
    journal = await open_journal(folder, 2)
    await journal.close()
    return journal.state


def test_events_that_happen_together_share_an_object(disk_folder):
    async def run():
        journal = await open_journal(disk_folder, gathering=0.25)
        await asyncio.gather(*(pay(journal, f"i{number}") for number in range(200)))
        await journal.close()

    asyncio.run(run())
    assert len(objects.names(disk_folder / "segments")) == 2


def test_a_closed_journal_takes_nothing(disk_folder):
    async def run():
        journal = await open_journal(disk_folder)
        await journal.close()
        with pytest.raises(RuntimeError, match="closed"):
            await journal.append(landed("a"))

    asyncio.run(run())


@pytest.mark.parametrize("mode", ["failing", "forbidden", "hanging", "unanswered"])
def test_a_store_that_fails_for_a_while_costs_time_and_nothing_else(bucket, s3_folder, mode):
    async def run():
        journal = await open_journal(s3_folder, longest_call=1.0)
        await pay(journal, "a")
        bucket.gate(mode)
        paying = asyncio.gather(pay(journal, "b"), pay(journal, "c"))
        await asyncio.sleep(2.5)
        assert not paying.done()
        bucket.gate("open")
        await paying
        await journal.append(landed("a"))
        await journal.close()
        return await reopened(s3_folder)

    state = asyncio.run(run())
    assert state.payments == 3
    assert [item.phase for item in state.open_items()] == [Phase.PAID, Phase.PAID]


def test_a_store_that_fails_for_too_long_stops_the_sending_and_keeps_the_ids(bucket, s3_folder, caplog):
    async def run():
        journal = await open_journal(s3_folder, seconds=0.3, longest_call=5.0)
        intents = [intent_of("a"), intent_of("b")]
        for intent in intents:
            await journal.intend(intent, in_a_minute())
        bucket.gate("forbidden")
        with pytest.raises(PhotaLedgerError, match="could not be written") as caught:
            await journal.append(paid_for(intents[0]))
        assert "rights to list" in str(caught.value)
        assert "PHOTA task task-a is paid for, but not recorded yet" in caplog.text
        with pytest.raises(PhotaLedgerError):
            await journal.intend(intent_of("c"), in_a_minute())
        bucket.gate("open")
        await journal.append(paid_for(intents[1]))
        await journal.close()
        return await reopened(s3_folder)

    state = asyncio.run(run())
    assert {item.phota_task_id for item in state.open_items()} == {"task-a", "task-b"}


def test_what_cannot_be_written_to_the_end_is_said(bucket, s3_folder):
    async def run():
        journal = await open_journal(s3_folder, seconds=0.3, longest_call=5.0)
        bucket.gate("forbidden")
        journal.add(landed("a"))
        with pytest.raises(PhotaLedgerError, match="1 events of this batch are not in its journal"):
            await journal.close()
        bucket.gate("open")

    asyncio.run(run())


def test_a_journal_whose_lease_is_shared_stops_at_once(disk_folder, caplog):
    """It can happen in a store that lets two processes create the same object."""

    async def run():
        journal = await open_journal(disk_folder)
        segments_module.Segments(disk_folder, journal.lease.number).write([intent_of("x")])
        with pytest.raises(PhotaLedgerError, match="under the same lease"):
            await pay(journal, "a")
        with pytest.raises(PhotaLedgerError, match="any more"):
            await pay(journal, "b")
        with pytest.raises(PhotaLedgerError, match="under the same lease"):
            await journal.close()

    asyncio.run(run())
    assert "not taken back" in caplog.text


def test_a_store_that_fails_at_the_beginning_is_waited_for(bucket, s3_folder):
    async def run():
        bucket.gate("failing")
        opening = asyncio.create_task(open_journal(s3_folder))
        await asyncio.sleep(1.0)
        bucket.gate("open")
        await (await opening).close()

    asyncio.run(run())


def test_a_long_journal_is_archived_while_it_is_written(folder, monkeypatch):
    for module in (writer_module, segments_module):
        monkeypatch.setattr(module, "MANY", 5)

    async def run():
        journal = await open_journal(folder, gathering=0.0)
        for number in range(20):
            await pay(journal, f"i{number}")
        await journal.close()
        return await reopened(folder)

    state = asyncio.run(run())
    assert state.payments == 20
    assert objects.names(folder / "archives")
    assert len(objects.names(folder / "segments")) < 30
