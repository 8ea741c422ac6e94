"""A batch whose service is out of reach, refuses for a while, or loses answers: what is sent again, what not."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_phota.emulator import Emulator, Fault
from airflow_provider_phota.hooks.phota import PhotaHook

KEY = "001.png"


def lost(**fields):
    return Fault("submit", "reset_after", match={"prompt": "Make 001 "}, **fields)


def task_of(shop, prompt):
    return [entry.id for entry in shop.emulator.ledger() if entry.request["prompt"] == prompt]


def test_a_row_says_when_it_was_sent_and_what_to_do(shop):
    shop.add_pictures(3)
    shop.emulator.add_faults(lost())
    before = time.time()
    summary = shop.run()
    row = shop.rows[KEY]
    assert (summary["counts"]["ambiguous"], summary["submitted"], shop.billed) == (1, 2, 3)
    assert before - 1 <= datetime.fromisoformat(row["submitted_at"]).timestamp() <= time.time()
    assert row["submitted_at"][:16] in row["error"]
    assert "What happened: " in row["error"]
    assert f"adopt={{'{KEY}': <its ID>}}" in row["error"]
    assert f"redo=['{KEY}']" in row["error"]
    assert row["phota_task_id"] is None
    shop.run()
    assert (shop.rows[KEY]["error"], shop.billed) == (row["error"], 3)


def test_it_is_a_failure_that_a_retry_does_not_change(shop):
    shop.add_pictures(3)
    shop.emulator.add_faults(lost())
    assert isinstance(shop.fail(max_failures=0), AirflowFailException)


def test_adopt_goes_on_with_the_task_that_was_found(shop):
    shop.add_pictures(3)
    shop.emulator.add_faults(lost())
    shop.run()
    (task,) = task_of(shop, "Make 001 shine")
    for _ in range(2):
        summary = shop.clear().run(adopt={KEY: task})
        assert (shop.statuses, shop.billed, summary["submitted"]) == ({"landed": 3}, 3, 3)
    assert shop.rows[KEY]["phota_task_id"] == task


def test_an_adopted_task_costs_what_the_service_says(shop):
    shop.add_pictures(2)
    shop.emulator.add_faults(lost())
    shop.run()
    (found,) = task_of(shop, "Make 001 shine")
    summary = shop.clear().run(adopt={KEY: found})
    assert summary["credits"] == sum(entry.credits for entry in shop.emulator.ledger())
    assert shop.rows[KEY]["credits"]


def test_redo_by_key_pays_for_it_once_more(shop):
    shop.add_pictures(3)
    shop.emulator.add_faults(lost())
    shop.run()
    shop.clear().run(redo="failed")
    assert shop.statuses == {"landed": 2, "ambiguous": 1}
    shop.clear().run(redo=[KEY])
    assert (shop.statuses, shop.bills["Make 001 shine"]) == ({"landed": 3}, 2)


def test_resubmit_repeats_it_once(shop):
    shop.add_pictures(3)
    shop.emulator.add_faults(lost(times=2))
    shop.run(on_ambiguous="resubmit")
    assert (shop.statuses, shop.bills["Make 001 shine"]) == ({"landed": 2, "ambiguous": 1}, 2)
    shop.run(on_ambiguous="resubmit")
    assert (shop.statuses, shop.bills["Make 001 shine"]) == ({"landed": 2, "ambiguous": 1}, 2)


def test_an_answer_that_names_a_task_says_so(shop):
    shop.add_pictures(1, "001")
    named = "task-unified-1757165031-uyujaw3d"
    body = {"error": {"message": f"{named} was lost"}}
    shop.emulator.add_faults(Fault("submit", "billed_status", status=500, body=body))
    shop.run()
    assert f"names PHOTA task {named}" in shop.rows[KEY]["error"]


def test_an_outage_while_orders_are_sent_leaves_few_in_doubt(shop):
    """Without a free question in between, each order would be sent into the outage."""
    shop.add_pictures(40)
    shop.emulator.add_faults(
        Fault("submit", "reset_before", skip=5, times=30), Fault("models", "reset_before", times=6)
    )
    shop.run(in_flight=4)
    # those that were under way when it began, and each time that the service answered a question too early
    assert shop.statuses["landed"] + shop.statuses["ambiguous"] == 40
    assert shop.statuses["ambiguous"] <= 30
    assert max(shop.bills.values()) == 1


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        ({"status": 429, "headers": {"Retry-After": "1"}}, 12),
        ({"status": 422, "code": "no_compatible_channel"}, 6),
    ],
)
def test_an_answer_that_passes_is_waited_for(shop, answer, times):
    shop.add_pictures(8)
    shop.emulator.add_faults(Fault("submit", "status", skip=2, times=times, **answer))
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 8}, 8)


def test_without_credits_nothing_more_is_sent_and_the_next_attempt_goes_on(shop):
    shop.add_pictures(8)
    shop.emulator.add_faults(Fault("submit", "status", status=402, skip=3, times=None))
    error = shop.fail(in_flight=2)
    assert isinstance(error, AirflowFailException)
    assert "402" in str(error)
    assert shop.statuses == {"landed": 3, "not_sent": 5}
    shop.emulator.clear_faults()
    shop.clear().run()
    assert (shop.statuses, shop.billed) == ({"landed": 8}, 8)


def test_a_key_that_is_refused_ends_the_batch(shop):
    shop.add_pictures(6)
    shop.emulator.add_faults(Fault("submit", "status", status=401, skip=2, times=None))
    error = shop.fail(in_flight=1)
    assert isinstance(error, AirflowFailException)
    assert "401" in str(error)
    assert shop.statuses == {"landed": 2, "not_sent": 4}
    shop.emulator.clear_faults()
    shop.clear().run()
    assert (shop.statuses, shop.billed) == ({"landed": 6}, 6)


def test_a_key_that_is_refused_while_tasks_run_leaves_them_to_the_next_attempt(shop):
    shop.add_pictures(4)
    shop.emulator.add_faults(Fault("task", "status", status=401, skip=1, times=None))
    shop.fail()
    assert shop.statuses["landed"] < 4
    open_ones = [row for row in shop.rows.values() if row["status"] == "failed"]
    assert all("is paid for" in row["error"] and row["can_retry"] for row in open_ones)
    billed = shop.billed
    shop.emulator.clear_faults()
    shop.clear().run()
    assert (shop.statuses, shop.billed) == ({"landed": 4}, 4)
    assert billed <= 4


@contextmanager
def outage(service, seconds):
    """A service that refuses connections for some seconds, soon after the batch has begun."""
    port = int(service.url.rpartition(":")[2])

    def stop_and_start():
        while len(service.ledger()) < 5:
            time.sleep(0.02)
        service.stop()
        time.sleep(seconds)
        service.settings = replace(service.settings, port=port)
        service.start()

    thread = threading.Thread(target=stop_and_start)
    thread.start()
    yield
    thread.join()


def test_a_service_that_refuses_connections_is_waited_for(shop, tmp_path, monkeypatch):
    shop.add_pictures(30)
    with Emulator(latency=(0.1, 0.3), state=tmp_path / "state.sqlite", pictures="small") as service:
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", service.connection)
        shop.emulator = service
        with outage(service, 8.0):
            shop.run(in_flight=4)
        assert shop.statuses["landed"] + shop.statuses["ambiguous"] == 30
        assert shop.statuses["ambiguous"] <= 4
        assert max(shop.bills.values()) == 1
        assert shop.billed >= shop.statuses["landed"]


def tasks_with_one_in_doubt(shop):
    """Leaves the item 001 in doubt, and returns the tasks of all by the stems of their pictures."""
    shop.add_pictures(3)
    shop.emulator.add_faults(lost())
    shop.run()
    assert shop.keys_with("ambiguous") == {"001.png"}
    return {entry.request["prompt"][5:8]: entry.id for entry in shop.emulator.ledger()}


def task_of_another_run(shop):
    picture = shop.emulator.ledger()[0].request["image_urls"][0]
    return PhotaHook().submit_edit("of another run", picture).id


def test_the_task_of_another_item_is_not_adopted(shop):
    tasks = tasks_with_one_in_doubt(shop)
    error = shop.clear().fail(adopt={"001.png": tasks["000"]})
    assert isinstance(error, AirflowFailException)
    assert f"names {tasks['000']} for '001.png'" in str(error)
    assert "paid for '000.png'" in str(error)
    shop.clear().run(adopt={"001.png": tasks["001"]})
    assert (shop.statuses, shop.billed) == ({"landed": 3}, 3)


def test_a_task_that_the_service_does_not_know_is_not_adopted(shop):
    shop.add_pictures(3)
    error = shop.fail(adopt={"001.png": "task-unified-1757165031-uyujaw3d"})
    assert isinstance(error, AirflowFailException)
    assert "the service knows no such PHOTA task" in str(error)
    assert shop.billed == 0


def test_a_task_that_was_adopted_by_mistake_can_be_replaced(shop):
    tasks = tasks_with_one_in_doubt(shop)
    wrong = task_of_another_run(shop)
    shop.clear().run(adopt={"001.png": wrong})
    assert shop.rows["001.png"]["phota_task_id"] == wrong
    shop.clear().run(adopt={"001.png": tasks["001"]})
    assert shop.rows["001.png"]["phota_task_id"] == tasks["001"]
    shop.clear().run(adopt={"001.png": tasks["001"]})
    assert (shop.statuses, shop.billed) == ({"landed": 3}, 4)


def test_adopt_changes_nothing_about_an_item_that_has_landed(shop, caplog):
    shop.add_pictures(2)
    summary = shop.run()
    again = shop.clear().run(adopt={"001.png": task_of_another_run(shop)})
    assert "001.png has landed already" in caplog.text.replace("'", "")
    assert again["submitted"] == summary["submitted"] == 2


def test_what_is_in_doubt_is_not_said_to_be_paid_for_by_redo_failed(shop):
    tasks_with_one_in_doubt(shop)
    error = str(shop.clear().fail(max_failures=0))
    assert error.startswith("1 of 3 items have failed or are ambiguous, and max_failures is 0.")
    assert "redo='failed' leaves it out" in error
    assert "set redo='failed'" not in error
