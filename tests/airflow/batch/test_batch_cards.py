"""Small copies of the pictures of a batch: for each item, once, and never a reason for a batch to fail."""

from __future__ import annotations

import json
import logging

import pytest
from PIL import Image

from airflow_provider_phota.batch import cards
from airflow_provider_phota.results import card_writing
from airflow_provider_phota.results.cards import CARDS_FOLDER, Card
from tests.chaos.object_store import S3Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


def folder(shop):
    return shop.folder / "out" / CARDS_FOLDER


def cards_of(shop):
    """The cards of the items by the IDs of their PHOTA tasks."""
    read = (Card.from_dict(json.loads(path.read_text())) for path in folder(shop).glob("*/card.json"))
    return {card.phota_task_id: card for card in read}


def written(shop):
    return {path: path.stat().st_mtime_ns for path in folder(shop).rglob("*") if path.is_file()}


def lines(caplog, words):
    messages = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    return [message for message in messages if words in message]


def test_each_item_has_a_card_and_small_copies(shop):
    shop.add_pictures(5)
    shop.run()
    known = cards_of(shop)
    assert known.keys() == {row["phota_task_id"] for row in shop.rows.values()}
    for row in shop.rows.values():
        card = known[row["phota_task_id"]]
        assert (card.before, card.after) == (1, 1)
        assert card.asked.prompt == f"Make {row['key'].removesuffix('.png')} shine"
        assert card.asked.files == (f"file://{shop.folder}/inbox/{row['key']}",)
        assert list(card.files) == row["files"]
        for name in ("before-0.webp", "after-0.webp"):
            assert Image.open(folder(shop) / card.phota_task_id / name).format == "WEBP"


def test_nothing_is_written_if_that_is_not_wanted(shop):
    shop.add_pictures(2)
    shop.run(thumbnails=False)
    assert shop.statuses == {"landed": 2}
    assert not folder(shop).exists()


def test_a_retry_and_a_clear_write_nothing_again(shop):
    shop.add_pictures(4)
    shop.run()
    before = written(shop)
    assert len(before) == 12
    shop.run()
    shop.clear().run()
    assert written(shop) == before


def test_another_run_that_skips_what_has_landed_writes_nothing_again(shop):
    shop.add_pictures(4)
    shop.run(skip_existing_edits=True)
    before = written(shop)
    shop.run_id, shop.try_number = "another", 0
    shop.run(skip_existing_edits=True)
    assert (shop.statuses, shop.billed) == ({"existing": 4}, 4)
    assert written(shop) == before


def test_items_that_share_an_order_share_its_card(shop):
    inbox = shop.add_pictures(1).folder / "inbox"
    (inbox / "copy.png").write_bytes((inbox / "000.png").read_bytes())
    shop.run(prompt="Make it shine")
    assert (shop.statuses, shop.billed) == ({"landed": 2}, 1)
    (card,) = cards_of(shop).values()
    assert (card.before, card.after) == (1, 1)


@pytest.mark.parametrize("edits", ["", "/*.png", "/**/*.png", "/**/*"])
def test_the_next_batch_over_the_destination_does_not_take_small_copies_for_pictures(shop, edits):
    shop.add_pictures(3)
    shop.run()
    assert len(list(folder(shop).rglob("*.webp"))) == 6
    shop.run_id, shop.try_number = "the next", 0
    shop.destination = f"file://{shop.folder}/again"
    landed = {path.name for path in (shop.folder / "out").glob("*.png")}
    for path in (shop.folder / "out").iterdir():
        if path.is_file() and path.suffix != ".png":
            path.unlink()  # the results of the batch before, which are not pictures either
    shop.run(edits=f"file://{shop.folder}/out{edits}")
    assert shop.rows.keys() == landed
    assert shop.billed == 6


def test_a_store_without_room_for_small_copies_lands_everything_and_is_not_asked_for_ever(shop, caplog):
    (shop.folder / "out").mkdir()
    folder(shop).write_text("of somebody else")
    shop.add_pictures(12)
    assert shop.run(in_flight=1)["counts"]["landed"] == 12
    assert len(lines(caplog, "has landed, but not all small copies")) == cards._MOST_FAILURES
    assert len(lines(caplog, "No more small copies of pictures are written in this attempt.")) == 1


@pytest.mark.parametrize("mode", ["failing", "hanging"])
def test_a_bucket_that_does_not_take_small_copies_lands_everything(shop, server, monkeypatch, caplog, mode):
    monkeypatch.setattr(card_writing, "LONGEST", 1.0)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    shop.add_pictures(6)
    monkeypatch.setenv("AIRFLOW_CONN_AWS_COPIES", server.connection)
    server.make_bucket(mode)
    server.set_gate(mode, mode, CARDS_FOLDER)
    shop.destination = f"s3://aws_copies@{mode}/out"
    assert shop.run(in_flight=2)["counts"]["landed"] == 6
    names = list(server.names(mode, "out/"))
    assert not [name for name in names if CARDS_FOLDER in name]
    assert len([name for name in names if name.endswith(".png")]) == 6
    assert lines(caplog, "No more small copies of pictures are written in this attempt.")
