import io
import re

import pytest
import requests
from emulator_client import Client, archive, opened, picture
from PIL import ImageChops, ImageStat

from airflow_provider_phota.emulator import Emulator

EDIT = {"model": "phota-image-edit", "prompt": "make it warmer"}


def downloaded(view: dict) -> list[bytes]:
    answers = [requests.get(result["url"], timeout=20) for result in view["results"]]
    assert {(a.status_code, a.headers["Content-Type"]) for a in answers} == {(200, "image/png")}
    return [answer.content for answer in answers]


def test_a_submit_answers_with_the_documented_handle(client: Client):
    answer = client.submit(**EDIT, image_urls=[client.upload(picture())["url"]])

    handle = answer.json()
    assert re.fullmatch(r"task-unified-\d+-[a-z0-9]{8}", handle.pop("id"))
    assert handle.pop("created") > 0
    assert handle.pop("task_info") == {"can_cancel": True, "estimated_time": 1}
    assert handle == {
        "object": "image.generation.task",
        "type": "image",
        "model": "phota-image-edit",
        "status": "pending",
        "progress": 0,
        "usage": {"credits_reserved": 5, "user_group": "default"},
    }
    assert answer.headers["x-request-id"]


def test_an_edit_runs_to_completion_with_growing_progress(client: Client):
    client.post("/_emulator/faults", json={"faults": [{"on": "submit", "kind": "latency", "seconds": 100}]})
    task_id = client.create(**EDIT, image_urls=[client.upload(picture())["url"]])

    seen = [client.task(task_id)]
    for seconds in (20, 40, 60):
        client.post("/_emulator/clock", json={"advance": seconds})
        seen.append(client.ended(task_id) if seconds == 60 else client.task(task_id))

    assert [view["status"] for view in seen] == ["pending", "processing", "processing", "completed"]
    progress = [view["progress"] for view in seen]
    assert progress == sorted(set(progress))
    assert progress[-1] == 100
    assert [view["results"] is None for view in seen] == [True, True, True, False]
    assert seen[-1]["error"] is None
    assert seen[-1]["usage"]["credits_used"] == 5


def test_an_edit_keeps_the_aspect_ratio_and_changes_the_picture(client: Client):
    task_id = client.create(**EDIT, image_urls=[client.upload(picture((600, 400)))["url"]], num_outputs=2)

    first, second = map(opened, downloaded(client.ended(task_id)))

    assert (first.format, first.size) == ("PNG", (1024, 683))
    assert second.size == first.size
    before = opened(picture(first.size)).convert("RGB")
    changed = ImageStat.Stat(ImageChops.difference(before, first)).mean
    assert sum(changed) > 30
    assert ImageChops.difference(first, second).getbbox()


def test_4k_has_a_long_side_of_4096_and_costs_double(client: Client, phota_emulator: Emulator):
    task_id = client.create(
        **EDIT, image_urls=[client.upload(picture((8, 64)))["url"]], resolution="4K", num_outputs=1
    )

    (content,) = downloaded(client.ended(task_id))

    assert opened(content).size == (512, 4096)
    assert phota_emulator.ledger()[0].credits == 10


def test_the_same_input_never_gives_the_same_picture_twice(client: Client):
    url = client.upload(picture())["url"]
    tasks = [client.create(model="phota-image-edit", prompt=prompt, image_urls=[url]) for prompt in "aab"]

    pictures = [opened(downloaded(client.ended(task))[0]) for task in tasks]

    assert len({shown.tobytes() for shown in pictures}) == 3


def test_a_download_is_the_same_every_time(client: Client):
    view = client.ended(client.create())

    assert downloaded(view) == downloaded(view)
    head = requests.head(view["results"][0]["url"], timeout=20)
    assert (head.status_code, head.headers["Content-Type"]) == (200, "image/png")


def test_several_inputs_and_every_picture_mode_are_read(client: Client):
    kinds = {"PNG": "P", "JPEG": "CMYK", "WEBP": "RGBA", "TIFF": "L"}
    urls = []
    for kind, mode in kinds.items():
        out = io.BytesIO()
        opened(picture()).convert(mode).save(out, kind)
        urls.append(client.upload(out.getvalue(), f"in.{kind.lower()}")["url"])

    view = client.ended(client.create(**EDIT, image_urls=urls))

    assert opened(downloaded(view)[0]).size == (1024, 683)


@pytest.mark.parametrize(
    "prompt", ["line\nbreak", "日本語 🌴", "\x00 nul", "long " * 500, "\ud800 lone surrogate", "'\"<b>&"]
)
def test_any_prompt_can_be_drawn(client: Client, prompt: str):
    view = client.ended(client.create(prompt=prompt))

    assert opened(downloaded(view)[0]).size == (1024, 1024)


@pytest.mark.parametrize(
    ("ratio", "size"), [("16:9", (1024, 576)), ("2:3", (683, 1024)), ("1:1", (1024, 1024))]
)
def test_text_to_image_has_the_asked_aspect_ratio(client: Client, ratio: str, size: tuple[int, int]):
    view = client.ended(client.create(aspect_ratio=ratio, num_outputs=2))

    assert [opened(content).size for content in downloaded(view)] == [size, size]


def test_enhance_is_4k_unless_told_otherwise(client: Client, phota_emulator: Emulator):
    url = client.upload(picture((64, 8)))["url"]
    view = client.ended(client.create(model="phota-image-enhance", image_url=url, creativity=0.5))
    small = client.ended(client.create(model="phota-image-enhance", image_url=url, resolution="1K"))

    assert opened(downloaded(view)[0]).size == (4096, 512)
    assert opened(downloaded(small)[0]).size == (1024, 128)
    assert [entry.credits for entry in phota_emulator.ledger()] == [8, 4]


def test_create_profile_answers_a_profile(client: Client):
    url = client.upload(archive(picture()), "faces.zip")["url"]
    view = client.ended(client.create(model="phota-create-profile", image_archive_url=url))

    (result,) = view["results"]
    assert result["result_type"] == "profile"
    assert re.fullmatch(r"profile_[0-9a-f]{12}", result["profile_id"])


def test_a_very_narrow_picture_still_works(client: Client):
    view = client.ended(client.create(**EDIT, image_urls=[client.upload(picture((1, 4000)))["url"]] * 3))

    assert opened(downloaded(view)[0]).size == (1, 1024)


def test_an_own_result_can_be_edited_again(client: Client):
    first = client.ended(client.create())
    second = client.ended(client.create(**EDIT, image_urls=[first["results"][0]["url"]]))

    assert opened(downloaded(second)[0]).size == (1024, 1024)
