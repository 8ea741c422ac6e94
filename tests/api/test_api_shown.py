"""A message shows a user's value so that it is recognisable, short, printable, and without a secret."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.api.shown import shown, without_secrets

SIGNED = "https://h.example/x?X-Amz-Signature=CANARY"


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("CANARY")


class Odd:
    def __repr__(self) -> str:
        return f"<Odd {SIGNED}\n>"


class StorePath:
    """As fsspec's paths are: not an os.PathLike, and their text is the URL."""

    def joinpath(self) -> None: ...

    def __str__(self) -> str:
        return "s3://key:CANARY@bucket/a?versionId=CANARY"


SECRETS: list[tuple[Any, str]] = [
    (SIGNED, "'https://h.example/x?…'"),
    ("HTTPS://h.example/x?CANARY", "'HTTPS://h.example/x?…'"),
    ("https://h.example/x#CANARY", "'https://h.example/x#…'"),
    ("https://h.example/x;sig=CANARY", "'https://h.example/x;sig=***'"),
    ("https://h.example/x?a b CANARY", "'https://h.example/x?…'"),
    ("https%3A%2F%2Fh.example%2Fx%3Fsig%3DCANARY", "'https%3A%2F%2Fh.example%2Fx%3F…'"),
    ("//h.example/x?CANARY", "'//h.example/x?…'"),
    ("x.png?CANARY", "'x.png?…'"),
    ("https://CANARY@h.example/x", "'https://h.example/x'"),
    ("https://me:CANARY@h.example:8443/x", "'https://h.example:8443/x'"),
    ("https://me:CANARY@[::1]:80/x", "'https://[::1]:80/x'"),
    ("http://h:80@CANARY@h.example/", "'http://h.example/'"),
    ("s3://key:CANARY@bucket/k?versionId=1", "'s3://bucket/k?…'"),
    ("s3://key:CAN/ARY@bucket/k", "'s3://bucket/k'"),
    ("s3://key:se?CANARY#@bucket/k", "'s3://bucket/k'"),
    ("s3://key:CAN@ARY@bucket/k", "'s3://bucket/k'"),
    ("s3://key:CANARY\n@bucket/k", "'s3://bucket/k'"),
    ("s3://key:12345@bucket/k", "'s3://bucket/k'"),
    ("me:CANARY@proxy.example:3128", "'proxy.example:3128'"),
    (f"the picture at {SIGNED} and more", "'the picture at https://h.example/x?…'"),
    ("from s3://k:CANARY@b/x to https://h.example/y", "'from s3://b/x to https://h.example/y'"),
    ("AccountName=a;AccountKey=CANARY==;x=1", "'AccountName=a;AccountKey=***;x=1'"),
    (SIGNED.encode(), "b'https://h.example/x?…'"),
    (bytearray(SIGNED.encode()), "bytearray(b'https://h.example/x?…"),
    ([SIGNED, ("s3://k:CANARY@b/x",)], "['https://h.example/x?…', ('s3://b/x',)]"),
    (
        {"https://h.example/x?CANARY": {"url": SIGNED}},
        "{'https://h.example/x?…': {'url': 'https://h.example/x?…'}}",
    ),
    ({"aws_secret_access_key": "CANARY", "n": 1}, "{'aws_secret_access_key': ***, 'n': 1}"),
    ({SIGNED}, "{'https://h.example/x?…'}"),
    (frozenset([SIGNED]), "{'https://h.example/x?…'}"),
    (PurePosixPath("/a/x?CANARY"), "'/a/x?…'"),
    (StorePath(), "'s3://bucket/a?…'"),
    (Odd(), "<Odd https://h.example/x?…"),
    (Broken(), "<Broken>"),
]
HARMLESS: list[tuple[Any, str]] = [
    (None, "None"),
    (True, "True"),
    (1.5, "1.5"),
    (10**5000, "<int>"),
    ("", "''"),
    ("What now?", "'What now?'"),
    ("{phota_task_id}-{index}", "'{phota_task_id}-{index}'"),
    ("Note: mail a@b", "'Note: mail a@b'"),
    ("http://h.example:8080/a@2x.png", "'http://h.example:8080/a@2x.png'"),
    ("file:///data/a@2x.png", "'file:///data/a@2x.png'"),
    ("half \ud800", r"'half \ud800'"),
    ("left \u202e", r"'left \u202e'"),
    ("it's", '"it\'s"'),
    ((), "()"),
    ((1,), "(1,)"),
    ([[[[["deep"]]]]], "[[[[[…]]]]]"),
    (list(range(99)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …]"),
]


@pytest.mark.parametrize(("value", "text"), SECRETS, ids=lambda each: f"{type(each).__name__}"[:20])
def test_no_secret_of_a_url_is_shown(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(("value", "text"), HARMLESS, ids=lambda each: f"{type(each).__name__}"[:20])
def test_what_has_no_secret_is_shown_as_python_writes_it(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_list_that_holds_itself_ends() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert shown(endless) == "[[[[[…]]]]]"


def test_a_text_of_another_library_keeps_its_words_but_not_its_secrets() -> None:
    assert without_secrets("cannot open\ns3://k:CANARY@b/x, sorry") == "cannot open s3://b/x, sorry"


_values = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(st.characters()) | st.binary() | st.just(SIGNED),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(_values)
def test_whatever_it_is_the_text_is_short_printable_and_without_the_secret(value: object) -> None:
    text = shown(value)
    assert len(text) <= 120
    assert text.isprintable()
    assert "CANARY" not in text
