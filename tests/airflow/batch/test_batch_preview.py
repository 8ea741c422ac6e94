"""A dry run of a batch: what it would pay for, and that nothing is sent."""

from __future__ import annotations

import json
import shutil

import pytest

from airflow_provider_phota.emulator import Fault


def dry(shop, **arguments):
    """Runs the batch dry, and checks that the service was asked for nothing but prices."""
    before = {path: number for path, number in shop.emulator.counts().items() if "POST" in path}
    preview = shop.operator(dry_run=True, **arguments).execute(shop.context())
    assert {path: number for path, number in shop.emulator.counts().items() if "POST" in path} == before
    return preview


def test_a_new_batch_would_pay_for_all(shop):
    shop.add_pictures(5)
    price = shop.operator()._hook.get_prices()["phota-image-edit"]
    preview = dry(shop, num_outputs=2)
    assert preview == {
        "total": 5,
        "landed": 0,
        "to_pay": 5,
        "pictures": 10,
        "usd": pytest.approx(10 * price),
    }
    assert shop.billed == 0
    assert not list(shop.folder.glob("out/*.png"))


def test_the_prices_are_those_of_the_users_group(shop, monkeypatch):
    shop.add_pictures(1)
    connection = {"conn_type": "phota", "password": shop.emulator.key, "host": shop.emulator.url}
    for group, usd in (("default", 0.05), ("unheard of", None)):
        named = json.dumps({**connection, "extra": {"user_group": group}})
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", named)
        assert dry(shop)["usd"] == usd


def test_what_has_landed_or_is_paid_for_would_not_be_paid_for(shop):
    shop.add_pictures(6)
    shop.emulator.add_faults(
        Fault("submit", "fail_task", match={"prompt": "Make 001"}),
        Fault("submit", "reset_after", match={"prompt": "Make 002"}),
    )
    shop.run(edits=f"file://{shop.folder}/inbox/00[0-4].png")
    assert shop.statuses == {"landed": 3, "failed": 1, "ambiguous": 1}
    preview = dry(shop)
    assert (preview["total"], preview["landed"], preview["to_pay"], preview["pictures"]) == (6, 3, 1, 1)
    assert dry(shop, redo="failed")["to_pay"] == 2
    assert dry(shop, redo=["000.png"])["to_pay"] == 2
    assert dry(shop, on_ambiguous="resubmit")["to_pay"] == 2
    billed = shop.billed
    shop.clear().run(redo="failed")
    assert shop.billed == billed + 2


def test_what_has_landed_in_another_run_would_not_be_paid_for(shop):
    shop.add_pictures(4)
    shop.run(skip_existing_edits=True)
    shop.run_id, shop.try_number = "tomorrow", 0
    shop.add_pictures(2, name="new-{}")
    preview = dry(shop, skip_existing_edits=True)
    assert (preview["total"], preview["landed"], preview["to_pay"]) == (6, 4, 2)
    summary = shop.run(skip_existing_edits=True)
    assert (summary["counts"]["existing"], summary["counts"]["landed"], shop.billed) == (4, 2, 6)


@pytest.mark.parametrize("skip", [False, True])
def test_what_asks_for_the_same_would_be_paid_for_once(shop, skip):
    shop.add_pictures(2)
    picture = f"file://{shop.folder}/inbox/000.png"
    edits = [{"key": key, "image_urls": picture} for key in "abc"]
    arguments = {"edits": edits, "prompt": "Shine", "skip_existing_edits": skip}
    assert dry(shop, **arguments)["to_pay"] == 1
    assert dry(shop, duplicates="pay", **arguments)["to_pay"] == 3


def test_a_picture_under_another_name_is_noticed_if_contents_are_looked_at(shop):
    shop.add_pictures(1)
    inbox = shop.folder / "inbox"
    shutil.copy(inbox / "000.png", inbox / "copy.png")
    (inbox / "broken.png").write_bytes(b"not a picture")
    assert dry(shop, prompt="Shine", skip_existing_edits=True)["to_pay"] == 1


def test_without_a_list_of_prices_there_is_no_estimate(shop, monkeypatch):
    shop.add_pictures(2)
    monkeypatch.setenv(
        "AIRFLOW_CONN_PHOTA_DEFAULT",
        '{"conn_type": "phota", "password": "emu-not-a-key-1234", "host": "http://127.0.0.1:9"}',
    )
    preview = dry(shop)
    assert (preview["to_pay"], preview["usd"]) == (2, None)


@pytest.mark.parametrize("skips", [False, True])
def test_one_of_several_that_ask_for_the_same_is_paid_for_if_it_is_redone(shop, skips):
    shop.add_pictures(1)
    picture = f"file://{shop.folder}/inbox/000.png"
    edits = [{"key": key, "image_urls": picture} for key in "abc"]
    shop.arguments = {"edits": edits, "prompt": "Shine", "skip_existing_edits": skips}
    shop.run()
    assert dry(shop, redo=["b"])["to_pay"] == 1
    assert dry(shop, redo=["b", "c"])["to_pay"] == 1
    shop.clear().run(redo=["b", "c"])
    assert shop.billed == 2


def test_what_is_redone_is_paid_for_although_it_has_landed_before(shop):
    shop.arguments = {"skip_existing_edits": True}
    shop.add_pictures(3)
    shop.run()
    shop.run_id, shop.try_number = "tomorrow", 0
    shop.run()
    assert (shop.statuses, shop.billed) == ({"existing": 3}, 3)
    assert dry(shop, redo=["001.png"])["to_pay"] == 1
    shop.clear().run(redo=["001.png"])
    assert (shop.statuses, shop.billed) == ({"existing": 2, "landed": 1}, 4)
    assert dry(shop, redo=["001.png"])["landed"] == 2
    shop.run()
    assert (shop.statuses, shop.billed) == ({"existing": 2, "landed": 1}, 4)
