"""Items that are paid for and leave the batch before they have landed: nothing that is paid for is lost."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowSkipException
from PIL import Image

from airflow_provider_phota.emulator import Fault


@pytest.fixture
def unlanded(shop):
    """A batch of six that are paid for, and whose pictures could not be fetched."""
    shop.add_pictures(6)
    shop.emulator.add_faults(Fault("result", "status", status=403, times=None))
    shop.run()
    assert (shop.statuses, shop.billed) == ({"failed": 6}, 6)
    shop.emulator.clear_faults()
    return shop


def remove_pictures(shop, *numbers):
    for number in numbers:
        (shop.folder / "inbox" / f"{number:03d}.png").unlink()


def landed_names(shop):
    return sorted(path.name for path in (shop.folder / "out").glob("*.png"))


def all_names(number=6):
    return [f"{each:03d}-0.png" for each in range(number)]


def test_they_land_and_have_no_rows(unlanded, caplog):
    remove_pictures(unlanded, 1, 4)
    summary = unlanded.run()
    assert (unlanded.statuses, unlanded.billed) == ({"landed": 4}, 6)
    assert landed_names(unlanded) == all_names()
    assert summary["total"] == 4
    assert "2 items are not in the batch any more, and are paid for" in caplog.text
    assert "001.png" in caplog.text
    caplog.clear()
    unlanded.run()
    assert "not in the batch any more" not in caplog.text


def test_one_that_does_not_land_fails_the_task_and_a_retry_tries_it_again(unlanded):
    remove_pictures(unlanded, 1, 4)
    fault = Fault("result", "status", status=403, match={"prompt": "Make 001"}, times=None)
    unlanded.emulator.add_faults(fault)
    error = unlanded.fail()
    assert type(error) is AirflowException
    (task,) = [each.id for each in unlanded.emulator.ledger() if "001" in each.request["prompt"]]
    assert (
        f"1 items have left the batch, are paid for, and have not landed.\nTheir PHOTA tasks are {task}"
        in str(error)
    )
    assert unlanded.statuses == {"landed": 4}
    unlanded.emulator.clear_faults()
    unlanded.run()
    assert (landed_names(unlanded), unlanded.billed) == (all_names(), 6)


def test_those_that_are_still_running_land_as_well(shop, monkeypatch):
    monkeypatch.setattr("airflow_provider_phota.batch.course._SHORTEST_WAIT", 1.0)
    shop.add_pictures(3)
    shop.emulator.add_faults(Fault("submit", "latency", times=None, seconds=70.0))
    shop.try_to_run(timeout=1.0)
    remove_pictures(shop, 0)
    shop.emulator.advance(100.0)
    shop.run()
    assert (landed_names(shop), shop.billed) == (all_names(3), 3)


def test_an_item_whose_row_has_changed_is_named_with_its_task_and_replaced(unlanded, caplog):
    unlanded.run(prompt="Make {stem} glow")
    assert (unlanded.statuses, unlanded.billed) == ({"landed": 6}, 12)
    assert "'000.png' has another row now, and its old order has no place of its own to land" in caplog.text
    for entry in unlanded.emulator.ledger()[:6]:
        assert entry.id in caplog.text


def test_the_old_order_of_a_changed_row_lands_where_names_have_the_id_of_the_task(unlanded):
    shop = unlanded
    shop.run(prompt="Make {stem} glow", filename="{key}-{phota_task_id}-{index}")
    assert (shop.statuses, shop.billed, len(landed_names(shop))) == ({"landed": 6}, 12, 12)


def test_an_item_that_would_take_the_place_of_another_one_does_not_land(shop, caplog):
    shop.add_pictures(2)
    shop.arguments = {"edits": f"file://{shop.folder}/inbox/**", "filename": "{stem}-{index}"}
    shop.emulator.add_faults(Fault("result", "status", status=403, times=None))
    shop.run()
    shop.emulator.clear_faults()
    (shop.folder / "inbox" / "new").mkdir()
    (shop.folder / "inbox" / "000.png").unlink()
    Image.new("RGB", (9, 9), "red").save(shop.folder / "inbox" / "new" / "000.png")
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 2}, 3)
    (row,) = [row for key, row in shop.rows.items() if key.startswith("new")]
    assert row["files"][0]["path"].endswith("/000-0.png")
    assert row["phota_task_id"] == shop.emulator.ledger()[2].id
    assert "no place of its own to land, although PHOTA task" in caplog.text


def test_what_moved_within_the_source_shares_what_was_paid_for(unlanded):
    inbox = unlanded.folder / "inbox"
    (inbox / "new").mkdir()
    (inbox / "000.png").rename(inbox / "new" / "000.png")
    unlanded.run(edits=f"file://{inbox}/**")
    assert (unlanded.statuses, unlanded.billed) == ({"landed": 6}, 6)


def test_one_in_doubt_is_named_and_nothing_is_sent_for_it(shop, caplog):
    shop.add_pictures(2)
    shop.emulator.add_faults(Fault("submit", "reset_after", match={"prompt": "000"}))
    shop.run()
    assert shop.statuses == {"landed": 1, "ambiguous": 1}
    remove_pictures(shop, 0)
    shop.clear().run(redo="failed")
    assert (shop.statuses, shop.billed) == ({"landed": 1}, 2)


@pytest.mark.parametrize("on_empty", ["skip", "fail"])
def test_an_empty_source_brings_home_what_is_paid_for_and_sends_nothing(unlanded, on_empty):
    remove_pictures(unlanded, *range(6))
    if on_empty == "skip":
        with pytest.raises(AirflowSkipException):
            unlanded.run(on_empty=on_empty)
    else:
        assert "no file of" in str(unlanded.fail())
    assert (unlanded.statuses, unlanded.billed) == ({"landed": 6}, 6)
    assert landed_names(unlanded) == all_names()


@pytest.mark.parametrize("on_empty", ["skip", "fail"])
def test_an_empty_source_is_retried_until_what_is_paid_for_has_landed(unlanded, on_empty):
    remove_pictures(unlanded, *range(6))
    unlanded.emulator.add_faults(
        Fault("result", "status", status=403, match={"prompt": "Make 001"}, times=None)
    )
    error = unlanded.fail(on_empty=on_empty)
    assert type(error) is AirflowException
    assert "not all that is paid for has landed" in str(error)
    assert (
        unlanded.pushed["return_value"]["counts"] | {"landed": 5, "failed": 1}
        == unlanded.pushed["return_value"]["counts"]
    )
    unlanded.emulator.clear_faults()
    if on_empty == "skip":
        with pytest.raises(AirflowSkipException):
            unlanded.run(on_empty=on_empty)
    else:
        assert isinstance(unlanded.fail(), AirflowFailException)
    assert (unlanded.statuses, unlanded.billed) == ({"landed": 6}, 6)


def test_a_list_that_was_emptied_sends_none_of_what_it_had(shop):
    shop.add_pictures(4)
    edits = [f"file://{shop.folder}/inbox/{number:03d}.png" for number in range(4)]
    shop.emulator.add_faults(Fault("submit", "status", status=402, skip=2, times=None))
    shop.fail(edits=edits, in_flight=1)
    assert shop.billed == 2
    shop.emulator.clear_faults()
    assert "has no items" in str(shop.fail(edits=[]))
    assert (shop.statuses, shop.billed) == ({"landed": 2, "not_sent": 2}, 2)
    shop.run(edits=edits)
    assert (shop.statuses, shop.billed) == ({"landed": 4}, 4)
