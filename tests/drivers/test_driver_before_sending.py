"""`before_sending` is called once the connection is established, before the first byte is sent."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from typing import Any

import pytest
from certificates import Certificates
from driving import Account, Run, run_over_aiohttp, run_over_requests
from http_text import ACCEPTED, TASK_ID, answer
from raw_server import Behaviour, Peer, RawServer, answers, closed_port

from airflow_provider_phota.api.errors import PhotaUnreachable
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import submit
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.wire import BeforeSending
from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver

EDIT = EditOrder("make it winter", ("https://pictures.example/lake.jpg",))
TWICE = Backoff(tries=2, first=0.01)


#: More than the threads that an event loop has for everybody, on any machine.
MANY = 200


class NoDisk(Exception):
    """Stands for an error that a ledger raises."""


async def fail_later() -> None:
    await asyncio.sleep(0.01)
    raise NoDisk


def make_coroutine() -> Coroutine[Any, Any, None]:
    return fail_later()


def test_it_is_done_when_the_connection_stands_and_before_a_byte_left(run: Run, account: Account) -> None:
    with RawServer((answers(ACCEPTED),)) as server:
        seen = []
        task = run(
            submit(EDIT, TWICE, before_sending=lambda: seen.append(list(server.received))),
            account(server.url),
        )
    assert task.id == TASK_ID
    assert seen == [[]]
    assert len(server.posts()) == 1


def test_it_is_done_once_for_each_time_the_request_goes_out(run: Run, account: Account) -> None:
    rejected = answer(429, "{}")
    with RawServer((answers(rejected), answers(ACCEPTED))) as server:
        calls: list[None] = []
        run(submit(EDIT, TWICE, before_sending=lambda: calls.append(None)), account(server.url))
    assert len(calls) == len(server.posts()) == 2


def test_it_is_not_done_where_no_connection_stands(run: Run, account: Account) -> None:
    calls: list[None] = []
    with closed_port() as port, pytest.raises(PhotaUnreachable):
        run(
            submit(EDIT, TWICE, before_sending=lambda: calls.append(None)),
            account(f"http://127.0.0.1:{port}"),
        )
    assert calls == []


def test_where_it_fails_nothing_is_sent_and_its_own_error_is_raised(run: Run, account: Account) -> None:
    def fail() -> None:
        raise NoDisk

    with RawServer((answers(ACCEPTED),)) as server, pytest.raises(NoDisk):
        run(submit(EDIT, TWICE, before_sending=fail), account(server.url))
    assert server.received == []


@pytest.mark.parametrize("before_sending", [fail_later, make_coroutine], ids=["coroutine", "plain"])
def test_where_its_coroutine_fails_nothing_is_sent_and_its_own_error_is_raised(
    account: Account, before_sending: BeforeSending
) -> None:
    with RawServer((answers(ACCEPTED),)) as server, pytest.raises(NoDisk):
        run_over_aiohttp(submit(EDIT, TWICE, before_sending=before_sending), account(server.url))
    assert server.received == []


@pytest.mark.parametrize("before_sending", [fail_later, make_coroutine], ids=["coroutine", "plain"])
def test_a_coroutine_is_refused_where_there_is_no_event_loop(
    account: Account, before_sending: BeforeSending
) -> None:
    with RawServer((answers(ACCEPTED),)) as server, pytest.raises(TypeError, match="plain function"):
        run_over_requests(submit(EDIT, TWICE, before_sending=before_sending), account(server.url))
    assert server.received == []


def test_a_coroutine_is_awaited_once_for_each_time_the_request_goes_out(account: Account) -> None:
    rejected = answer(429, "{}")
    with RawServer((answers(rejected), answers(ACCEPTED))) as server:
        seen: list[int] = []

        async def note() -> None:
            await asyncio.sleep(0.01)
            seen.append(len(server.received))

        run_over_aiohttp(submit(EDIT, TWICE, before_sending=note), account(server.url))
    assert seen == [0, 1]
    assert len(server.posts()) == 2


def test_many_coroutines_that_wait_for_each_other_go_on(account: Account) -> None:
    """In threads, of which there are few, the first ones would wait for the others without end."""
    everybody = asyncio.Barrier(MANY)

    async def meet() -> None:
        await everybody.wait()

    async def submit_all(url: str) -> set[str]:
        async with AiohttpDriver(account(url)) as driver:
            submits = (driver.run(submit(EDIT, TWICE, before_sending=meet)) for _ in range(MANY))
            return {task.id for task in await asyncio.gather(*submits)}

    with RawServer((answers(ACCEPTED),)) as server:
        assert asyncio.run(submit_all(server.url)) == {TASK_ID}
    assert len(server.posts()) == MANY


@pytest.fixture(params=["http", "https"])
def tls(request: pytest.FixtureRequest, certificates: Certificates) -> ssl.SSLContext | None:
    return certificates.server("127.0.0.1") if request.param == "https" else None


@pytest.mark.parametrize("leave", [lambda peer: peer.sock.close(), Peer.reset], ids=["FIN", "RST"])
def test_a_connection_that_is_closed_meanwhile_is_not_used(
    run: Run, account: Account, tls: ssl.SSLContext | None, leave: Behaviour
) -> None:
    """A gateway closes a connection on which no request comes, and a ledger's store may be slower than that."""
    called, gone, calls = threading.Event(), threading.Event(), []

    def leave_first(peer: Peer) -> None:
        called.wait(20.0)
        leave(peer)
        gone.set()

    def wait_until_gone() -> None:
        called.set()
        calls.append(gone.wait(20.0))

    async def wait_until_noticed() -> None:
        await asyncio.to_thread(wait_until_gone)
        for _ in range(20):  # the loop reads it from the socket, and passes it on from layer to layer
            await asyncio.sleep(0)

    before_sending = wait_until_noticed if run is run_over_aiohttp else wait_until_gone
    with RawServer((leave_first, answers(ACCEPTED)), tls=tls) as server:
        task = run(submit(EDIT, TWICE, before_sending=before_sending), account(server.url))
    assert task.id == TASK_ID
    assert calls == [True, True]
    assert server.connections == 2
    assert len(server.posts()) == 1
