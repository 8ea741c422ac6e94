"""Templates, keys and names: what any text and any name become, and what two items never share."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.batch.items.bad_rows import without_hints
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.keys import checked_key, fields_of
from airflow_provider_phota.batch.items.templates import fields_in, filled
from airflow_provider_phota.batch.items.together import Together
from airflow_provider_phota.batch.names import NAMES_BY_KEY, BatchNames, stem_of

TASK = "task-unified-1757165031-uyujaw3d"
#: Texts as a person, a store or an attacker may write them.
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["{", "}", "{{a}}", "{a.b}", "{a!r}", "{:>9}", "{0}", "%s", "$a"]
)
KEYS = st.text(st.sampled_from("ab{}é. /\\-1\u202f\u200d\n\0%"), max_size=12) | st.text(max_size=40)
#: Keys that are much alike.
ALIKE = st.lists(
    st.sampled_from(["a", "a-", "-1", "1", "/", ".jpg", ".png", "\u200d", "{", "}"]), max_size=5
).map("".join)


@given(text=TEXTS)
def test_an_escaped_text_is_filled_in_as_it_was(text):
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert filled("prompt", escaped, {}) == text
    assert fields_in("prompt", escaped) == frozenset()


@given(text=TEXTS, value=TEXTS)
def test_what_a_value_says_is_never_read_as_a_template(text, value):
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert filled("prompt", f"{escaped}{{a b}}{escaped}", {"a b": value}) == f"{text}{value}{text}"


@given(text=st.text(st.sampled_from("ab{}!:.[]0 "), max_size=12))
def test_any_text_is_filled_in_or_refused(text):
    """Whatever passes means what Python's own `format` makes of it."""
    values = {"a": "A", "b": "B", "ab": "AB", " ": "_"}
    with suppress(PhotaInputError):
        assert filled("prompt", text, values) == text.format(**values)


def test_lists_of_texts_are_filled_in_and_other_values_stay():
    values = {"a": 1, "b": 0.5}
    assert filled("profile_ids", ["{a}-{b}", ["{a}"], 3, None], values) == ["1-0.5", ["1"], 3, None]
    assert filled("num_outputs", 3, values) == 3
    assert fields_in("profile_ids", ["{a}-{b}", ["{c}"], 3]) == {"a", "b", "c"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"x", [], {}], ids=repr)
def test_a_value_that_is_not_text_is_not_filled_in(value):
    with pytest.raises(
        PhotaInputError, match=r"prompt: has the field \{a\}, whose value here is not a text or a number"
    ):
        filled("prompt", "{a}", {"a": value})


@given(key=KEYS)
def test_a_key_that_passes_stays_below_the_destination(key):
    try:
        assert checked_key(key) == key
    except PhotaInputError:
        return
    parts = key.split("/")
    assert all(part.strip() and not part.startswith(".") for part in parts)
    assert all(len(part.encode()) <= 200 for part in parts)
    assert "\\" not in key
    assert not any(ord(char) < 32 for char in key)


@given(
    key=KEYS,
    template=st.sampled_from([NAMES_BY_KEY, "{parent}/{name}-{index}", "x/{stem}_{index:03d}", "{{{name}}}"]),
)
def test_a_name_of_a_key_is_one_that_results_may_have_or_the_item_is_refused(key, template):
    try:
        item = Item(1, checked_key(key), EditOrder("x", ("s3://b/a.jpg",)))
        name = Together(BatchNames.checked(template)).check(item)
    except PhotaInputError:
        return
    assert not any(ord(char) < 32 for char in name)
    assert not any(part in ("", ".", "..") or part.startswith(".") for part in name.split("/"))


@given(
    one=ALIKE,
    other=ALIKE,
    template=st.sampled_from([NAMES_BY_KEY, "{name}-{index}", "{parent}/{name}-{index}"]),
)
def test_two_items_never_share_a_file(one, other, template):
    together, names = Together(BatchNames.checked(template)), []
    for number, key in enumerate((one, other), start=1):
        try:
            together.check(Item(number, checked_key(key), EditOrder("x", ("s3://b/a.jpg",), 12)))
        except PhotaInputError:
            continue
        names += [stem_of(template, key, index, TASK) for index in range(12)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("template", "key", "name"),
    [
        ("{key}-{index}", "a/b.JPG", "a/b-0"),
        ("{key}-{index}", "a/b.tar.gz", "a/b.tar.gz-0"),
        ("{key}-{index}", "sku 5", "sku 5-0"),
        ("{parent}/{name}-{index}", "a/b/c.jpg", "a/b/c.jpg-0"),
        ("{parent}/{name}-{index}", "c.jpg", "c.jpg-0"),
        ("x/{parent}/{stem}", "c.jpg", "x/c"),
        ("{stem}/{index:02d}", "a/c.jpg", "c/00"),
        ("{{{stem}}}-{index}", "a{1}.jpg", "{a{1}}-0"),
    ],
)
def test_a_name_is_made_of_the_parts_of_the_key(template, key, name):
    together = Together(BatchNames.checked(template))
    assert together.check(Item(1, key, EditOrder("x", ()))) == name


def test_the_parts_of_a_key():
    assert fields_of("a/b/c.d.jpg") == {
        "key": "a/b/c.d.jpg",
        "name": "c.d.jpg",
        "stem": "c.d",
        "parent": "a/b",
    }
    assert fields_of("c") == {"key": "c", "name": "c", "stem": "c", "parent": ""}


def test_several_pictures_need_an_index():
    item = Item(1, "a", EditOrder("x", (), num_outputs=2))
    with pytest.raises(PhotaInputError, match=r"filename: needs \{index\} for 2 pictures"):
        Together(BatchNames.checked("{key}")).check(item)


def test_with_the_task_in_its_name_a_file_is_one_item_s_own():
    together = Together(BatchNames.checked("{stem}-{phota_task_id}"))
    for number, key in enumerate(("a/x.jpg", "b/x.jpg"), start=1):
        assert together.check(Item(number, key, EditOrder("x", ()))).startswith("x-")


def test_advice_about_dags_is_left_out_of_a_row():
    with pytest.raises(PhotaInputError) as error:
        EditOrder.checked(prompt="x", image_urls="https://x.test/a.jpg", num_outputs="2")
    assert "Jinja" in str(error.value)
    assert without_hints(str(error.value)) == "num_outputs: must be an int of at least 1, got '2'."
