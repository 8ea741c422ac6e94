"""All orders share these checks, some of which run when a DAG is parsed."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.base import PHOTA_MODELS, Order
from airflow_provider_phota.api.orders.checks import (
    check_fraction_as_written,
    check_size_as_written,
    checked_profile_ids,
)
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.api.orders.profile import ProfileOrder

URL = "https://pictures.example/lake.jpg"
ORDERS: list[Order] = [
    EditOrder.checked(prompt="a", image_urls=URL, num_outputs=2, profile_ids="p-1"),
    GenerateOrder.checked(prompt="[[p-1]]", num_outputs=2),
    EnhanceOrder.checked(image_url=URL, profile_ids="p-1"),
    ProfileOrder.checked(image_archive_url=URL),
]


def test_there_is_an_order_for_each_model() -> None:
    assert tuple(order.model for order in ORDERS) == PHOTA_MODELS


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.model)
def test_the_body_of_an_order_has_the_new_name_of_a_file(order: Order) -> None:
    assert (URL in order.body().decode()) == bool(order.files)
    renamed = order.with_files({URL: "sha256:0000"})
    assert type(renamed) is type(order)
    assert URL not in renamed.body().decode()
    assert ("sha256:0000" in renamed.body().decode()) == bool(order.files)


def test_an_order_that_names_profiles_says_which() -> None:
    assert [order.profile_ids for order in ORDERS] == [("p-1",), ("p-1",), ("p-1",), ()]


def test_an_order_says_how_many_pictures_it_makes() -> None:
    assert [order.outputs for order in ORDERS] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    ("value", "profile_ids"),
    [
        (None, ()),
        ("p-1", ("p-1",)),
        (["p-1", "p-2"], ("p-1", "p-2")),
        ([["p-1"], "p-2"], ("p-1", "p-2")),
        ({"phota_task_id": "t", "profile_ids": ["p-1"]}, ("p-1",)),
        ([{"profile_ids": ["p-1"]}, {"profile_ids": ["p-2"]}, "p-3"], ("p-1", "p-2", "p-3")),
    ],
)
def test_profile_ids_come_in_many_shapes(value: object, profile_ids: tuple[str, ...]) -> None:
    assert checked_profile_ids(value) == profile_ids


@pytest.mark.parametrize("value", [{"phota_task_id": "t"}, [{"phota_task_id": "t"}], {"profile_ids": []}])
def test_a_task_that_made_no_profile_is_refused(value: object) -> None:
    with pytest.raises(PhotaInputError, match=r"^profile_ids: "):
        checked_profile_ids(value)


TEMPLATE = "{{ params.x }}"


@pytest.mark.parametrize(
    "sizes", [{"resolution": "4K", "num_outputs": 2}, {"resolution": TEMPLATE, "num_outputs": TEMPLATE}]
)
def test_a_size_that_is_right_or_not_known_yet_passes(sizes: dict[str, Any]) -> None:
    check_size_as_written(**sizes)


@pytest.mark.parametrize(
    ("sizes", "argument"),
    [({"resolution": "2K"}, "resolution"), ({"resolution": "1K", "num_outputs": 0}, "num_outputs")],
)
def test_a_plain_size_that_is_wrong_is_refused(sizes: dict[str, Any], argument: str) -> None:
    with pytest.raises(PhotaInputError, match=f"^{argument}: "):
        check_size_as_written(**sizes)


@pytest.mark.parametrize("value", [None, 0.5, TEMPLATE])
def test_a_fraction_that_is_right_or_not_known_yet_passes(value: object) -> None:
    check_fraction_as_written("creativity", value)


def test_a_plain_fraction_that_is_wrong_is_refused() -> None:
    with pytest.raises(PhotaInputError, match=r"^creativity: "):
        check_fraction_as_written("creativity", 2)
