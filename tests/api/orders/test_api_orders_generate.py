"""An order of `phota-image` is checked before it is sent, and its prompt names the profiles of people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_phota.api.errors import Money, PhotaInputError
from airflow_provider_phota.api.orders.generate import ASPECT_RATIOS, GenerateOrder

PROMPT = "a lake in winter"


def test_what_the_user_left_out_has_the_documented_default() -> None:
    assert json.loads(GenerateOrder.checked(prompt=PROMPT).body()) == {
        "model": "phota-image",
        "prompt": PROMPT,
        "num_outputs": 1,
        "resolution": "1K",
        "aspect_ratio": "1:1",
    }


@pytest.mark.parametrize("aspect_ratio", ASPECT_RATIOS)
def test_what_the_user_gave_is_in_the_body(aspect_ratio: str) -> None:
    order = GenerateOrder.checked(prompt=PROMPT, num_outputs=3, resolution="4K", aspect_ratio=aspect_ratio)
    body = json.loads(order.body())
    assert (body["num_outputs"], body["resolution"], body["aspect_ratio"]) == (3, "4K", aspect_ratio)


def test_it_reads_no_files() -> None:
    order = GenerateOrder.checked(prompt=PROMPT, num_outputs=3)
    assert (order.files, order.outputs, order.profile_ids) == ((), 3, ())
    assert order.with_files({PROMPT: "x"}) == order


@pytest.mark.parametrize(
    ("prompt", "profiles", "sent", "profile_ids"),
    [
        ("[[anna]] smiles", {"anna": "profile-1"}, "[[profile-1]] smiles", ("profile-1",)),
        ("[[ anna ]] smiles", {" anna ": "profile-1"}, "[[profile-1]] smiles", ("profile-1",)),
        ("[[a]] and [[b]]", {"a": "p-1", "b": "p-2"}, "[[p-1]] and [[p-2]]", ("p-1", "p-2")),
        ("[[b]], [[a]], [[b]]", {"a": "p-1", "b": "p-2"}, "[[p-2]], [[p-1]], [[p-2]]", ("p-2", "p-1")),
        ("[[a]]", {"a": ["p-1"]}, "[[p-1]]", ("p-1",)),
        ("[[a]]", {"a": {"phota_task_id": "t", "profile_ids": ["p-1"]}}, "[[p-1]]", ("p-1",)),
        ("[[p-1]] smiles", None, "[[p-1]] smiles", ("p-1",)),
        ("[[p-1]] and [[anna]]", {"anna": "p-1"}, "[[p-1]] and [[p-1]]", ("p-1",)),
        ("no one", {"anna": "p-1"}, "no one", ()),
        ("[anna] smiles", None, "[anna] smiles", ()),
        ("two\nlines [[a\n]]", {"a": "p-1"}, "two\nlines [[p-1]]", ("p-1",)),
    ],
)
def test_a_name_in_the_prompt_becomes_its_profile(
    prompt: str, profiles: Any, sent: str, profile_ids: tuple[str, ...]
) -> None:
    order = GenerateOrder.checked(prompt=prompt, profiles=profiles)
    assert order.prompt == sent
    assert order.profile_ids == profile_ids


BAD: list[tuple[dict[str, object], str, str]] = [
    ({"prompt": None}, "prompt", "got None"),
    ({"prompt": " "}, "prompt", "say what the picture shows"),
    ({"prompt": "[[anna]]"}, "prompt", "set profiles={'anna': <its profile ID>}"),
    ({"prompt": "[[anna]]"}, "prompt", "there are no profiles"),
    ({"prompt": "[[]] smiles"}, "prompt", "refers to the profile '[[]]'"),
    ({"prompt": "[[ana]]", "profiles": {"anna": "p-1"}}, "prompt", "it has ['anna']"),
    ({"prompt": "[[p-2]]", "profiles": {"anna": "p-1"}}, "prompt", "refers to the profile '[[p-2]]'"),
    ({"prompt": "[[https://me:pw@h/x?sig=CANARY]]"}, "prompt", "refers to the profile '[[https://h/x?…"),
    ({"prompt": f"[[{'x' * 10_000}]]"}, "prompt", "refers to the profile '[[xxx"),
    ({"num_outputs": 0}, "num_outputs", "got 0"),
    ({"resolution": "2K"}, "resolution", "got '2K'"),
    ({"aspect_ratio": "16:10"}, "aspect_ratio", "'9:16' or '16:9', got '16:10'"),
    ({"aspect_ratio": None}, "aspect_ratio", "got None"),
    ({"aspect_ratio": 1.5}, "aspect_ratio", "got 1.5"),
    ({"profiles": {}}, "profiles", "must be a dict such as {'anna': create.output}, got {}"),
    ({"profiles": "p-1"}, "profiles", "got 'p-1'"),
    ({"profiles": ["p-1"]}, "profiles", "got ['p-1']"),
    ({"profiles": {"": "p-1"}}, "profiles", "has '' as a name"),
    ({"profiles": {7: "p-1"}}, "profiles", "has 7 as a name"),
    ({"profiles": {"[[anna]]": "p-1"}}, "profiles", "text without brackets"),
    ({"profiles": {"anna": "p-1", " anna": "p-2"}}, "profiles", "has one name twice: ['anna', ' anna']"),
    ({"profiles": {"anna": None}}, "profiles", "must have one profile ID for 'anna', got None"),
    ({"profiles": {"anna": ["p-1", "p-2"]}}, "profiles", "must have one profile ID for 'anna'"),
    ({"profiles": {"anna": ""}}, "profiles", "has no profile ID for 'anna'"),
    ({"profiles": {"anna": "None"}}, "profiles", "has no profile ID for 'anna'"),
    ({"profiles": {"anna": "[[p-1]]"}}, "profiles", "leave out the brackets"),
    ({"profiles": {"anna": "p-1]"}}, "profiles", "leave out the brackets"),
]


@pytest.mark.parametrize(("arguments", "argument", "problem"), BAD)
def test_bad_input_is_refused_by_the_name_of_its_argument(
    arguments: dict[str, Any], argument: str, problem: str
) -> None:
    with pytest.raises(PhotaInputError) as caught:
        GenerateOrder.checked(**({"prompt": PROMPT} | arguments))
    assert (caught.value.argument, caught.value.money) == (argument, Money.NOT_BILLED)
    assert problem in str(caught.value)
    assert "CANARY" not in str(caught.value)
    assert len(str(caught.value)) < 600
