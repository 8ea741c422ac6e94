"""Items of a batch that ask for the same: one of them is paid for, also across attempts."""

from __future__ import annotations

import pytest

from airflow_provider_phota.emulator import Fault


@pytest.fixture
def twins(shop):
    """Items `a`, `b` and `c`, which ask for the same."""
    shop.add_pictures(1)
    shop.arguments = {"edits": items_of(shop, "abc"), "prompt": "Shine"}
    return shop


def items_of(shop, keys):
    return [{"key": key, "image_urls": f"file://{shop.folder}/inbox/000.png"} for key in keys]


def payer_and_others(shop):
    (payer,) = [row for row in shop.rows.values() if row["same_as"] is None]
    return payer, [row for row in shop.rows.values() if row is not payer and row["key"] != payer["key"]]


def test_one_is_paid_for_and_the_others_name_its_key(twins):
    summary = twins.run()
    payer, others = payer_and_others(twins)
    assert (summary["counts"]["landed"], summary["submitted"], twins.billed) == (3, 1, 1)
    assert {row["same_as"] for row in others} == {payer["key"]}
    assert {row["phota_task_id"] for row in others} == {payer["phota_task_id"]}
    assert {row["credits"] for row in others} == {None}
    assert all((twins.folder / "out" / f"{key}-0.png").exists() for key in "abc")


def test_an_item_of_a_later_attempt_shares_too_and_names_the_key(twins):
    twins.run(edits=items_of(twins, "a"))
    twins.run(edits=items_of(twins, "ab"))
    assert twins.billed == 1
    assert twins.rows["b"]["same_as"] == "a"


def test_the_payment_of_an_item_that_left_the_batch_is_the_other_ones(twins):
    before = twins.run(edits=items_of(twins, "a"))
    after = twins.run(edits=items_of(twins, "bc"))
    assert twins.billed == 1
    assert after["counts"]["landed"] == 2
    payer, (other,) = payer_and_others(twins)
    assert (payer["credits"], other["credits"]) == (before["credits"], None)
    assert other["same_as"] == payer["key"]
    assert after["credits"] == before["credits"]


def test_a_failed_task_is_shared_as_well_and_redo_pays_for_it_once(twins):
    twins.emulator.add_faults(Fault("submit", "fail_task"))
    twins.run()
    assert (twins.statuses, twins.billed) == ({"failed": 3}, 1)
    twins.run(edits=items_of(twins, "abcd"))
    assert (twins.statuses, twins.billed) == ({"failed": 4}, 1)
    twins.clear().run(edits=items_of(twins, "abcd"), redo="failed")
    assert (twins.statuses, twins.billed) == ({"landed": 4}, 2)


def test_what_is_broken_for_all_of_them_is_redone_once(twins):
    twins.emulator.add_faults(Fault("result", "html", times=None))
    twins.run()
    assert (twins.statuses, twins.billed) == ({"failed": 3}, 1)
    paid = {row["phota_task_id"] for row in twins.rows.values()}
    twins.emulator.clear_faults()
    twins.emulator.add_faults(Fault("task", "fail_task", match={"task_id": paid.pop()}, times=None))
    twins.clear().run(redo="failed")
    assert (twins.statuses, twins.billed) == ({"landed": 3}, 2)
    payer, others = payer_and_others(twins)
    assert {row["same_as"] for row in others} == {payer["key"]}


def test_redo_of_one_of_them_pays_for_that_one(twins):
    twins.run()
    payer, others = payer_and_others(twins)
    paid = payer["phota_task_id"]
    key = others[0]["key"]
    twins.clear().run(redo=[key])
    assert twins.billed == 2
    tasks = {each: row["phota_task_id"] for each, row in twins.rows.items()}
    assert tasks.pop(key) != paid
    assert set(tasks.values()) == {paid}


def test_an_ambiguous_submit_is_shared_and_nobody_pays(twins):
    twins.emulator.add_faults(Fault("submit", "reset_after"))
    twins.run()
    assert (twins.statuses, twins.billed) == ({"ambiguous": 3}, 1)
    payer, others = payer_and_others(twins)
    assert {row["same_as"] for row in others} == {payer["key"]}
    assert "asks for the same as" in others[0]["error"]
    assert "Nothing was sent for this one" in others[0]["error"]
    twins.run(edits=items_of(twins, "abcd"))
    assert (twins.statuses, twins.billed) == ({"ambiguous": 4}, 1)
    assert twins.rows["d"]["same_as"] == payer["key"]


def test_an_ambiguous_submit_that_is_adopted_lands_for_all(twins):
    twins.emulator.add_faults(Fault("submit", "reset_after"))
    twins.run()
    payer, _ = payer_and_others(twins)
    (entry,) = twins.emulator.ledger()
    twins.clear().run(adopt={payer["key"]: entry.id})
    assert (twins.statuses, twins.billed) == ({"landed": 3}, 1)


@pytest.mark.parametrize("later", [False, True])
def test_an_ambiguous_submit_is_repeated_once_for_all(twins, later):
    twins.emulator.add_faults(Fault("submit", "reset_after"))
    if later:
        twins.run()
    twins.run(on_ambiguous="resubmit")
    assert (twins.statuses, twins.billed) == ({"landed": 3}, 2)


def test_an_ambiguous_submit_is_not_repeated_by_each_of_them(twins):
    twins.emulator.add_faults(Fault("submit", "reset_after", times=None))
    twins.run(on_ambiguous="resubmit")
    twins.run(on_ambiguous="resubmit")
    assert (twins.statuses, twins.billed) == ({"ambiguous": 3}, 2)


def test_what_could_not_land_is_brought_home_by_the_next_attempt_for_all(twins):
    out = twins.folder / "out"
    out.mkdir()
    twins.emulator.add_faults(Fault("result", "status", status=404, times=None))
    twins.try_to_run()
    assert (twins.statuses.keys() - {"failed", "expired"}, twins.billed) == (set(), 1)
    twins.emulator.clear_faults()
    twins.try_to_run()
    assert (twins.statuses, twins.billed) == ({"landed": 3}, 1)
    _, others = payer_and_others(twins)
    assert len(others) == 2


def test_all_are_paid_for_if_the_author_says_so(twins):
    twins.run(duplicates="pay")
    assert (twins.statuses, twins.billed) == ({"landed": 3}, 3)
    assert {row["same_as"] for row in twins.rows.values()} == {None}


def assert_one_has_the_payment(*rows):
    """Checks that one of several rows has the cost of the task they share, and that the others name it."""
    (payer,) = [row for row in rows if row["same_as"] is None]
    assert payer["credits"]
    assert {(row["same_as"], row["credits"]) for row in rows if row is not payer} == {(payer["key"], None)}


@pytest.fixture
def shared(twins):
    """The first item was paid for and has landed; the others share its task."""
    twins.run(edits=items_of(twins, "a"))
    twins.run()
    assert (twins.statuses, twins.billed) == ({"landed": 3}, 1)
    return twins


def test_the_rows_cost_what_was_billed_after_the_payer_is_redone(twins):
    twins.run()
    payer, _ = payer_and_others(twins)
    summary = twins.clear().run(redo=[payer["key"]])
    billed = sum(entry.credits for entry in twins.emulator.ledger())
    assert summary["credits"] == sum(row["credits"] or 0 for row in twins.rows.values()) == billed
    assert twins.billed == 2


def test_redo_of_the_one_that_was_paid_for_leaves_the_first_payment_to_the_others(shared):
    summary = shared.clear().run(redo=["a"])
    assert shared.billed == 2
    rows = shared.rows
    assert rows["a"]["phota_task_id"] != rows["b"]["phota_task_id"] == rows["c"]["phota_task_id"]
    assert rows["a"]["same_as"] is None
    assert_one_has_the_payment(rows["b"], rows["c"])
    assert summary["credits"] == 2 * rows["a"]["credits"]


def test_the_one_that_was_paid_for_changes_and_the_others_keep_its_payment(shared):
    changed = items_of(shared, "abc")
    changed[0]["prompt"] = "Dim"
    summary = shared.run(edits=changed)
    assert (shared.statuses, shared.billed, summary["submitted"]) == ({"landed": 3}, 2, 2)
    assert_one_has_the_payment(shared.rows["b"], shared.rows["c"])


def test_the_one_that_was_paid_for_leaves_and_the_others_keep_its_payment(shared):
    summary = shared.run(edits=items_of(shared, "bc"))
    assert (shared.statuses, shared.billed, summary["submitted"]) == ({"landed": 2}, 1, 1)
    assert_one_has_the_payment(shared.rows["b"], shared.rows["c"])


def test_a_row_says_when_the_task_that_it_shares_was_submitted(twins):
    twins.run()
    assert len({row["submitted_at"][:16] for row in twins.rows.values()}) == 1
