"""Two Airflow installations that share a budget: the same DAG and the same run in both are not the same order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_phota.budget.owners import owner_name, run_name
from airflow_provider_phota.compat import BASE_URL_SECTION
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.storage.paths import Place, checked_path

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")
NAME = InstanceName("dag", "scheduled__2026-11-27", "edit", -1)
BASE_URL = f"AIRFLOW__{BASE_URL_SECTION.upper()}__BASE_URL"


def place(path):
    return Place.of(checked_path("ledger_path", f"file://{path}"))


def test_the_same_task_instance_has_one_name_in_all_its_attempts(tmp_path):
    assert owner_name(NAME, place(tmp_path)) == owner_name(NAME, place(f"{tmp_path}/"))
    assert owner_name(NAME, None) == owner_name(NAME, None)
    assert owner_name(NAME, None).startswith(NAME.digest)


def test_another_ledger_or_another_installation_makes_another_name(tmp_path, monkeypatch):
    names = {owner_name(NAME, None), owner_name(NAME, place(tmp_path))}
    runs = {run_name("dag", "run")}
    monkeypatch.setenv(BASE_URL, "https://staging.example")
    names |= {owner_name(NAME, None), owner_name(NAME, place(tmp_path))}
    runs |= {run_name("dag", "run")}
    assert (len(names), len(runs)) == (4, 2)


def test_the_same_order_of_two_installations_has_to_fit_twice(shop, tmp_path):
    (tmp_path / "staging").mkdir()
    shop.connect(budget="0.05 USD / total")
    shop.order("a")
    shop.connect(budget="0.05 USD / total", ledger_path=f"file://{tmp_path}/staging")
    with pytest.raises(AirflowFailException, match="used up"):
        shop.order("a")
    assert len(shop.emulator.ledger()) == 1
    assert shop.state().used == Decimal("0.03")
