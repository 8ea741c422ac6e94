"""An answer also says when to ask again, and its words are made fit for a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import refuses, says

from airflow_provider_phota.api import refusals
from airflow_provider_phota.api.reading import scrub
from airflow_provider_phota.api.refusals import retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("99999", 300.0),
        ("9" * 5000, 300.0),
        ("-7", 0.0),
        ("7.5", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("\u0667", 0.0),
        ("\u00b2", 0.0),
        ("Thu, 01 Jan 1970 00:17:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:16:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300.0),
        ("Fri, 99 Dec 2026 23:59:59 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_reason(value: str, seconds: float) -> None:
    assert retry_after(says(503, retry_after=value), clock=lambda: 1000.0) == seconds


def test_retry_after_may_be_missing() -> None:
    assert retry_after(says(503)) == 0.0


def test_a_date_is_read_against_the_services_own_clock() -> None:
    answer = says(503, retry_after="Thu, 01 Jan 1970 00:17:00 GMT", date="Thu, 01 Jan 1970 00:16:30 GMT")
    assert retry_after(answer, clock=lambda: 10.0**9) == 30.0


_date_words = st.sampled_from(
    ["Thu,", "01", "Jan", "1970", "00:17:00", "GMT", "-0000", "+9999", "99:99", "-1", "1"]
)


@given(
    value=st.text() | st.lists(_date_words).map(" ".join),
    date=st.text() | st.lists(_date_words).map(" ".join),
)
def test_retry_after_is_never_negative_and_never_beyond_five_minutes(value: str, date: str) -> None:
    assert 0.0 <= retry_after(says(503, retry_after=value, date=date)) <= 300.0


@given(text=st.text(st.characters()), limit=st.integers(1, 600))
def test_scrubbed_words_are_short_printable_and_encodable(text: str, limit: int) -> None:
    words = scrub(text, limit)
    assert len(words) <= limit
    assert words.isprintable()
    words.encode()


_url_words = st.text("abcXYZ019._~%&=+-/", min_size=1)


@given(
    host=st.sampled_from(["a.example", "127.0.0.1:80"]), before=st.text(), after=st.text(), query=_url_words
)
def test_scrubbed_words_hold_no_query_of_a_url(host: str, before: str, after: str, query: str) -> None:
    for mark in "?#":
        assert f"CANARY{query}" not in scrub(f"{before} HTTPS://{host}/x{mark}CANARY{query} {after}")
        assert f"CANARY{query}" not in scrub(f"{before} https://{host}/x{mark}CANARY{query} {after}")


def test_long_words_are_cut() -> None:
    assert scrub("a b " * 1000, 9) == "a b a b …"
    assert scrub("a\n\tb\x1b[31mc") == "a b [31mc"


def test_a_refusals_code_is_fit_for_a_log() -> None:
    refusal = refusals.read_refusal(refuses(400, "bad\x1b[31m" + "x" * 1000))
    assert refusal is not None
    assert refusal.code.isprintable()
    assert len(refusal.code) <= 100
