"""Bad input to an edit: one clear error that names the argument, before anything is sent or paid."""

import json
import pickle
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.api.errors import Money, PhotaInputError
from airflow_provider_phota.api.orders.edit import EditOrder

URL = "https://pictures.example/lake.jpg"
GOOD: dict[str, Any] = {"prompt": "make it winter", "image_urls": [URL]}

PROMPTS = [
    (None, "got None"),
    ("", "is empty"),
    (" \n\t", "is empty"),
    (17, "got 17"),
    (["a", "b"], "got ['a', 'b']"),
    (b"winter", "got b'winter'"),
    ("None", "render_template_as_native_obj"),
    (" None ", "is ' None '"),
    ("['a', 'b']", "is \"['a', 'b']\""),
    ("{'a': 1}", "looks like a value that was not a text"),
    ("('a',)", "looks like a value that was not a text"),
    ("half \ud800", "surrogate"),
    ("nul \x00", "NUL"),
]
IMAGE_URLS = [
    (None, "got None"),
    (17, "got 17"),
    (b"https://a/b", "got b'https://a/b'"),
    ({URL: 1}, "must be a list of URLs"),
    ({URL}, "must be a list of URLs"),
    ({f"{URL}?sig=CANARY"}, "must be a list of URLs"),
    ([], "is empty"),
    ("", "got ''"),
    ([""], "got ''"),
    ([" "], "got ' '"),
    ([URL, None], "got None in it"),
    ([URL, "None"], "got 'None' in it"),
    ("None", "got 'None' in it"),
    ([URL, 7], "got 7 in it"),
    ([[[f"{URL}?sig=CANARY"]]], "got ['https://pictures.example/lake.jpg?…'] in it"),
    (f"['{URL}']", "is the text of a list"),
    ([f"['{URL}']"], "is not an http(s) URL"),
    ([URL, URL], "same picture twice"),
    ("lake.jpg", "'lake.jpg' is not an http(s) URL. Pass a URL the service can read"),
    ("//pictures.example/lake.jpg", "is not an http(s) URL"),
    ("file:///home/me/lake.jpg", "is a file: URL, which the service cannot read: upload"),
    ("data:image/png;base64,AAAA", "is a data: URL, which the service cannot read: upload"),
    ("javascript:alert(1)", "is not an http(s) URL"),
    ("ftp://user:CANARY@pictures.example/a", "'ftp://pictures.example/a' is not an http(s) URL"),
    ("s3://bucket/lake.jpg", "is not an http(s) URL"),
    ("https://", "is not a complete http(s) URL"),
    ("https:///lake.jpg", "is not a complete http(s) URL"),
    ("https://a b/lake.jpg", "is not a complete http(s) URL"),
    (f"{URL}\n", "is not a complete http(s) URL"),
    ("https://[::1", "is not a URL"),
    ("https://user:CANARY@a.example:99999/lake.jpg", "is not a URL"),
    ("https://me:CANARY@pictures.example/lake.jpg", "carries a user name or password"),
    ("https://me@pictures.example/lake.jpg", "carries a user name or password"),
    ("https://a.example/\x00", "NUL"),
    ("https://a.example/\ud800", "surrogate"),
    ("http://127.0.0.1:8765/lake.jpg", "on this machine or a private network"),
    ("http://localhost/lake.jpg", "on this machine or a private network"),
    ("http://[::1]/lake.jpg", "on this machine or a private network"),
    ("http://10.0.0.7/lake.jpg", "on this machine or a private network"),
    ("http://192.168.1.7/lake.jpg", "on this machine or a private network"),
    ("http://169.254.169.254/latest/meta-data", "on this machine or a private network"),
    ("http://100.64.0.1/lake.jpg?sig=CANARY", "'http://100.64.0.1/lake.jpg?…' is on this machine"),
]
NUM_OUTPUTS = [
    (0, "got 0"),
    (-1, "got -1"),
    ("2", "got '2'. A Jinja template renders to a string"),
    (1.0, "got 1.0"),
    (True, "got True"),
    (False, "got False"),
    (None, "got None"),
    ([1], "got [1]"),
]
RESOLUTIONS = [("2K", "got '2K'"), ("1k", "got '1k'"), ("", "got ''"), (None, "got None"), (4, "got 4")]
PROFILE_IDS = [
    ([], "is an empty list"),
    ("", "got '' in it"),
    ("None", "got 'None' in it"),
    ("['p-1']", "is the text of a list"),
    (b"p-1", "must be a list of profile IDs"),
    (7, "got 7"),
    ({"p-1": 1}, "must be a list of profile IDs"),
    (["p-1", ""], "got '' in it"),
    (["p-1", None], "got None in it"),
    (["p-1", "p-1"], "same profile twice"),
    (["p\x00"], "NUL"),
    (["p\udfff"], "surrogate"),
]
BAD = [
    pytest.param(argument, value, problem, id=f"{argument}={value!r:.60}")
    for argument, rows in {
        "prompt": PROMPTS,
        "image_urls": IMAGE_URLS,
        "num_outputs": NUM_OUTPUTS,
        "resolution": RESOLUTIONS,
        "profile_ids": PROFILE_IDS,
    }.items()
    for value, problem in rows
]


@pytest.mark.parametrize(("argument", "value", "problem"), BAD)
def test_bad_input_is_refused_by_the_name_of_its_argument(argument: str, value: object, problem: str) -> None:
    with pytest.raises(PhotaInputError) as caught:
        EditOrder.checked(**(GOOD | {argument: value}))
    message = str(caught.value)
    assert message.startswith(f"{argument}: ")
    assert problem in message
    assert "CANARY" not in message
    assert len(message) < 400
    assert message.isprintable()
    assert (caught.value.argument, caught.value.money) == (argument, Money.NOT_BILLED)
    assert not caught.value.retryable
    assert str(pickle.loads(pickle.dumps(caught.value))) == message


def test_a_long_value_is_shown_by_its_beginning() -> None:
    with pytest.raises(PhotaInputError) as caught:
        EditOrder.checked(prompt="winter", image_urls=URL, resolution="4" * 10_000)
    assert len(str(caught.value)) < 200


GOOD_PROMPTS = [
    "make it winter",
    "{{ dag_run.conf.prompt }}",
    "[soft light] with fog",
    "(a, b) style",
    "{not a dict}",
    "[" * 5000,
    "None of the trees",
    "\u202eright to left",
    "w" * 100_000,
    "Winter \U0001f328",
]


@pytest.mark.parametrize("prompt", GOOD_PROMPTS, ids=lambda prompt: f"{prompt[:20]!r}")
def test_a_prompt_is_sent_as_it_stands(prompt: str) -> None:
    edit = EditOrder.checked(prompt=prompt, image_urls=URL)
    assert json.loads(edit.body())["prompt"] == prompt


class LazySequence:
    """As Airflow hands over the results of a mapped task: iterable, and no list."""

    def __iter__(self) -> Iterator[str]:
        yield URL


@pytest.mark.parametrize("image_urls", [URL, [URL], (URL,), LazySequence(), iter([URL])])
def test_one_picture_may_come_in_many_shapes(image_urls: object) -> None:
    assert EditOrder.checked(prompt="winter", image_urls=image_urls).image_urls == (URL,)


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example/lake.jpg",
        "HTTPS://pictures.example/lake.jpg",
        "https://pictures.example:8443/lake.jpg?sig=a%2Fb&x=1#top",
        "https://8.8.8.8/lake.jpg",
        "https://[2606:4700::1]/lake.jpg",
        "https://bücher.example/lake.jpg",
    ],
)
def test_an_http_url_is_sent_as_it_stands(url: str) -> None:
    assert EditOrder.checked(prompt="winter", image_urls=url).image_urls == (url,)


def test_many_pictures_are_taken() -> None:
    urls = [f"https://pictures.example/{n}.jpg" for n in range(1000)]
    assert EditOrder.checked(prompt="winter", image_urls=urls).image_urls == tuple(urls)


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "10.0.0.7", "[::1]:80"])
def test_local_pictures_are_fine_for_a_local_service(host: str) -> None:
    url = f"http://{host}/lake.jpg"
    assert EditOrder.checked(prompt="winter", image_urls=url, local_inputs=True).image_urls == (url,)


def test_what_the_user_left_out_is_left_out_of_the_body() -> None:
    body = json.loads(EditOrder.checked(**GOOD).body())
    assert "profile_ids" not in body
    assert (body["num_outputs"], body["resolution"]) == (1, "1K")


def test_what_the_user_gave_is_in_the_body() -> None:
    edit = EditOrder.checked(**GOOD, num_outputs=3, resolution="4K", profile_ids=["p-1", "p-2"])
    body = json.loads(edit.body())
    assert (body["num_outputs"], body["resolution"], body["profile_ids"]) == (3, "4K", ["p-1", "p-2"])


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(
    arguments=st.fixed_dictionaries(
        {"prompt": _anything, "image_urls": _anything},
        optional=dict.fromkeys(("num_outputs", "resolution", "profile_ids"), _anything),
    )
)
def test_whatever_is_passed_is_a_sendable_edit_or_a_clear_refusal(arguments: dict[str, Any]) -> None:
    with suppress(PhotaInputError):
        json.loads(EditOrder.checked(**arguments).body())


@pytest.mark.parametrize("url", ["s3://bucket/a.jpg", "file:///a.jpg", "gs://bucket/a b.jpg"])
def test_a_picture_of_a_store_is_taken_where_it_will_be_published(url: str) -> None:
    edit = EditOrder.checked(
        prompt="a beach", image_urls=[url, "https://a.example/b.jpg"], stored_inputs=True
    )
    assert edit.image_urls == (url, "https://a.example/b.jpg")
    with pytest.raises(PhotaInputError, match="image_urls"):
        EditOrder.checked(prompt="a beach", image_urls=url)


@pytest.mark.parametrize("url", ["data:image/png;base64,AA", "http://", "a.jpg", "https://u@a.example/b.jpg"])
def test_what_is_on_the_web_must_be_readable_there_all_the_same(url: str) -> None:
    with pytest.raises(PhotaInputError, match="image_urls"):
        EditOrder.checked(prompt="a beach", image_urls=url, stored_inputs=True)
