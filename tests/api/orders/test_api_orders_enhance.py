"""An order of `phota-image-enhance` is checked before it is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_phota.api.errors import Money, PhotaInputError
from airflow_provider_phota.api.orders.enhance import EnhanceOrder

URL = "https://pictures.example/lake.jpg"


def test_what_the_user_left_out_is_left_to_the_service_but_for_the_resolution() -> None:
    body = json.loads(EnhanceOrder.checked(image_url=URL).body())
    assert body == {"model": "phota-image-enhance", "image_url": URL, "resolution": "4K"}


def test_what_the_user_gave_is_in_the_body() -> None:
    order = EnhanceOrder.checked(
        image_url=URL, resolution="1K", creativity=0, resemblance=0.25, profile_ids="p-1"
    )
    assert json.loads(order.body()) == {
        "model": "phota-image-enhance",
        "image_url": URL,
        "resolution": "1K",
        "creativity": 0.0,
        "resemblance": 0.25,
        "profile_ids": ["p-1"],
    }


def test_it_makes_one_picture_of_one_picture() -> None:
    order = EnhanceOrder.checked(image_url=URL, profile_ids=["p-1", "p-2"])
    assert (order.files, order.outputs, order.profile_ids) == ((URL,), 1, ("p-1", "p-2"))
    assert order.with_files({URL: "https://new.example/a"}).files == ("https://new.example/a",)
    assert order.with_files({"other": "https://new.example/a"}) == order


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, 0.5])
@pytest.mark.parametrize("argument", ["creativity", "resemblance"])
def test_a_fraction_is_from_0_to_1(argument: str, value: float) -> None:
    order = EnhanceOrder.checked(**{"image_url": URL, argument: value})
    assert json.loads(order.body())[argument] == value


FRACTIONS = [
    (-0.1, "must be from 0.0 to 1.0, got -0.1"),
    (1.01, "got 1.01"),
    (7, "got 7"),
    (10**400, "must be from 0.0 to 1.0"),
    (float("nan"), "got nan"),
    (float("inf"), "got inf"),
    ("0.5", "got '0.5'. A Jinja template renders to a string"),
    ("much", "must be a number"),
    (True, "got True"),
    ([0.5], "got [0.5]"),
]
BAD: list[tuple[dict[str, object], str, str]] = [
    ({"image_url": None}, "image_url", "got None"),
    ({"image_url": 7}, "image_url", "must be one URL or path, got 7"),
    ({"image_url": ""}, "image_url", "got ''"),
    ({"image_url": "None"}, "image_url", "must be a URL or a path, got 'None'"),
    ({"image_url": [URL, URL + "2"]}, "image_url", "must be one URL or path"),
    ({"image_url": []}, "image_url", "must be one URL or path, got []"),
    ({"image_url": {"url": URL}}, "image_url", "must be one URL or path"),
    ({"image_url": f"['{URL}']"}, "image_url", "is the text of a list"),
    ({"image_url": "lake.jpg"}, "image_url", "is not an http(s) URL"),
    ({"image_url": "http://10.0.0.7/a.png"}, "image_url", "private network"),
    ({"resolution": "8K"}, "resolution", "got '8K'"),
    ({"profile_ids": []}, "profile_ids", "is an empty list"),
    *(({name: value}, name, words) for name in ("creativity", "resemblance") for value, words in FRACTIONS),
]


@pytest.mark.parametrize(("arguments", "argument", "problem"), BAD)
def test_bad_input_is_refused_by_the_name_of_its_argument(
    arguments: dict[str, Any], argument: str, problem: str
) -> None:
    with pytest.raises(PhotaInputError) as caught:
        EnhanceOrder.checked(**({"image_url": URL} | arguments))
    assert (caught.value.argument, caught.value.money) == (argument, Money.NOT_BILLED)
    assert problem in str(caught.value)


@pytest.mark.parametrize("image_url", [URL, [URL], (URL,)])
def test_a_list_of_one_picture_is_that_picture(image_url: object) -> None:
    assert EnhanceOrder.checked(image_url=image_url).image_url == URL


def test_a_picture_may_be_where_the_service_or_the_publisher_can_read_it() -> None:
    local, stored = "http://127.0.0.1:8765/lake.jpg", "s3://bucket/lake.jpg"
    assert EnhanceOrder.checked(image_url=local, local_inputs=True).image_url == local
    assert EnhanceOrder.checked(image_url=stored, stored_inputs=True).image_url == stored
