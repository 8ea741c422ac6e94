"""Messages explain how native rendering, or rendering to text, has changed a value."""

from __future__ import annotations

import pytest

from airflow_provider_phota.api.hints import hint_for, is_collection_repr


def test_a_missing_value_was_not_made_by_rendering() -> None:
    assert hint_for(None) == ""
    assert hint_for(7).startswith(" Native rendering")


@pytest.mark.parametrize("text", ["[]", "['a']", "(1,)", "{'a': 1}", " {1, 2} ", "{}", "[[1], 'b']"])
def test_the_text_of_a_collection(text: str) -> None:
    assert is_collection_repr(text)


@pytest.mark.parametrize(
    "text", ["", "a", "7", "'a'", "[soft light]", "(a) b", "(7)", "{{ x }}", "[" * 5000, "[1, 2", "{1: [}"]
)
def test_any_other_text(text: str) -> None:
    assert not is_collection_repr(text)
