"""An author's plain text is what is sent, whatever native rendering makes of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from jinja2.nativetypes import NativeEnvironment

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.api.written import Written, as_written, changes_natively

URL = "https://pictures.example/lake.jpg"
TEXTS = [
    "a beach",
    "'a neon sign'",
    '"a neon sign"',
    "2024",
    "1e5",
    "1_000",
    "0x10",
    "True",
    "None",
    "['a', 'b']",
    "{'a': 1}",
    "('a',)",
    "b'a'",
    "'a' 'b'",
    "...",
    " 1",
    "007",
    "[" * 300,
    "it's \U0001f328",
    r"'a\d'",
]


def natively(text: str) -> Any:
    return NativeEnvironment().from_string(text).render()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning")
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_a_plain_text_is_as_it_was_written(text: str) -> None:
    assert as_written(text, natively(text)) == text
    assert as_written([text, "x"], [natively(text), "x"]) == [text, "x"]
    assert as_written((text,), [natively(text)]) == [text]
    assert changes_natively(text) == (natively(text) != text)


def test_ends_of_lines_are_as_without_native_rendering() -> None:
    text = '"""a\r\nb"""\n'
    assert as_written(text, natively(text)) == '"""a\nb"""'


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        ("{{ params.prompt }}", 2024),
        ("{{ params.prompt }}", "2024"),
        ("'a'", "set by a subclass"),
        ("2024", 2025),
        ("1", True),
        ("a\n", "a"),
        (["1"], [1, 2]),
        (["1"], "1"),
        (["a"], ("a",)),
        ("1", None),
        (object, "x"),
    ],
)
def test_what_something_else_has_set_is_left_alone(written: Any, rendered: Any) -> None:
    assert as_written(written, rendered) is rendered


def test_an_operator_gets_back_what_rendering_has_changed() -> None:
    written = Written(prompt="2024", edition="v1", profile_ids=["7"], filename=None, destination=object())
    operator = SimpleNamespace(prompt=2024, edition="v2", profile_ids=[7], filename=None, destination="x")
    written.restore(operator)
    assert vars(operator) == {
        "prompt": "2024",
        "edition": "v2",
        "profile_ids": ["7"],
        "filename": None,
        "destination": "x",
    }


@pytest.mark.parametrize(
    "arguments", [{"prompt": 2024}, {"prompt": ["a"]}, {"prompt": True}, {"profile_ids": [7]}]
)
def test_a_number_in_place_of_a_text_names_native_rendering_and_the_way_to_quote(arguments: Any) -> None:
    with pytest.raises(
        PhotaInputError, match=r"Native rendering \(render_template_as_native_obj=True"
    ) as caught:
        EditOrder.checked(**{"prompt": "a", "image_urls": URL, **arguments})
    assert "{{ '%r' | format(params.prompt) }}" in str(caught.value)


@pytest.mark.parametrize("text", ["2024", "'a neon sign'", 'it\'s "x"', "\U0001f328", "a\nb", "{{ x }}"])
def test_the_way_to_quote_keeps_a_text(text: str) -> None:
    template = NativeEnvironment().from_string("{{ '%r' | format(params.prompt) }}")
    assert template.render(params={"prompt": text}) == text


def test_a_number_in_place_of_a_task_id_names_native_rendering() -> None:
    with pytest.raises(PhotaInputError, match=r"^phota_task_id: must be .* got 17\. Native rendering"):
        checked_task_id(17)
    with pytest.raises(PhotaInputError, match=r"got None\.$"):
        checked_task_id(None)


def test_the_dict_of_a_finished_task_has_its_id() -> None:
    assert checked_task_id({"phota_task_id": "task-1", "images": []}) == "task-1"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"phota_task_id": None, "files": [{}]}, "had landed before"),
        ({"phota_task_id": None}, "got None"),
        ({"phota_task_id": "../x"}, "'../x'"),
        ({"id": "task-1"}, "got {'id': 'task-1'}"),
        ("{'phota_task_id': 'task-1'}", "is the text of a list or a dict"),
    ],
)
def test_a_dict_without_a_task_id_says_what_it_is(value: Any, problem: str) -> None:
    with pytest.raises(PhotaInputError, match=r"^phota_task_id: ") as caught:
        checked_task_id(value)
    assert problem in str(caught.value)
