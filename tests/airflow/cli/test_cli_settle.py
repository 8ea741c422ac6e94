"""`settle`: what attempts that are over have left reserved becomes what it has cost, and nothing else does."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from decimal import Decimal

import pytest
from airflow_runs import run

from airflow_provider_phota.api.errors import PhotaBudgetUnusable
from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.budget.owners import owner_name
from airflow_provider_phota.cli.verdicts import UNDER_WAY, UNREAD
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.storage.paths import Place, checked_path

pytestmark = pytest.mark.usefixtures("at_once")
PRICE = Decimal("0.05")


@pytest.fixture
def budget(connect, tmp_path):
    """The log of a budget that the connection names, next to a ledger."""
    (tmp_path / "ledger").mkdir()
    path = f"file://{tmp_path}/budget"
    connect(budget="5 USD / total", budget_path=path, ledger_path=f"file://{tmp_path}/ledger")
    return BudgetLog(Place.of(checked_path("budget_path", path)) / "all" / "usd" / "total")


def away(*_args, **_more):
    raise PhotaBudgetUnusable("away")


def settled(phota):
    done = phota("settle", "--json")
    return done.json["budgets"][0], [each["why"] for each in done.json["kept"]]


def test_what_an_attempt_could_not_settle_is_settled_from_the_ledger(
    phota, emulator, budget, picture_url, monkeypatch
):
    with monkeypatch.context() as broken:
        broken.setattr(BudgetLog, "settle", away)
        run("submit_only", image_urls=picture_url)
    assert budget.state().reserved == PRICE
    total, kept = settled(phota)
    assert (total["spent"], total["reserved"], kept) == (0.05, 0.0, [])
    assert settled(phota) == (total, [])


def test_an_order_of_the_command_line_is_settled_from_the_ledger_too(
    phota, budget, photo, monkeypatch, tmp_path
):
    with monkeypatch.context() as broken:
        broken.setattr(BudgetLog, "settle", away)
        assert phota("edit", photo, "a beach", "--yes", "--to", tmp_path / "out").code == 0
    assert budget.state().reserved == PRICE
    total, kept = settled(phota)
    assert (total["spent"], total["reserved"], kept) == (0.05, 0.0, [])


def test_what_failed_later_is_given_back(phota, emulator, budget, picture_url):
    emulator.add_faults(Fault(on="submit", kind="fail_task", code="out_of_memory", message="no"))
    run("submit_only", image_urls=picture_url)
    assert budget.state().spent == PRICE
    time.sleep(0.4)
    assert settled(phota)[0]["spent"] == 0.0
    assert budget.state().running == {}


def test_what_is_ambiguous_stays_reserved(phota, emulator, budget, picture_url):
    emulator.add_faults(Fault(on="submit", kind="billed_status", status=500))
    run("submit_only", image_urls=picture_url)
    total, kept = settled(phota)
    assert (total["spent"], total["reserved"]) == (0.0, 0.05)
    assert kept == ["it is not known whether the order was billed"]


def test_what_a_person_knows_to_be_unbilled_is_given_back(phota, emulator, budget, picture_url):
    emulator.add_faults(Fault(on="submit", kind="status", status=500))
    run("submit_only", image_urls=picture_url)
    (kept,) = phota("settle", "--json").json["kept"]
    done = phota("settle", "--give-back", kept["reservation"], "--json").json
    assert (done["kept"], done["budgets"][0]["reserved"], done["budgets"][0]["spent"]) == ([], 0.0, 0.0)


def test_what_was_never_sent_is_given_back_once_its_airflow_task_is_over(
    phota, budget, picture_url, monkeypatch
):
    run("submit_only", image_urls=picture_url)
    (payment,) = budget.state().running
    token = f"{payment[:-1]}7/12345678"  # a payment of the same task instance that the ledger does not know
    budget.reserve(token, PRICE, Decimal(5))
    assert settled(phota)[1] == [UNDER_WAY]
    open_since = {token: replace(each, at=0.0) for token, each in budget.state().open.items()}
    budget.settle({token: Decimal(0)}, keep=open_since)
    assert settled(phota)[1] == [UNDER_WAY]  # it has ended just now: a process that Airflow gave up may go on
    monkeypatch.setattr("airflow_provider_phota.cli.verdicts._UNDER_WAY", -1.0)
    assert settled(phota)[1] == []
    assert budget.state().reserved == 0


def test_nothing_is_given_back_by_a_record_that_cannot_be_read(
    phota, emulator, budget, picture_url, monkeypatch, tmp_path
):
    run("submit_only", image_urls=picture_url)
    (record,) = tmp_path.glob("ledger/*/*-task*.json")
    (payment,) = budget.state().running
    token = f"{payment[:-1]}2/12345678"
    budget.reserve(token, PRICE, Decimal(5))
    monkeypatch.setattr("airflow_provider_phota.cli.verdicts._UNDER_WAY", -1.0)
    record.with_name(f"{'0' * 64}-2-intent.json").write_text("{")
    done = phota("settle", "--json")
    assert (done.code, budget.state().reserved) == (1, PRICE)
    assert [each["why"] for each in done.json["kept"]] == ["not all ledgers and journals could be read"]


def test_what_nobody_knows_stays_reserved(phota, budget):
    budget.reserve("0123456789abcdef0123456789abcdef-12345678-1/x", PRICE, Decimal(5))
    assert settled(phota)[1] == ["no ledger or journal that was read knows the Airflow task"]


def test_what_a_batch_could_not_settle_is_settled_from_its_journal(
    phota, emulator, budget, shop, monkeypatch
):
    shop.add_pictures(4)
    emulator.add_faults(
        Fault(on="submit", kind="fail_task", code="oom", message="no", match={"prompt": "Make 001 shine"}),
        Fault(on="submit", kind="billed_status", status=500, match={"prompt": "Make 002 shine"}),
    )
    with monkeypatch.context() as broken:
        broken.setattr(BudgetLog, "settle", away)
        shop.run()
    assert budget.state().reserved == 4 * PRICE
    assert settled(phota)[1] == [UNDER_WAY]  # this Airflow does not know it
    monkeypatch.setattr("airflow_provider_phota.cli.verdicts.is_over", lambda *_: True)
    total, _ = settled(phota)
    assert (total["spent"], total["reserved"]) == (0.1, 0.05)
    assert settled(phota) == (total, ["it is not known whether the order was billed"])


def test_what_a_batch_has_paid_for_and_not_brought_home_is_spent(phota, emulator, budget, shop, monkeypatch):
    shop.add_pictures(2)
    emulator.add_faults(Fault("result", "status", status=500, times=None, match={"prompt": "Make 001 shine"}))
    monkeypatch.setattr("airflow_provider_phota.batch.attempt._LANDING_PATIENCE", 0.1)
    shop.run()
    assert (budget.state().spent, budget.state().reserved) == (PRICE, PRICE)
    monkeypatch.setattr("airflow_provider_phota.cli.verdicts.is_over", lambda *_: True)
    assert settled(phota)[1] == []
    assert (budget.state().spent, budget.state().reserved) == (2 * PRICE, 0)


def test_a_damaged_journal_keeps_what_its_batch_has_reserved_and_nothing_else(
    phota, budget, shop, picture_url, monkeypatch
):
    with monkeypatch.context() as broken:
        broken.setattr(BudgetLog, "settle", away)
        run("submit_only", image_urls=picture_url)
        shop.add_pictures(2).run()
    for segment in shop.folder.glob("ledger/batches/*/segments/*"):
        segment.write_bytes(b"{")
    monkeypatch.setattr("airflow_provider_phota.cli.verdicts.is_over", lambda *_: True)
    done = phota("settle", "--json")
    assert (done.code, [each["why"] for each in done.json["kept"]]) == (1, [UNREAD])
    assert (budget.state().spent, budget.state().reserved) == (PRICE, 2 * PRICE)


def test_a_block_that_no_order_has_used_is_given_back(phota, budget, shop, monkeypatch):
    shop.add_pictures(1).run()
    (folder,) = shop.folder.glob("ledger/batches/*")
    place = Place.of(checked_path("journal", f"file://{folder}"))
    owner = owner_name(InstanceName("dag", "run", "edit", -1), place)
    budget.reserve(f"{owner}-b9.1@{time.time():.0f}", PRICE, Decimal(5))
    monkeypatch.setattr("airflow_provider_phota.cli.verdicts.is_over", lambda *_: True)
    assert settled(phota)[0]["reserved"] == 0.0


def test_without_a_budget_path_it_says_so(phota, connect):
    connect()
    done = phota("settle")
    assert done.code == 2
    assert "budget_path: is not set" in done.err


def test_people_see_a_table(phota, budget, picture_url):
    run("submit_only", image_urls=picture_url)
    out = phota("settle").out
    assert all(words in out for words in ("all", "total", "USD", "0.05"))
    assert json.dumps("kept") not in out
