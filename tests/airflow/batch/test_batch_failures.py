"""A batch of which a part fails: what its rows say, when it stops, and what `redo` pays for."""

from __future__ import annotations

import json
import logging

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_phota.emulator import Fault


def failing(*stems, **fields):
    return [Fault("submit", "fail_task", match={"prompt": f"Make {stem} shine"}, **fields) for stem in stems]


def test_each_item_gets_the_status_that_it_has(shop):
    shop.add_pictures(100)
    shop.emulator.add_faults(
        Fault("submit", "fail_task", share=0.05, times=None),
        Fault("submit", "fail_task", code="content_policy", share=0.02, times=None),
        Fault("submit", "status", status=422, code="content_policy", share=0.02, times=None),
        Fault("result", "html", share=0.1, times=None),
    )
    summary = shop.run()
    entries = shop.emulator.ledger()
    failed = {entry.id for entry in entries if entry.status == "failed"}
    assert failed
    assert summary["total"] == 100 == sum(summary["counts"].values())
    assert {key: summary["counts"][key] for key in shop.statuses} == shop.statuses
    assert summary["counts"]["ambiguous"] == summary["counts"]["not_sent"] == 0
    assert summary["submitted"] == len(entries)
    for row in shop.rows.values():
        assert bool(row["error"]) == (row["status"] != "landed")
        assert bool(row["files"]) == (row["status"] == "landed")
    refused = [row for row in shop.rows.values() if row["status"] == "refused"]
    assert {bool(row["phota_task_id"]) for row in refused} == {True, False}
    assert sum(row["phota_task_id"] is None for row in refused) == 100 - len(entries)
    broken = [row for row in shop.rows.values() if row["status"] == "failed" and row["can_retry"]]
    assert broken
    assert all("is billed" in row["error"] for row in broken)
    assert len(list((shop.folder / "out").glob("*.png"))) == summary["counts"]["landed"]


def test_what_could_not_land_lands_in_the_next_attempt_for_nothing(shop):
    shop.add_pictures(4)
    shop.emulator.add_faults(Fault("result", "html", share=0.5, times=None))
    shop.run()
    assert 0 < shop.statuses["failed"] < 4
    shop.emulator.clear_faults()
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 4}, 4)


@pytest.mark.parametrize(("limit", "fatal"), [("10%", 3), (1, 2), (0, 1)])
def test_too_many_failures_stop_the_batch_and_what_is_paid_is_brought_home(shop, limit, fatal):
    shop.add_pictures(20)
    shop.emulator.add_faults(*failing("000", "001", "002"))
    error = shop.fail(max_failures=limit, in_flight=2)
    assert isinstance(error, AirflowFailException)
    assert "max_failures is" in str(error)
    assert "redo='failed'" in str(error)
    assert shop.pushed["return_value"]["counts"] | shop.statuses == shop.pushed["return_value"]["counts"]
    # until the end of the last of them is noticed, the other order in flight may be replaced several times
    assert fatal <= shop.billed < 20
    assert shop.statuses["failed"] <= 3
    assert shop.statuses["landed"] == shop.billed - shop.statuses["failed"]
    assert shop.statuses["not_sent"] == 20 - shop.billed


def test_as_many_failures_as_may_be_are_a_success(shop):
    shop.add_pictures(20)
    shop.emulator.add_faults(*failing("000", "001"))
    assert shop.run(max_failures="10%")["counts"]["failed"] == 2


def test_an_attempt_that_begins_with_too_many_failures_sends_nothing(shop):
    shop.add_pictures(10)
    shop.emulator.add_faults(*failing("000", "001"))
    shop.fail(max_failures=1, in_flight=1)
    billed = shop.billed
    assert billed < 10
    shop.fail(max_failures=1)
    assert shop.billed == billed
    assert shop.run(max_failures=2)["counts"]["landed"] == 8


def test_redo_pays_for_exactly_what_failed(shop):
    shop.add_pictures(10)
    shop.emulator.add_faults(
        *failing("000"),
        *failing("001", code="content_policy"),
        Fault("submit", "status", status=422, code="content_policy", match={"prompt": "Make 002"}),
        Fault("submit", "reset_after", match={"prompt": "Make 003"}),
    )
    shop.run()
    assert shop.statuses == {"landed": 6, "failed": 1, "refused": 2, "ambiguous": 1}
    assert shop.bills["Make 002 shine"] == 0
    shop.clear().run(redo="failed")
    assert shop.statuses == {"landed": 9, "ambiguous": 1}
    expected = {"Make 000 shine": 2, "Make 001 shine": 2}
    assert shop.bills == {f"Make {n:03d} shine": 1 for n in range(10)} | expected


def test_redo_pays_for_results_that_expired(shop):
    shop.add_pictures(3)
    shop.emulator.add_faults(Fault("result", "status", status=403, times=None))
    shop.run()
    assert shop.statuses == {"failed": 3}
    shop.emulator.clear_faults()
    shop.emulator.advance(25 * 3600)
    shop.run()
    assert (shop.statuses, shop.billed) == ({"expired": 3}, 3)
    shop.clear().run(redo="failed")
    assert (shop.statuses, shop.billed) == ({"landed": 3}, 6)


@pytest.mark.parametrize("by_conf", [False, True])
def test_redo_of_named_items_pays_for_those(shop, by_conf):
    shop.add_pictures(4)
    before = shop.run()
    keys = ["001.png", "003.png"]
    shop.clear()
    summary = shop.run({"phota_redo": keys}) if by_conf else shop.run(redo=keys)
    assert shop.bills == {f"Make {n:03d} shine": 1 + n % 2 for n in range(4)}
    assert summary["counts"]["landed"] == 4
    assert (summary["submitted"], summary["credits"]) == (6, before["credits"] * 1.5)


def test_redo_by_the_conf_of_the_run_pays_for_what_failed(shop):
    shop.add_pictures(3)
    shop.emulator.add_faults(*failing("001"))
    shop.run()
    shop.clear().run({"phota_redo": "failed"})
    assert (shop.statuses, shop.billed) == ({"landed": 3}, 4)


def test_an_unknown_key_is_refused_before_anything_is_paid(shop):
    shop.add_pictures(2)
    for argument in (
        {"redo": ["nothing.png"]},
        {"adopt": {"nothing.png": "task-unified-1757165031-uyujaw3d"}},
    ):
        error = shop.fail(**argument)
        assert "nothing.png" in str(error)
    assert shop.billed == 0


def test_an_automatic_retry_does_not_redo_again(shop):
    """Without that, an item that fails again would be paid for by each retry."""
    shop.retries = 2
    shop.add_pictures(6)
    shop.emulator.add_faults(*failing("000", "001", times=None))
    assert isinstance(shop.fail(max_failures=0, in_flight=1), AirflowException)
    shop.run()
    assert shop.statuses == {"landed": 4, "failed": 2}
    shop.clear()
    for _ in range(3):
        shop.run(redo="failed")
    assert shop.bills == {f"Make {n:03d} shine": 1 + (n < 2) for n in range(6)}
    shop.clear().run(redo="failed")
    assert shop.bills["Make 000 shine"] == 3


def test_an_automatic_retry_redoes_what_the_attempt_before_it_could_not(shop):
    shop.retries = 2
    shop.add_pictures(6)
    shop.emulator.add_faults(*failing(*(f"{n:03d}" for n in range(6))))
    shop.run()
    assert shop.statuses == {"failed": 6}
    shop.clear()
    shop.emulator.add_faults(Fault("submit", "status", status=402, skip=2, times=None))
    shop.fail(redo="failed", in_flight=1)
    assert shop.billed == 8
    shop.emulator.clear_faults()
    shop.run(redo="failed")
    assert (shop.statuses, shop.billed) == ({"landed": 6}, 12)


def test_redo_brings_home_for_free_what_can_be_and_pays_only_for_what_is_broken(shop):
    shop.add_pictures(6)
    shop.emulator.add_faults(*failing("005"), Fault("result", "status", status=403, times=None))
    shop.run()
    assert (shop.statuses, shop.billed) == ({"failed": 6}, 6)
    tasks = {key: row["phota_task_id"] for key, row in shop.rows.items()}
    shop.emulator.clear_faults()
    broken = [tasks["000.png"], tasks["001.png"]]
    shop.emulator.add_faults(
        *(Fault("task", "fail_task", match={"task_id": each}, times=None) for each in broken)
    )
    assert shop.operator(redo="failed", dry_run=True).execute(shop.context())["to_pay"] == 1
    shop.clear().run(redo="failed")
    assert shop.statuses == {"landed": 6}
    redone = {"Make 000 shine": 2, "Make 001 shine": 2, "Make 005 shine": 2}
    assert shop.bills == {f"Make {n:03d} shine": 1 for n in range(6)} | redone


def test_what_is_broken_again_is_paid_for_once_each_time_the_task_is_cleared(shop):
    shop.retries = 2
    shop.add_pictures(2)
    shop.emulator.add_faults(Fault("result", "html", match={"prompt": "Make 000"}, times=None))
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 1, "failed": 1}, 2)
    shop.clear()
    for _ in range(3):
        shop.run(redo="failed")
        assert (shop.rows["000.png"]["status"], shop.billed) == ("failed", 3)
        assert shop.rows["000.png"]["can_retry"]
    shop.clear().run(redo="failed")
    assert shop.billed == 4


def test_fewer_retries_after_a_clear_are_no_other_clear(shop):
    shop.retries = 3
    shop.add_pictures(2)
    shop.emulator.add_faults(*failing("000", times=None))
    shop.run()
    shop.clear().run(redo="failed")
    assert shop.billed == 3
    shop.retries = 0  # the author has changed the DAG meanwhile
    shop.run(redo="failed")
    assert shop.billed == 3


def test_redo_says_that_to_clear_a_running_task_does_not_count(shop, caplog):
    shop.add_pictures(2)
    shop.emulator.add_faults(*failing("000", times=None))
    shop.run()
    with caplog.at_level(logging.INFO):
        shop.run(redo="failed")
    assert shop.billed == 2
    assert "To clear it while it runs does not count" in caplog.text


def test_a_resumption_does_not_redo_again(shop):
    shop.add_pictures(2)
    shop.emulator.add_faults(*failing("000", times=None))
    shop.run()
    shop.clear().run(redo="failed")
    operator = shop.operator(redo="failed")
    event = {"version": 1, "waits": "", "ended": 0, "open": 0, "why": "enough"}
    operator.execute_complete(shop.context(), event)
    assert shop.billed == 3


def test_the_rows_are_in_the_order_of_the_items(shop):
    shop.add_pictures(12)
    summary = shop.run(in_flight=5)
    lines = (shop.folder / "out" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["key"] for line in lines] == [f"{n:03d}.png" for n in range(12)]
    assert summary["results"] == f"file://{shop.folder}/out/results.jsonl"
