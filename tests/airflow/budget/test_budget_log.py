"""The log of a budget on a disk and on S3: what it admits, whoever asks, and what it does when its store fails."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import uuid4

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_phota.api.errors import PhotaBudgetUnusable
from airflow_provider_phota.budget.log import BudgetLog, name_of, number_in
from airflow_provider_phota.budget.state import Exceeded
from airflow_provider_phota.storage.paths import Place, checked_path

pytestmark = pytest.mark.usefixtures("metadata_database")
LIMIT = Decimal(10)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from tests.chaos.object_store import S3Server

    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["file", "s3"])
def folder(request, tmp_path, monkeypatch):
    if request.param == "file":
        return Place.of(checked_path("budget_path", f"file://{tmp_path}/budget")) / "2026-11"
    server = request.getfixturevalue("server")
    monkeypatch.setenv("AIRFLOW_CONN_AWS_STORES", server.connection)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    bucket = f"budget-{uuid4().hex[:8]}"
    server.make_bucket(bucket)
    return Place.of(checked_path("budget_path", f"s3://aws_stores@{bucket}/budget")) / "2026-11"


def admitted(folder, asks):
    """Returns how many of these asks of 1 are admitted by a process that asks one after the other."""
    log, number = BudgetLog(folder), 0
    for _ in range(asks):
        try:
            log.reserve(uuid4().hex, Decimal(1), LIMIT)
        except Exceeded:
            continue
        number += 1
    return number


def test_exactly_the_limit_is_admitted_to_all_who_ask_at_once(folder):
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: admitted(folder, 5), range(8))) == 10
    state = BudgetLog(folder).state()
    assert (state.number, state.reserved, state.spent) == (10, 10, 0)


def test_what_one_settles_another_can_spend(folder):
    one, other = BudgetLog(folder), BudgetLog(folder)
    one.reserve("a", Decimal(7), LIMIT)
    with pytest.raises(Exceeded):
        other.reserve("b", Decimal(4), LIMIT)
    other.settle({"a": Decimal(6)})
    one.settle({"a": Decimal(6)})
    assert other.reserve("b", Decimal(4), LIMIT)[1].spent == 6
    assert one.state() == other.state()
    assert one.state().open["b"].amount == 4


def test_nothing_is_sent_if_the_last_entry_is_gone(folder):
    """An empty log means that nothing is spent yet, so one that has lost its end must not pass for it."""
    log = BudgetLog(folder, patience=1.0)
    log.reserve("a", Decimal(1), LIMIT)
    folder.fs.rm_file((folder / name_of(1)).path)
    with pytest.raises(PhotaBudgetUnusable, match="Nothing is sent without it"):
        log.reserve("b", Decimal(1), LIMIT)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"entry": 2, "spent": "0", "open": {}, "running": {}, "warned": "0"}',
        b'{"entry": 1, "spent": "much", "open": {}, "running": {}, "warned": "0"}',
        b'{"entry": 1, "spent": "0", "open": [], "running": {}, "warned": "0"}',
    ],
)
def test_a_damaged_entry_is_named(folder, content):
    BudgetLog(folder).reserve("a", Decimal(1), LIMIT)
    folder.fs.pipe_file((folder / name_of(1)).path, content)
    with pytest.raises(PhotaBudgetUnusable, match=r"000000/001\.json is damaged"):
        BudgetLog(folder).reserve("b", Decimal(1), LIMIT)


def test_the_entries_of_a_long_log_are_in_folders_of_a_thousand(folder, monkeypatch):
    monkeypatch.setattr(f"{BudgetLog.__module__}._IN_FOLDER", 10)
    log = BudgetLog(folder)
    for number in range(12):
        log.settle({str(number): Decimal(0)}) if log.reserve(str(number), Decimal(1), LIMIT) else None
    assert BudgetLog(folder).state().number == 24
    assert [number_in(name_of(number)) for number in (1, 9, 10, 24)] == [1, 9, 10, 24]
    assert [number_in(name) for name in ("000000/001.txt", "clock", "000000/\u0661.json", "x/001.json")] == [
        0,
        0,
        0,
        0,
    ]


def test_nothing_is_admitted_by_a_clock_that_differs_from_the_stores(folder, monkeypatch):
    now = time.time
    monkeypatch.setattr("airflow_provider_phota.budget.log.time.time", lambda: now() - 7_200)
    with pytest.raises(PhotaBudgetUnusable, match=r"differs from the store's by -7\d\d\d s"):
        BudgetLog(folder).reserve("a", Decimal(1), LIMIT)
    monkeypatch.undo()
    assert BudgetLog(folder).state().used == 0


def test_a_reservation_that_is_confirmed_much_later_is_not_taken_for_a_wrong_clock(tmp_path):
    """Between the two, pictures are published, which may take long."""
    folder = Place.of(checked_path("budget_path", f"file://{tmp_path}/budget"))
    BudgetLog(folder).reserve("a", Decimal(1), LIMIT)
    os.utime((folder / name_of(1)).path, (time.time() - 3_600,) * 2)
    _, state = BudgetLog(folder).reserve("a", Decimal(1), LIMIT)
    assert (state.number, state.used) == (1, 1)


def test_a_store_that_cannot_create_exclusively_is_refused():
    place = Place(MemoryFileSystem(), "memory", "/budget", "memory://budget")
    with pytest.raises(PhotaBudgetUnusable, match="cannot create an object exclusively"):
        BudgetLog(place).reserve("a", Decimal(1), LIMIT)
