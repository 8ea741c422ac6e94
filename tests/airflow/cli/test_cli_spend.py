"""What was spent is what the service has billed, however it was recorded and however it ended."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from airflow_runs import run
from cli_orders import context, edit
from model_orders import EDIT, ENHANCE, GENERATE, PROFILE

from airflow_provider_phota.compat import HAS_TASK_STATE
from airflow_provider_phota.emulator import Emulator, Fault

task_state = pytest.mark.skipif(not HAS_TASK_STATE, reason="Airflow keeps no task state before 3.3")


def cents(amount: Any) -> int:
    return int(Decimal(str(amount)) * 100)


def billed(emulator: Emulator, ids: set[str]) -> int:
    """What the service has billed for the tasks with these IDs, in cents."""
    return sum(entry.credits for entry in emulator.ledger() if entry.id in ids)


def all_ids(emulator: Emulator) -> set[str]:
    return {entry.id for entry in emulator.ledger()}


@pytest.fixture
def mixed(emulator: Emulator, ledger: str, picture) -> Emulator:
    """Orders of four models at both resolutions, three of which fail, and two whose answers are lost."""
    emulator.add_faults(
        Fault(on="submit", kind="fail_task", match={"prompt": "fails"}, times=None),
        Fault(on="submit", kind="reset_after", match={"prompt": "lost"}, times=None),
    )
    for model in (EDIT, GENERATE, ENHANCE):
        for resolution in ("1K", "4K"):
            at = context(f"{model.name}-{resolution}")
            model.order(picture, resolution=resolution).execute(at)
    PROFILE.order(picture).execute(context("profiles"))
    for number, resolution in enumerate(("1K", "4K", "4K")):
        edit(f"failing-{number}", prompt="it fails", resolution=resolution)
    for number, resolution in enumerate(("1K", "4K")):
        edit(f"losing-{number}", prompt="it is lost", resolution=resolution, num_outputs=2)
    assert len(emulator.ledger()) == 12
    return emulator


def test_it_equals_what_the_service_has_billed(mixed, phota):
    done = phota("spend", "--by", "model", "--json")
    lost = {entry.id for entry in mixed.ledger() if "lost" in entry.request.get("prompt", "")}
    total, ambiguous = done.json["total"], done.json["ambiguous"]
    assert (done.code, total["tasks"], ambiguous["tasks"]) == (0, 10, 2)
    assert total["credits"] == billed(mixed, all_ids(mixed) - lost)
    assert cents(total["usd"]) == billed(mixed, all_ids(mixed) - lost)
    assert cents(ambiguous["usd"]) == billed(mixed, lost)
    assert (total["unpriced"], total["estimated"]) == (0, 0)


def test_each_model_has_its_own_sum(mixed, phota):
    groups = phota("spend", "--by", "model", "--json").json["groups"]
    assert {name: cents(each["usd"]) for name, each in groups.items()} == {
        "phota-create-profile": 50,
        "phota-image": 3 + 6,
        "phota-image-edit": 5 + 10,
        "phota-image-enhance": 4 + 8,
    }


def test_what_failed_is_not_given_back_without_the_services_word(mixed, phota):
    offline = phota("spend", "--offline", "--json").json["total"]
    assert cents(offline["usd"]) == 50 + 9 + 15 + 12 + (5 + 10 + 10)


def test_it_is_grouped_by_dag_and_by_day(mixed, phota):
    by_dag = phota("spend", "--json").json["groups"]
    assert cents(by_dag["phota-image-4K"]["usd"]) == 6
    assert by_dag["failing-0"] == {"tasks": 1, "usd": 0.0, "credits": 0.0, "unpriced": 0, "estimated": 0}
    (day,) = phota("spend", "--by", "day", "--json").json["groups"].values()
    assert day["tasks"] == 10


def test_what_was_sent_before_a_date_is_left_out(mixed, phota):
    assert phota("spend", "--since", "2999-01-01", "--json").json["total"]["tasks"] == 0
    assert phota("spend", "--since", "2000-01-01", "--json").json["total"]["tasks"] == 10


def test_ambiguous_orders_are_shown_apart(mixed, phota):
    done = phota("spend")
    apart = done.out.partition("Not in these sums")[2]
    assert "2 orders that may have been billed, 0.3 USD" in apart
    assert "losing-0.edit run" in apart
    assert "losing-0" not in done.out.partition("Not in these sums")[0]


def test_the_ledger_of_another_path_is_read(mixed, phota, connect, ledger):
    connect()
    assert phota("spend", "--json").json["total"]["tasks"] == 0
    assert phota("spend", "--ledger", ledger.removeprefix("file://"), "--json").json["total"]["tasks"] == 10


def test_a_damaged_record_is_named_and_does_not_hide_the_others(mixed, phota, tmp_path):
    record = next((tmp_path / "ledger").rglob("*-task.json"))
    record.write_text("{")
    done = phota("spend", "--json")
    assert done.code == 1
    assert done.json["total"]["tasks"] == 9
    assert record.name in done.json["problems"][0]


def test_a_service_that_cannot_be_asked_is_named(mixed, phota, connect, ledger):
    connect(ledger_path=ledger, password="sk-not-one-of-the-emulator")
    done = phota("spend", "--json")
    assert (done.code, done.json["total"]["tasks"]) == (1, 10)
    assert "401" in done.json["problems"][0]


# batches ----------------------------------------------------------------------------------------------------


@pytest.fixture
def batch(shop, connect) -> Any:
    """A batch of five: one has failed, and the answer to another one is lost."""
    shop.add_pictures(5)
    shop.emulator.add_faults(
        Fault(on="submit", kind="fail_task", match={"prompt": "Make 001"}),
        Fault(on="submit", kind="reset_after", match={"prompt": "Make 002"}),
    )
    shop.try_to_run()
    return shop


def check(batch: Any, done: Any) -> None:
    lost = {entry.id for entry in batch.emulator.ledger() if "002" in entry.request["prompt"]}
    total, ambiguous = done.json["total"], done.json["ambiguous"]
    assert (total["tasks"], ambiguous["tasks"]) == (4, 1)
    assert cents(total["usd"]) == billed(batch.emulator, all_ids(batch.emulator) - lost) == 15
    assert cents(ambiguous["usd"]) == 5


def test_a_batch_below_a_destination_is_found_by_its_journal(batch, phota):
    check(batch, phota("spend", "--journal", f"{batch.folder}/out", "--json"))


def test_a_batch_below_the_ledger_is_found_by_the_ledger(shop, ledger, phota, request):
    check(request.getfixturevalue("batch"), phota("spend", "--json"))


def test_an_adopted_item_counts_once(batch, phota):
    (task,) = (entry.id for entry in batch.emulator.ledger() if "002" in entry.request["prompt"])
    batch.clear().run(adopt={"002.png": task})
    done = phota("spend", "--journal", f"{batch.folder}/out", "--json")
    assert (done.json["total"]["tasks"], done.json["ambiguous"]["tasks"]) == (5, 0)
    assert done.json["total"]["credits"] == billed(batch.emulator, all_ids(batch.emulator)) == 20


# Airflow's metadata -----------------------------------------------------------------------------------------


@task_state
def test_what_airflow_keeps_is_found_without_any_path(emulator, phota, picture, at_once):
    run("model_edit_worker", picture=f"file://{picture}")
    done = phota("spend", "--json").json
    assert cents(done["groups"]["model_edit_worker"]["usd"]) == 5
    assert done["total"]["tasks"] == len(emulator.ledger()) == 1


@task_state
def test_what_is_recorded_twice_counts_once(emulator, phota, picture, ledger, at_once):
    run("model_edit_worker", picture=f"file://{picture}")
    emulator.add_faults(Fault(on="submit", kind="reset_after"))
    run("model_generate_worker")
    done = phota("spend", "--json").json
    assert len(done["sources"]) == 2
    assert (done["total"]["tasks"], done["ambiguous"]["tasks"]) == (1, 1)


def test_a_task_that_was_adopted_by_its_operator_counts_once(emulator, phota, ledger):
    emulator.add_faults(Fault(on="submit", kind="reset_after"))
    edit()
    (entry,) = emulator.ledger()
    assert phota("spend", "--json").json["ambiguous"]["tasks"] == 1
    edit(adopt_phota_task_id=entry.id)
    done = phota("spend", "--json").json
    assert (done["total"]["tasks"], done["ambiguous"]["tasks"]) == (1, 0)
