"""`before_sending` is called once the connection is established, before the first byte is sent."""

import pytest
from driving import Account, Run
from http_text import ACCEPTED, TASK_ID, answer
from raw_server import RawServer, answers, closed_port

from airflow_provider_phota.api.errors import PhotaUnreachable
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import submit
from airflow_provider_phota.api.retry import Backoff

EDIT = EditOrder("make it winter", ("https://pictures.example/lake.jpg",))
TWICE = Backoff(tries=2, first=0.01)


class NoDisk(Exception):
    """Stands for an error that a ledger raises."""


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
