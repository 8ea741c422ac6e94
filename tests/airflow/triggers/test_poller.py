"""All the waits of a connection ask through one poller: many triggers on one event loop, and a service."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from airflow_provider_phota.drivers.aiohttp_driver import CONNECTIONS
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.polling.durations import Observation
from airflow_provider_phota.triggers import pace, poller
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent
from airflow_provider_phota.triggers.heap import freeze_heap
from airflow_provider_phota.triggers.phota import PhotaTaskTrigger
from airflow_provider_phota.triggers.poller import SharedPoller

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

#: The emulator takes only keys that begin with "emu-".
REFUSED_KEY = "old-CANARY-0123456789"
ASKED = "GET /v1/tasks/{task_id}"
SEEN = Observation(0.0, "phota-image-edit", 45.0)


@pytest.fixture
def submitted(picture_url):
    """Submits this many edits and returns the IDs of their PHOTA tasks."""
    return lambda count: [PhotaHook().submit_edit("a beach", picture_url).id for _ in range(count)]


@pytest.fixture
def connection(emulator, monkeypatch):
    """Change parts of `phota_default`."""

    def change(**parts):
        whole = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, **parts}
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(whole))

    change(extra={"requests_per_second": 1000})
    return change


@pytest.fixture
def fetches(monkeypatch):
    """Records every read of the connection on an event loop; `then` says what happens after which read."""

    class Fetches(list):
        then = {}  # noqa: RUF012  # one instance

    load, seen = PhotaHook.load_settings, Fetches()

    async def counted(hook):
        seen.append(hook.phota_conn_id)
        if failure := seen.then.get(f"fail {len(seen)}"):
            raise failure
        settings = await load(hook)
        seen.then.get(len(seen), lambda: None)()
        return settings

    monkeypatch.setattr(PhotaHook, "load_settings", counted)
    return seen


@pytest.fixture
def hurried(monkeypatch):
    """Trouble is tried again in fractions of a second."""
    monkeypatch.setattr(pace, "DEFAULT_PAUSES", pace.Pauses(first=0.05, longest=0.2, probe=0.05))


def trigger(phota_task_id, seconds=60.0, **arguments):
    how = {"phota_conn_id": "phota_default", "poll_interval": 0.05, "timeout": seconds, **arguments}
    return PhotaTaskTrigger(phota_task_id, deadline=time.time() + seconds, **how)


async def end_of(waiting):
    (event,) = [event async for event in waiting.run()]
    return WaitEvent.from_dict(event.payload)


async def ends_of(phota_task_ids, **arguments):
    events = await asyncio.gather(*(end_of(trigger(each, **arguments)) for each in phota_task_ids))
    assert [event.phota_task_id for event in events] == list(phota_task_ids)
    return {event.end for event in events}


async def left_nothing(waiting):
    """Returns what a coroutine returns, and checks that nothing goes on and that no poller is open."""
    result = await waiting
    assert asyncio.all_tasks() == {asyncio.current_task()}
    for each in poller._pollers[asyncio.get_running_loop()].values():
        assert (each.waits, each._drivers, list(each._pace._queue)) == (0, {}, [])
    return result


def ends(phota_task_ids, **arguments):
    return asyncio.run(left_nothing(ends_of(phota_task_ids, **arguments)))


class Forwarder:
    """Passes on what comes, and counts connections."""

    def __init__(self, url):
        self.target = urlsplit(url)
        self.accepted, self.forwarding = 0, []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.forward, "127.0.0.1", 0, backlog=1024)
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def forward(self, reader, writer):
        self.accepted += 1
        self.forwarding.append(asyncio.ensure_future(self.copied(reader, writer)))

    async def copied(self, reader, writer):
        there, back = await asyncio.open_connection(self.target.hostname, self.target.port)
        await asyncio.gather(self.copy(reader, back), self.copy(there, writer))

    async def copy(self, reader, writer):
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def all_closed(self):
        async with asyncio.timeout(20.0):
            await asyncio.gather(*self.forwarding)


def test_a_hundred_waits_share_one_account_and_few_connections(emulator, submitted, connection, fetches):
    phota_task_ids = submitted(100)

    async def through_a_forwarder():
        async with Forwarder(emulator.url) as forwarder:
            connection(host=forwarder.url, extra={"requests_per_second": 1000})
            assert await ends_of(phota_task_ids) == {WaitEnd.FINISHED}
            await forwarder.all_closed()  # with the last wait, not with the loop
            return forwarder.accepted

    assert 1 <= asyncio.run(left_nothing(through_a_forwarder())) <= CONNECTIONS
    assert fetches == ["phota_default"]


def test_a_second_batch_opens_again_what_the_first_one_closed(emulator, submitted, connection, fetches):
    first, second = submitted(3), submitted(3)

    async def one_after_the_other():
        return [await left_nothing(ends_of(batch)) for batch in (first, second)]

    assert asyncio.run(one_after_the_other()) == [{WaitEnd.FINISHED}] * 2
    assert len(fetches) == 1


def test_two_event_loops_share_nothing_and_a_dead_one_is_forgotten(submitted, connection, fetches):
    for number in range(1, 5):
        assert ends(submitted(2)) == {WaitEnd.FINISHED}
        assert len(fetches) == number
    gc.unfreeze()  # the first loop of the process is frozen with the rest: that of a triggerer stays anyway
    gc.collect()
    assert len(poller._pollers) <= 1  # asgiref remembers the last loop


def test_the_collector_does_not_look_at_what_was_loaded_before(submitted, connection):
    freeze_heap.cache_clear()
    gc.unfreeze()
    assert ends(submitted(1)) == {WaitEnd.FINISHED}
    loaded = gc.get_freeze_count()
    assert loaded > 100_000
    assert ends(submitted(1)) == {WaitEnd.FINISHED}
    assert gc.get_freeze_count() <= loaded  # only once: what comes later is looked at


def test_another_connection_has_a_poller_of_its_own(emulator, submitted, connection, fetches, monkeypatch):
    monkeypatch.setenv(
        "AIRFLOW_CONN_PHOTA_OTHER",
        json.dumps({"conn_type": "phota", "password": REFUSED_KEY, "host": emulator.url}),
    )
    one, other = submitted(2)

    async def both():
        return [
            event.end
            for event in await asyncio.gather(
                end_of(trigger(one)), end_of(trigger(other, phota_conn_id="phota_other"))
            )
        ]

    assert asyncio.run(left_nothing(both())) == [WaitEnd.FINISHED, WaitEnd.REFUSED]


def test_a_rotated_key_is_used_by_all_waits_without_a_restart(emulator, submitted, connection, fetches):
    phota_task_ids = submitted(20)
    connection(password=REFUSED_KEY)
    fetches.then[1] = connection  # the new key, right after the old one was read
    assert ends(phota_task_ids) == {WaitEnd.FINISHED}
    assert len(fetches) == 2
    refused = [request for request in emulator.requests() if request.status == 401]
    assert 1 <= len(refused) <= 20


def test_a_key_that_stays_refused_ends_all_waits_after_one_more_look(
    emulator, submitted, connection, fetches
):
    phota_task_ids = submitted(30)
    connection(password=REFUSED_KEY)
    assert ends(phota_task_ids) == {WaitEnd.REFUSED}
    assert len(fetches) == 2
    assert emulator.counts()[ASKED] == 30


def test_a_rotated_key_that_cannot_be_read_for_a_moment_ends_no_wait(submitted, connection, fetches):
    phota_task_ids = submitted(5)
    connection(password=REFUSED_KEY)
    fetches.then |= {1: connection, "fail 2": OSError("the database is away")}
    assert ends(phota_task_ids) == {WaitEnd.FINISHED}


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "status", "status": 429, "headers": {"Retry-After": "0"}, "times": 5},
        {"kind": "status", "status": 503, "headers": {"Retry-After": "1"}, "times": 2},
        {"kind": "reset_before"},
        {"kind": "status", "status": 502, "times": 15},
    ],
    ids=["429", "503 with Retry-After", "reset", "502"],
)
def test_trouble_that_passes_ends_no_wait(emulator, submitted, connection, hurried, trouble):
    phota_task_ids = submitted(60)
    emulator.add_faults(Fault(on="task", **{"times": 30, **trouble}))
    assert ends(phota_task_ids) == {WaitEnd.FINISHED}
    assert emulator.faults() == []


def test_an_outage_is_probed_by_one_for_all_and_each_wait_says_when_it_lost_sight(
    emulator, submitted, connection, hurried
):
    phota_task_ids = submitted(60)
    emulator.add_faults(Fault(on="task", kind="status", status=503, times=None))
    assert ends(phota_task_ids, max_unreachable=1.0) == {WaitEnd.LOST_SIGHT}
    # a busy machine may have sent one for each wait before the first answer came; alone, each would ask twenty times
    assert emulator.counts()[ASKED] < 2 * 60


def test_a_wait_that_is_cancelled_takes_nothing_from_the_others(emulator, submitted, connection):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=600.0))  # of the first one
    phota_task_ids = submitted(10)

    async def one_leaves():
        waits = [asyncio.create_task(end_of(trigger(each))) for each in phota_task_ids]
        await asyncio.sleep(0.02)
        waits[0].cancel()
        first, *others = await asyncio.gather(*waits, return_exceptions=True)
        assert isinstance(first, asyncio.CancelledError)
        return {event.end for event in others}

    assert asyncio.run(left_nothing(one_leaves())) == {WaitEnd.FINISHED}


def test_what_a_cancelled_wait_taught_while_it_went_on_is_forgotten(emulator, submitted, connection):
    emulator.add_faults(Fault(on="task", kind="status_word", word="processing", times=None))

    (phota_task_id,) = submitted(1)
    long_running = trigger(phota_task_id, since=time.time() - 300.0, model=SEEN.model)

    async def forgotten():
        async with SharedPoller("phota_default") as shared:
            before = shared.durations.forecast(SEEN)
            waiting = asyncio.create_task(end_of(long_running))
            async with asyncio.timeout(20.0):
                while shared.durations.forecast(SEEN) == before:  # noqa: ASYNC110  # no event could tell
                    await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            return shared.durations.forecast(SEEN) == before

    assert asyncio.run(left_nothing(forgotten()))


def test_tasks_that_finish_teach_the_waits_after_them(emulator, submitted, connection):
    # long enough to be seen running, or it would not be known how long they took
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=3.0, times=None))

    async def learned():
        async with SharedPoller("phota_default") as shared:
            before = shared.durations.forecast(SEEN).spread
            await ends_of(submitted(5))
            # they take as long as the service says: the forecast becomes more certain
            return shared.durations.forecast(SEEN).spread < before

    assert asyncio.run(left_nothing(learned()))


def test_no_log_record_shows_a_key(emulator, submitted, connection, fetches, hurried, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    phota_task_ids = submitted(5)
    connection(password=REFUSED_KEY)
    fetches.then[1] = connection
    emulator.add_faults(
        Fault(on="task", kind="status", status=429, headers={"Retry-After": "1"}, times=2),
        Fault(on="task", kind="reset_before", times=8),
    )
    assert ends(phota_task_ids) == {WaitEnd.FINISHED}
    out = "".join(capfd.readouterr())
    assert "stay away from the PHOTA service" in caplog.text
    for key in (REFUSED_KEY, emulator.key):
        assert key not in caplog.text
        assert key not in out
        assert not any(key in str(vars(record)) for record in caplog.records)
