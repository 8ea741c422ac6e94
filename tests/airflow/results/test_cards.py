"""What a card says, and what it cannot be made to say."""

from __future__ import annotations

import json

import pytest

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.results.card_writing import Ordered
from airflow_provider_phota.results.cards import (
    MOST_PICTURES,
    Asked,
    Card,
    card_folder,
    is_card_url,
    thumbnail_name,
)
from airflow_provider_phota.storage.paths import Place, checked_path

ASKED = Asked("phota-image-edit", "a beach", "1K", 2, ("s3://inbox/garden.jpg",))
FILE = {
    "path": "s3://out/task-1-0.png",
    "sha256": "0" * 64,
    "bytes": 1_000,
    "width": 1024,
    "height": 768,
    "content_type": "image/png",
    "phota_task_id": "task-1",
}
CARD = Card("task-1", ASKED, (FILE,), Cost.from_dict({"usd": 0.1, "credits": 10.0, "is_estimate": False}))
ID = "task-unified-1757165031-uyujaw3d"


def order_of(files, prompt="a beach", **more):
    return EditOrder.checked(prompt=prompt, image_urls=files, stored_inputs=True, **more)


@pytest.mark.parametrize("card", [CARD, Card("task-1", None, ()), Card("task-1", ASKED, (), landed_at=1.5)])
def test_a_card_is_read_back_as_it_was_written(card):
    assert Card.from_dict(json.loads(json.dumps(card.to_dict()))) == card


def test_a_card_says_what_was_asked_for():
    edit = order_of(["https://host/garden.jpg"], num_outputs=2, resolution="4K")
    assert Asked.of(edit) == Asked("phota-image-edit", "a beach", "4K", 2, ("https://host/garden.jpg",))
    enhance = EnhanceOrder.checked(image_url="https://host/garden.jpg")
    assert Asked.of(enhance) == Asked("phota-image-enhance", "", "4K", 1, ("https://host/garden.jpg",))
    generate = GenerateOrder.checked(prompt="a beach")
    assert Asked.of(generate) == Asked("phota-image", "a beach", "1K", 1, ())


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://host/a.jpg?X-Amz-Signature=0123456789", "https://host/a.jpg?…"),
        ("s3://aws_conn@inbox/b.jpg", "s3://inbox/b.jpg"),
        ("https://host/a.jpg#token=0123", "https://host/a.jpg#…"),
    ],
)
def test_a_card_does_not_tell_how_a_picture_was_reached(url, told):
    assert Asked.of(order_of(url)).files == (told,)


def test_a_card_has_an_end():
    order = order_of([f"https://host/{n}.jpg" for n in range(300)], "long " * 10_000)
    asked = Asked.of(order)
    assert len(asked.prompt) == 4_000
    assert len(asked.files) == MOST_PICTURES
    assert Asked.from_dict(asked.to_dict()) == asked
    many = CARD.to_dict() | {"files": [FILE] * 300}
    assert len(Card.from_dict(many).files) == MOST_PICTURES


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": None},
        {"asked": []},
        {"asked": {}},
        {"asked": {**ASKED.to_dict(), "num_outputs": "many"}},
        {"files": None},
        {"files": [17]},
        {"files": [{}]},
        {"files": [{**FILE, "width": None}]},
        {"cost": 7},
        {"cost": {"usd": "NaN"}},
        {"before": None},
        {"after": True},
        {"after": "many"},
        {"landed_at": "yesterday"},
        {"landed_at": []},
    ],
)
def test_what_is_not_a_card_is_one_kind_of_error(change):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Card.from_dict(json.loads(json.dumps(CARD.to_dict() | change)))


@pytest.mark.parametrize(("said", "read"), [(-1, 0), (10**30, MOST_PICTURES)])
def test_a_card_cannot_say_that_there_are_pictures_without_end(said, read):
    card = Card.from_dict(CARD.to_dict() | {"before": said, "after": said})
    assert (card.before, card.after) == (read, read)


def test_a_card_lies_in_a_folder_of_its_own():
    out = Place.of(checked_path("destination", "file:///data/out"))
    assert card_folder(out, ID).url == f"file:///data/out/.phota-pictures/{ID}"
    assert [thumbnail_name("before", 0), thumbnail_name("after", 19)] == ["before-0.webp", "after-19.webp"]


@pytest.mark.parametrize(
    ("which", "index"), [("after", -1), ("after", MOST_PICTURES), ("card", 0), ("../before", 0), ("", 0)]
)
def test_there_are_no_other_small_copies(which, index):
    with pytest.raises(ValueError, match="no such picture"):
        thumbnail_name(which, index)


@pytest.mark.parametrize(
    ("url", "phota_task_id", "is_one"),
    [
        (f"s3://out/.phota-pictures/{ID}/card.json", ID, True),
        (f"file:///data/out/.phota-pictures/{ID}/card.json", ID, True),
        (f"s3://out/.phota-pictures/{ID}/card.json", "task-of-another", False),
        (f"s3://out/../.phota-pictures/{ID}/card.json", ID, False),
        (f"s3://out/.phota-pictures/{ID}/card.json/../../x", ID, False),
        (f"s3://out/.phota-pictures/{ID}/other.json", ID, False),
        (f"s3://out/{ID}/card.json", ID, False),
        ("s3://out/.phota-pictures/../card.json", "..", False),
        ("s3://out/.phota-pictures//card.json", "", False),
    ],
)
def test_the_url_of_a_card_says_so(url, phota_task_id, is_one):
    assert is_card_url(url, phota_task_id) is is_one


def test_small_copies_are_made_of_pictures_in_a_store_and_of_no_others():
    files = ["https://host/a.jpg", "s3://inbox/b.jpg", "file:///data/c.jpg"]
    assert Ordered.of(order_of(files)).inputs == ("s3://inbox/b.jpg", "file:///data/c.jpg")


def edit(prompt="a beach", files="s3://inbox/b.jpg"):
    return lambda: order_of(files, prompt)


def test_arguments_that_have_changed_since_the_order_are_not_told_as_the_order():
    submitted = Asked.of(edit()()).to_dict()
    assert Ordered.as_submitted(submitted, edit()) == Ordered.of(edit()())
    for now in (edit("snow"), edit(files="s3://inbox/other.jpg")):
        assert Ordered.as_submitted(submitted, now) == Ordered(Asked.of(edit()()))


def test_arguments_that_are_wrong_by_now_cost_the_pictures_that_were_sent():
    submitted = Asked.of(edit()()).to_dict()
    assert Ordered.as_submitted(submitted, edit(prompt=17)) == Ordered(Asked.of(edit()()))


@pytest.mark.parametrize("fields", [None, {}, {"model": "phota-image-edit"}, {"prompt": None}])
def test_what_an_older_version_has_submitted_is_not_known(fields):
    assert Ordered.as_submitted(fields, edit()) == Ordered()
