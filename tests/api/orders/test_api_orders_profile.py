"""An order of `phota-create-profile` is checked before it is sent."""

from __future__ import annotations

import json

import pytest

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.profile import ProfileOrder

URL = "https://photos.example/anna.zip"


def test_the_archive_is_in_the_body() -> None:
    order = ProfileOrder.checked(image_archive_url=URL)
    assert json.loads(order.body()) == {"model": "phota-create-profile", "image_archive_url": URL}


def test_it_makes_a_profile_and_no_pictures() -> None:
    order = ProfileOrder.checked(image_archive_url=URL)
    assert (order.files, order.outputs, order.profile_ids) == ((URL,), 0, ())
    assert order.with_files({URL: "https://new.example/a"}).files == ("https://new.example/a",)
    assert order.with_files({"other": "https://new.example/a"}) == order


@pytest.mark.parametrize(
    "value",
    [None, 7, "", "None", [], [URL, URL], "anna.zip", "s3://bucket/anna.zip", "http://10.0.0.7/a.zip"],
)
def test_an_archive_is_one_url_that_the_service_can_read(value: object) -> None:
    with pytest.raises(PhotaInputError, match=r"^photos: "):
        ProfileOrder.checked(image_archive_url=value)
