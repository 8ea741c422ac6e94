"""Bad input of a task: one clear error that names the argument, nothing sent, nothing billed, no retry."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib.metadata import version

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow_runs import PICTURE as PHOTOGRAPH
from airflow_runs import TaskInstance

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEditOperator,
    PhotaImageEnhanceOperator,
    PhotaImageGenerateOperator,
)
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator
from airflow_provider_phota.waiting import Intervals

pytestmark = pytest.mark.usefixtures("metadata_database")

#: When the DAG is parsed, or when the task runs.
REFUSED = (PhotaInputError, AirflowFailException)
PICTURE = "http://127.0.0.1/picture.png"
PHOTOS = f"file://{PHOTOGRAPH.parent}/"
SMALL = PHOTOGRAPH.read_bytes()
#: The header of a PNG of 30,000 x 30,000 pixels.
WIDE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (30_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"

EDITS = [
    ({"prompt": None}, "prompt", "None"),
    ({"prompt": ""}, "prompt", "empty"),
    ({"prompt": "  \n"}, "prompt", "empty"),
    ({"prompt": 7}, "prompt", "7"),
    ({"prompt": "None"}, "prompt", "'None'"),
    ({"prompt": "['a', 'b']"}, "prompt", "['a', 'b']"),
    ({"prompt": "half \ud800"}, "prompt", "surrogate"),
    ({"prompt": "nul \x00"}, "prompt", "NUL"),
    ({"image_urls": []}, "image_urls", "empty"),
    ({"image_urls": ""}, "image_urls", "''"),
    ({"image_urls": [""]}, "image_urls", "''"),
    ({"image_urls": None}, "image_urls", "None"),
    ({"image_urls": [None]}, "image_urls", "None"),
    ({"image_urls": "None"}, "image_urls", "None"),
    ({"image_urls": {"url": PICTURE}}, "image_urls", "url"),
    ({"image_urls": f"['{PICTURE}']"}, "image_urls", "the text of a list"),
    ({"image_urls": "portraits/me.jpg"}, "image_urls", "'portraits/me.jpg'"),
    ({"image_urls": "//example.com/me.jpg"}, "image_urls", "'//example.com/me.jpg'"),
    ({"image_urls": "ftp://example.com/me.jpg"}, "image_urls", "ftp"),
    ({"image_urls": "javascript:alert(1)"}, "image_urls", "javascript"),
    ({"image_urls": "file:///data/me.jpg"}, "image_urls", "cannot be read"),
    ({"image_urls": "data:image/png;base64,AAAA"}, "image_urls", "PhotaHook.upload_file()"),
    ({"image_urls": "https://user:word@example.com/me.jpg"}, "image_urls", "user name"),
    ({"image_urls": [PICTURE, PICTURE]}, "image_urls", "twice"),
    ({"num_outputs": 0}, "num_outputs", "0"),
    ({"num_outputs": -1}, "num_outputs", "-1"),
    ({"num_outputs": 1.0}, "num_outputs", "1.0"),
    ({"num_outputs": "2"}, "num_outputs", "'2'"),
    ({"num_outputs": True}, "num_outputs", "True"),
    ({"resolution": "2K"}, "resolution", "'2K'"),
    ({"resolution": "1k"}, "resolution", "'1k'"),
    ({"resolution": None}, "resolution", "None"),
    ({"profile_ids": []}, "profile_ids", "empty"),
    ({"profile_ids": "['p1']"}, "profile_ids", "text of a list"),
    ({"profile_ids": ["p1", ""]}, "profile_ids", "''"),
    ({"profile_ids": [1]}, "profile_ids", "1"),
    ({"profile_ids": ["p1", "p1"]}, "profile_ids", "twice"),
]


@pytest.mark.parametrize(("arguments", "argument", "words"), EDITS)
def test_a_bad_edit_is_refused_before_anything_is_sent(emulator, arguments, argument, words):
    with pytest.raises(REFUSED) as caught:
        PhotaImageEditOperator(task_id="edit", **{"prompt": "a", "image_urls": PICTURE, **arguments}).execute(
            {}
        )
    assert str(caught.value).startswith(f"{argument}: ")
    assert words in str(caught.value)
    assert emulator.requests() == []


def rows(*names):
    """The rows of an edit that are about these arguments."""
    return [row for row in EDITS if row[1] in names]


FRACTIONS = [
    ({name: value}, name, words)
    for name in ("creativity", "resemblance")
    for value, words in [
        (-0.1, "-0.1"),
        (1.01, "1.01"),
        (10**400, "0.0 to 1.0"),
        (float("nan"), "nan"),
        ("0.5", "'0.5'"),
        ("much", "'much'"),
        (True, "True"),
        ([], "[]"),
    ]
]
GENERATES = [
    *rows("prompt", "num_outputs", "resolution"),
    *(({"aspect_ratio": value}, "aspect_ratio", repr(value)) for value in ("16:10", "1x1", "", None, 1.5)),
    ({"profiles": {}}, "profiles", "{}"),
    ({"profiles": "p1"}, "profiles", "'p1'"),
    ({"profiles": ["p1"]}, "profiles", "['p1']"),
    ({"profiles": {"": "p1"}}, "profiles", "''"),
    ({"profiles": {"a": None}}, "profiles", "None"),
    ({"profiles": {"a": ["p1", "p2"]}}, "profiles", "'p2'"),
    ({"profiles": {"a": "p1", " a": "p2"}}, "profiles", "twice"),
    ({"profiles": {"a": "nul \x00"}}, "profiles", "NUL"),
    ({"prompt": "[[ana]]", "profiles": {"anna": "p1"}}, "prompt", "'anna'"),
    ({"prompt": "[[anna]]"}, "prompt", "there are no profiles"),
]
ENHANCES = [
    *rows("resolution", "profile_ids"),
    *FRACTIONS,
    *(({"image_url": value}, "image_url", repr(value)) for value in (None, 7, "", " ", "None", [], "a.jpg")),
    ({"image_url": [PICTURE, f"{PICTURE}?2"]}, "image_url", "must be one URL"),
    ({"image_url": {"url": PICTURE}}, "image_url", "url"),
    ({"image_url": f"['{PICTURE}']"}, "image_url", "the text of a list"),
    ({"image_url": "ftp://example.com/me.jpg"}, "image_url", "ftp"),
    ({"image_url": "file:///data/me.jpg"}, "image_url", "cannot be read"),
    ({"image_url": "data:image/png;base64,AAAA"}, "image_url", "PhotaHook.upload_file()"),
    ({"image_url": "https://user:word@example.com/me.jpg"}, "image_url", "user name"),
]
PROFILES = [
    *(({"photos": value}, "photos", repr(value)) for value in (None, 7, "", "None", "anna.zip")),
    ({"photos": []}, "photos", "empty"),
    ({"photos": [None]}, "photos", "None"),
    ({"photos": {"path": "s3://bucket/anna/"}}, "photos", "path"),
    ({"photos": "['s3://bucket/a.jpg']"}, "photos", "text of a list"),
    ({"photos": "file:///nowhere/anna/"}, "photos", "nowhere"),
    ({"photos": "s4://bucket/anna/"}, "photos", "s4"),
    ({"photos": "data:application/zip;base64,AAAA"}, "photos", "data:"),
    ({"photos": "https://user:word@example.com/anna.zip"}, "photos", "user name"),
    ({"photos": "https://"}, "photos", "complete"),
    ({"profiles_path": "relative/path", "photos": PHOTOS}, "profiles_path", "relative/path"),
    ({"profiles_path": "s4://bucket/profiles", "photos": PHOTOS}, "profiles_path", "s4"),
    ({"profiles_path": "{{ ds }}"}, "profiles_path", "not a templated field"),
    ({"profiles_path": "file:///tmp", "photos": "https://a.example/b.zip"}, "photos", "object store"),
]
MONEY = [
    ({"edition": None}, "edition", "None"),
    ({"edition": ["2"]}, "edition", "'2'"),
    ({"adopt_phota_task_id": "../x"}, "adopt_phota_task_id", "../x"),
    ({"ledger_path": "relative/path"}, "ledger_path", "relative/path"),
    ({"ledger_path": "{{ ds }}"}, "ledger_path", "not a templated field"),
    ({"ledger_key": "a"}, "ledger_key", "needs a ledger_path"),
    ({"on_ambiguous": "again"}, "on_ambiguous", "'again'"),
    ({"timeout": 0}, "timeout", "0"),
    ({"timeout": 24 * 3600}, "timeout", "72000"),
    ({"poll_interval": 0}, "poll_interval", "0"),
    ({"publish": "sign"}, "publish", "'sign'"),
]
LANDINGS = [
    ({"destination": "relative/path"}, "destination", "relative/path"),
    ({"destination": "file:///out/../etc"}, "destination", "upwards"),
    ({"destination": "s4://bucket/prefix"}, "destination", "s4"),
    ({"destination": "file:///tmp", "wait_for_completion": False}, "destination", "nothing to land yet"),
    ({"destination": "file:///tmp", "filename": "{prompt}"}, "filename", "{prompt}"),
]
OTHERS = [
    *((PhotaImageGenerateOperator, {"prompt": "a"}, *row) for row in [*GENERATES, *MONEY, *LANDINGS]),
    *((PhotaImageEnhanceOperator, {"image_url": PICTURE}, *row) for row in [*ENHANCES, *MONEY, *LANDINGS]),
    *((PhotaCreateProfileOperator, {"photos": PICTURE}, *row) for row in [*PROFILES, *MONEY]),
]


@pytest.mark.parametrize(("operator", "good", "arguments", "argument", "words"), OTHERS)
def test_a_bad_order_of_another_model_is_refused_before_anything_is_sent(
    emulator, operator, good, arguments, argument, words
):
    how = {"wait_for_completion": True, **good, **arguments}
    with pytest.raises(REFUSED) as caught:
        operator(task_id="order", **how).execute({"ti": TaskInstance()})
    assert str(caught.value).startswith(f"{argument}: ")
    assert words in str(caught.value)
    assert emulator.requests() == []


#: Files of a folder of photos, and what is said of them.
FOLDERS = [
    ({}, "anna"),
    ({"a.jpg": b""}, "a.jpg"),
    ({"a.jpg": b"a text named like a picture"}, "a.jpg"),
    ({"a.jpg": SMALL[:-20]}, "a.jpg"),
    ({"a.png": WIDE}, "a.png"),
    ({"a.jpg": SMALL, "b.svg": b"<svg/>", "c.png": b"<svg/>"}, "c.png"),
]


@pytest.mark.parametrize(("files", "words"), FOLDERS)
def test_photos_that_are_not_pictures_are_refused_before_anything_is_sent(emulator, tmp_path, files, words):
    folder = tmp_path / "anna"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    operator = PhotaCreateProfileOperator(task_id="order", photos=f"file://{folder}/")
    with pytest.raises(AirflowFailException, match=r"^photos: ") as caught:
        operator.execute({"ti": TaskInstance()})
    assert words in str(caught.value)
    assert emulator.requests() == []


@pytest.mark.parametrize("content", [b"", b"a text", SMALL[:-20], WIDE])
def test_a_picture_to_enhance_that_is_not_one_is_refused_before_anything_is_sent(emulator, tmp_path, content):
    (tmp_path / "me.png").write_bytes(content)
    operator = PhotaImageEnhanceOperator(task_id="order", image_url=f"file://{tmp_path}/me.png")
    with pytest.raises(AirflowFailException, match=r"^image_url: .*me\.png"):
        operator.execute({"ti": TaskInstance()})
    assert emulator.requests() == []


KEY = "sk-canary-0123456789"
GOOD = {"conn_type": "phota", "password": KEY, "host": "https://api.foxapi.cc"}

#: Airflow 3.1 passes over such a variable, and says why in its own log alone.
NO_OBJECT = "no Airflow connection" if version("apache-airflow").startswith("3.1") else "not a JSON object"
CONNECTIONS = [
    ({"password": None}, "no API key"),
    ({"password": "   "}, "no API key"),
    ({"password": "sk-1"}, "malformed"),
    ({"password": f"{KEY}\nX-Evil: 1"}, "malformed"),
    ({"password": f"{KEY} {KEY}"}, "malformed"),
    ({"password": f"{KEY}\u201d"}, "malformed"),
    ({"password": f"{KEY}\x00"}, "malformed"),
    ({"host": "ftp://api.foxapi.cc"}, "not an http(s) URL"),
    ({"host": "http://api.foxapi.cc"}, "plain http"),
    ({"host": "http://10.0.0.8"}, "plain http"),
    ({"host": "https://api.foxapi.cc/v1"}, "no path"),
    ({"host": "https://api.foxapi.cc?x=1"}, "no path"),
    ({"host": f"https://{KEY}@api.foxapi.cc"}, "no path, query or user name"),
    ({"host": "https://api.foxapi.cc:99999"}, "malformed"),
    ({"host": "https://"}, "not an http(s) URL"),
    ({"host": "https://api .foxapi.cc"}, "spaces"),
    ({"port": 99999}, "port 99999"),
    ({"schema": "v1"}, "schema 'v1'"),
    ({"extra": {"base_url": "https://evil.example"}}, "host field"),
    ({"extra": {"read_timeout": -1}}, "'read_timeout'"),
    ({"extra": {"read_timeout": "soon"}}, "'read_timeout'"),
    ({"extra": {"connect_timeout": True}}, "'connect_timeout'"),
    ({"extra": {"allow_http": "maybe"}}, "'allow_http'"),
    ({"extra": {"proxy": "proxy.local:3128"}}, "'proxy'"),
    ({"extra": {"ca_bundle": "/nowhere.pem"}}, "'ca_bundle'"),
    ({"extra": "[1, 2]"}, NO_OBJECT),
    ({"extra": "{broken"}, NO_OBJECT),
]


@pytest.mark.parametrize(("parts", "words"), CONNECTIONS)
def test_a_bad_connection_is_refused_without_showing_the_key(monkeypatch, parts, words):
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps({**GOOD, **parts}))
    operator = PhotaImageEditOperator(task_id="edit", prompt="a", image_urls="https://example.com/a.png")
    with pytest.raises(AirflowFailException) as caught:
        operator.execute({"ti": TaskInstance()})
    assert words in str(caught.value)
    assert "phota_default" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_missing_connection_says_how_to_make_one(monkeypatch):
    operator = PhotaImageEditOperator(
        task_id="edit", prompt="a", image_urls="https://example.com/a.png", phota_conn_id="nobody"
    )
    with pytest.raises(
        AirflowFailException, match=r"There is no Airflow connection 'nobody'.*AIRFLOW_CONN_NOBODY"
    ):
        operator.execute({})


def test_a_picture_on_a_private_network_needs_a_service_there(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(GOOD))
    for host in ("127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "[::1]"):
        operator = PhotaImageEditOperator(task_id="edit", prompt="a", image_urls=f"http://{host}/a.png")
        with pytest.raises(AirflowFailException, match="cannot read"):
            operator.execute({})


@pytest.mark.parametrize("value", [None, 7, "", "None", "a/b", "../x", "a?b", "-x:1", "x" * 300])
def test_a_bad_task_id_is_refused_before_anything_is_sent(emulator, value):
    with pytest.raises(AirflowFailException, match=r"^phota_task_id: "):
        PhotaTaskSensor(task_id="wait", phota_task_id=value).execute({})
    assert emulator.requests() == []


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"result": None}, "result"),
        ({"result": {}}, "result"),
        ({"result": {"phota_task_id": "t1", "images": []}}, "result"),
        ({"result": {"phota_task_id": "../t1", "images": [{"url": "https://x/y"}]}}, "result"),
        ({"result": "../t1"}, "result"),
        ({"destination": "relative/path"}, "destination"),
        ({"destination": ""}, "destination"),
        ({"destination": None}, "destination"),
        ({"destination": "file:///out/../etc"}, "destination"),
        ({"destination": "s4://bucket/prefix"}, "destination"),
    ],
)
def test_a_bad_landing_is_refused_before_anything_is_fetched(emulator, tmp_path, arguments, argument):
    good = {"result": "task-1", "destination": f"file://{tmp_path}"}
    with pytest.raises(REFUSED, match=f"^{argument}"):
        PhotaToObjectStorageOperator(task_id="land", **{**good, **arguments}).execute({})
    assert emulator.requests() == []


@pytest.mark.parametrize("value", [0, -1, True, "5", None, float("nan"), float("inf")])
def test_times_that_make_no_sense_are_refused_when_the_dag_is_parsed(value):
    with pytest.raises(ValueError, match=r"^timeout: "):
        PhotaTaskSensor(task_id="wait", phota_task_id="t1", timeout=value)
    with pytest.raises(ValueError, match=r"^poll_interval: "):
        PhotaImageEditOperator(task_id="edit", prompt="a", image_urls=PICTURE, poll_interval=value)


def test_a_wait_cannot_outlive_the_results():
    with pytest.raises(ValueError, match="at most 72000"):
        PhotaImageEditOperator(task_id="edit", prompt="a", image_urls=PICTURE, timeout=24 * 3600)


@pytest.mark.parametrize(
    "value",
    [(30, 2), (1,), (), (1, 2, 3), (0, 5), (-1, 5), (2, "x"), "x", "25", (2, None), {2: 30}, (1, 1e6)],
)
def test_bounds_of_an_interval_that_make_no_sense_are_refused_when_the_dag_is_parsed(value):
    with pytest.raises(ValueError, match=r"^poll_interval: must be "):
        PhotaImageEditOperator(task_id="edit", prompt="a", image_urls=PICTURE, poll_interval=value)
    with pytest.raises(ValueError, match=r"^poke_interval: must be "):
        PhotaTaskSensor(task_id="wait", phota_task_id="t1", poke_interval=value)


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        (5, (5.0, 5.0)),
        (timedelta(minutes=1), (60.0, 60.0)),
        ((2, 30), (2.0, 30.0)),
        ([timedelta(seconds=2), 2], (2.0, 2.0)),
    ],
)
def test_one_span_is_a_steady_interval_and_two_are_its_bounds(value, bounds):
    assert Intervals.checked("poll_interval", value) == Intervals(*bounds)
