"""Lists of lists, as the outputs of several tasks are."""

from collections import deque
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, overload

import pytest

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import flattened, is_list
from airflow_provider_phota.api.orders.edit import EditOrder

A, B, C = (f"https://pictures.example/{name}.jpg" for name in "abc")


class Lazy(Sequence[Any]):
    """As Airflow hands over the results of a mapped task: a sequence that is not a list."""

    def __init__(self, *items: Any) -> None:
        self._items = items

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)


@pytest.mark.parametrize(
    "image_urls",
    [
        [[A], [B, C]],
        [(A,), [B], C],
        ([A, B], C),
        Lazy([A], [B, C]),
        [Lazy(A, B), C],
        Lazy(Lazy(A), Lazy(B, C)),
        iter([[A, B, C]]),
    ],
)
def test_the_outputs_of_several_tasks_are_one_list(image_urls: Any) -> None:
    assert EditOrder.checked(prompt="winter", image_urls=image_urls).image_urls == (A, B, C)


def test_profiles_of_several_tasks_are_one_list() -> None:
    edit = EditOrder.checked(prompt="winter", image_urls=A, profile_ids=[["p-1"], ["p-2", "p-3"]])
    assert edit.profile_ids == ("p-1", "p-2", "p-3")


@pytest.mark.parametrize(
    "image_urls", [[[[A]]], [[A], []], [[]], [[A], None], [[A], {B: 1}], [[A], {B}], [[A], b"x"]]
)
def test_what_is_deeper_or_empty_or_not_a_list_is_refused(image_urls: Any) -> None:
    with pytest.raises(PhotaInputError, match=r"^image_urls: must hold non-empty strings only"):
        EditOrder.checked(prompt="winter", image_urls=image_urls)


def test_the_same_picture_in_two_lists_is_refused() -> None:
    with pytest.raises(PhotaInputError, match="same picture twice"):
        EditOrder.checked(prompt="winter", image_urls=[[A], [A]])


def test_a_text_is_not_a_list() -> None:
    assert [is_list(value) for value in ("a", b"a", PurePosixPath("a"), {"a"}, {"a": 1}, None)] == [False] * 6
    assert [is_list(value) for value in ([], (), deque(), Lazy())] == [True] * 4
    assert list(flattened(["ab", [1, [2]]])) == ["ab", 1, [2]]
