"""What is written next to pictures that land: by whom, how often, and not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow_runs import PICTURE, TaskInstance
from PIL import Image

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.results.cards import CARDS_FOLDER, Asked
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")


class Memory(TaskInstance):
    def xcom_pull(self, task_ids, key, map_indexes):
        return self.pushed.get(key)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def edit(emulator, picture, out):
    """Runs an edit of a picture on a disk; `edit.pushed` is what it has pushed to XCom."""

    def run(**arguments):
        usual = {
            "task_id": "edit",
            "prompt": "a beach",
            "image_urls": picture.as_uri(),
            "wait_for_completion": True,
            "poll_interval": 0.05,
            "destination": out.as_uri(),
        }
        instance = Memory()
        run.pushed = instance.pushed
        return PhotaImageEditOperator(**usual | arguments).execute({"ti": instance})

    return run


@pytest.fixture
def land(out):
    def run(result, **arguments):
        instance = Memory()
        run.pushed = instance.pushed
        operator = PhotaToObjectStorageOperator(
            task_id="land", result=result, destination=out.as_uri(), **arguments
        )
        return operator.execute({"ti": instance})

    return run


def card_of(pushed):
    return json.loads(Path(pushed["phota_card"].removeprefix("file://")).read_text())


def written(out):
    """What is in the folder of cards, and when it was written."""
    files = (out / CARDS_FOLDER).rglob("*")
    return {str(path.relative_to(out)): path.stat().st_mtime_ns for path in files if path.is_file()}


def test_pictures_land_with_small_copies_and_a_card_unless_told_otherwise(edit, out, picture):
    result = edit(num_outputs=2)
    folder = f"{CARDS_FOLDER}/{result['phota_task_id']}"
    names = ("after-0.webp", "after-1.webp", "before-0.webp", "card.json")
    assert sorted(written(out)) == [f"{folder}/{name}" for name in names]
    assert edit.pushed["phota_card"] == f"{out.as_uri()}/{folder}/card.json"
    card = card_of(edit.pushed)
    assert card.pop("landed_at") > 0
    assert card == {
        "version": 1,
        "phota_task_id": result["phota_task_id"],
        "asked": {
            "model": "phota-image-edit",
            "prompt": "a beach",
            "resolution": "1K",
            "num_outputs": 2,
            "files": [picture.as_uri()],
        },
        "files": result["files"],
        "cost": result["cost"],
        "before": 1,
        "after": 2,
    }
    for name in names[:3]:
        with Image.open(out / folder / name) as small:
            small.load()
            assert (small.format, max(small.size)) == ("WEBP", 512)


def test_nothing_is_written_if_that_is_not_wanted(edit, land, out):
    result = edit(thumbnails=False)
    land(result, thumbnails=False)
    assert written(out) == {}
    assert [path.name for path in out.iterdir() if path.is_file()] == [f"{result['phota_task_id']}-0.png"]
    assert not {"phota_card"} & (edit.pushed.keys() | land.pushed.keys())


def test_without_a_destination_there_is_no_card(edit, tmp_path):
    edit(destination=None)
    assert "phota_card" not in edit.pushed
    assert not list(tmp_path.rglob(CARDS_FOLDER))


@pytest.mark.parametrize("wrong", [1, "yes", None, "{{ params.small }}"])
def test_another_value_is_refused_before_anything_is_paid(edit, emulator, wrong):
    with pytest.raises(
        (PhotaInputError, AirflowFailException), match=r"thumbnails: (must be True or|is not a templ)"
    ):
        edit(thumbnails=wrong)
    assert not emulator.ledger()


def test_a_picture_of_the_web_is_not_fetched_for_a_small_copy(edit, picture_url, emulator):
    before = emulator.counts()
    edit(image_urls=f"{picture_url}?sig=0123456789abcdef")
    assert card_of(edit.pushed)["before"] == 0
    assert card_of(edit.pushed)["asked"]["files"] == [f"{picture_url}?…"]
    fetched = {name for name in emulator.counts() if name not in before and "upload" in name}
    assert not fetched


def test_a_retry_writes_nothing_again(edit, out, tmp_path, emulator):
    result = edit(num_outputs=2, ledger_path=tmp_path.as_uri())
    before, first = written(out), edit.pushed["phota_card"]
    assert edit(num_outputs=2, ledger_path=tmp_path.as_uri()) == result
    assert len(emulator.ledger()) == 1
    assert edit.pushed["phota_card"] == first
    assert written(out) == before


def test_who_lands_pictures_once_more_keeps_what_the_card_says_of_the_order(edit, land, out):
    result = edit(num_outputs=2)
    before, card = written(out), card_of(edit.pushed)
    land(result["phota_task_id"])
    assert written(out) == before
    land(result, if_exists="overwrite")
    assert card_of(land.pushed) == card | {"landed_at": card_of(land.pushed)["landed_at"]} | {
        "cost": card_of(land.pushed)["cost"]
    }


def test_an_order_that_has_landed_before_shows_the_card_of_then(edit, out, emulator):
    edit(skip_existing_edits=True)
    before, first = written(out), edit.pushed["phota_card"]
    assert edit(skip_existing_edits=True)["files"]
    assert len(emulator.ledger()) == 1
    assert edit.pushed["phota_card"] == first
    assert edit.pushed["phota_order"]["prompt"] == "a beach"
    assert written(out) == before


def test_an_order_that_landed_without_a_card_names_none(edit, out):
    edit(skip_existing_edits=True, thumbnails=False)
    assert edit(skip_existing_edits=True)["files"]
    assert "phota_card" not in edit.pushed
    assert written(out) == {}


def test_a_card_that_was_lost_is_written_again_from_what_has_landed(edit, land, out):
    result = edit(num_outputs=2)
    names = written(out).keys()
    shutil.rmtree(out / CARDS_FOLDER)
    land(result)
    assert card_of(land.pushed)["asked"] is None  # who lands a result does not know the order
    assert card_of(land.pushed)["after"] == 2
    assert written(out).keys() == {name for name in names if "before" not in name}


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 2}', "\ud800"])
def test_a_damaged_card_is_replaced(edit, land, out, content):
    result = edit()
    path = Path(edit.pushed["phota_card"].removeprefix("file://"))
    path.write_bytes(content.encode(errors="surrogatepass"))
    land(result)
    assert card_of(land.pushed)["phota_task_id"] == result["phota_task_id"]


def test_what_is_submitted_says_what_it_asks_for_before_it_has_landed(edit, picture):
    edit(destination=None, wait_for_completion=False)
    assert Asked.from_dict(edit.pushed["phota_order"]).files == (picture.as_uri(),)


def test_only_the_first_pictures_of_many_have_small_copies(edit, out, emulator):
    emulator.draw("small")
    edit(num_outputs=23)
    assert (card_of(edit.pushed)["after"], len(card_of(edit.pushed)["files"])) == (20, 23)
    assert len([name for name in written(out) if "after" in name]) == 20
    assert len(list(out.glob("*.png"))) == 23


def test_a_before_that_is_gone_meanwhile_is_only_left_out(edit, emulator, picture, caplog, monkeypatch):
    from airflow_provider_phota.results import card_writing

    other = shutil.copy(PICTURE, picture.with_name("other.jpg"))
    original = card_writing._write_before

    def lose(landed):
        picture.unlink()
        return original(landed)

    monkeypatch.setattr(card_writing, "_write_before", lose)
    edit(image_urls=[picture.as_uri(), Path(other).as_uri()])
    assert card_of(edit.pushed)["before"] == 1
    assert f"There is no small copy of '{picture.as_uri()}': it could not be read (" in caplog.text
