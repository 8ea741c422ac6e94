"""No argument's value shows a signed URL or a password in an error or a log, whatever it is nested in."""

from __future__ import annotations

import json
import logging

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from airflow_runs import TaskInstance

from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEditOperator,
    PhotaImageEnhanceOperator,
    PhotaImageGenerateOperator,
)
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.object_storage_to_phota import ObjectStorageToPhotaOperator
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

pytestmark = pytest.mark.usefixtures("metadata_database")

TEXTS = [
    "https://h.example/x?X-Amz-Signature=CANARY",
    "https://h.example/x.png?X-Amz-Signature=CANARY#CANARY",
    "https://me:CANARY@h.example/x",
    "ftp://h.example/x?sig=CANARY",
    "nowhere://key:CANARY@bucket/x?versionId=CANARY",
    "file:///proc/nowhere/x?versionId=CANARY",
    "file://nowhere/x?sig=CANARY",
    "file:///proc/nowhere/../x?sig=CANARY",
    "x.png?sig=CANARY",
    "a text with https://h.example/x?sig=CANARY in it",
]
SHAPES = [
    lambda text: text,
    lambda text: [text],
    lambda text: (text,),
    lambda text: [[[text]]],
    lambda text: {"url": text},
    lambda text: {text: 1},
    lambda text: {"phota_task_id": text, "images": [{"url": text}]},
    lambda text: {"phota_task_id": "task-1", "images": [{"link": text}]},
    lambda text: text.encode(),
    lambda text: {text},
    lambda text: text + "\ud800",
]
VALUES = [shape(text) for text in TEXTS for shape in SHAPES]
VALUES += [
    ObjectStoragePath("file:///proc/nowhere/x?sig=CANARY"),
    ObjectStoragePath("file:///proc/nowhere/../x?sig=CANARY"),
]

PICTURE = "https://example.com/a.png"
QUICK = {"timeout": 0.2, "poke_interval": 0.05}
QUICK_WAIT = {"timeout": 0.2, "poll_interval": 0.05}


def _edit(**arguments):
    return PhotaImageEditOperator(
        task_id="edit",
        **{
            "prompt": "a",
            "image_urls": PICTURE,
            "wait_for_completion": True,
            "destination": "file:///proc/nowhere",
            **arguments,
        },
    )


def _generate(**arguments):
    landing = {"wait_for_completion": True, "destination": "file:///proc/nowhere"}
    return PhotaImageGenerateOperator(task_id="generate", **{"prompt": "a", **landing, **arguments})


def _refer(name):
    return _generate(prompt=f"[[{name}]]")


def _mean(profile):
    return _generate(prompt="[[anna]]", profiles={"anna": profile})


def _enhance(**arguments):
    landing = {"wait_for_completion": True, "destination": "file:///proc/nowhere"}
    return PhotaImageEnhanceOperator(task_id="enhance", **{"image_url": PICTURE, **landing, **arguments})


def _create(**arguments):
    return PhotaCreateProfileOperator(
        task_id="create", **{"photos": "file:///proc/nowhere/", **QUICK_WAIT, **arguments}
    )


def _wait(**arguments):
    return PhotaTaskSensor(
        task_id="wait",
        **{"phota_task_id": "task-1", "destination": "file:///proc/nowhere", **QUICK, **arguments},
    )


def _land(**arguments):
    return PhotaToObjectStorageOperator(
        task_id="land", **{"result": "task-1", "destination": "file:///proc/nowhere", **arguments}
    )


def _publish(**arguments):
    return ObjectStorageToPhotaOperator(
        task_id="publish", **{"path": "file:///proc/nowhere/a.png", **arguments}
    )


OPERATORS = {
    _edit: [
        *("prompt", "image_urls", "num_outputs", "resolution", "profile_ids", "publish", "destination"),
        *(
            "filename",
            "if_exists",
            "skip_existing_edits",
            "phota_conn_id",
            "wait_for_completion",
            "deferrable",
        ),
        *("poll_interval", "timeout", "max_unreachable", "ledger_path", "on_ambiguous", "on_missing"),
        *("on_expired", "edition", "adopt_phota_task_id"),
    ],
    _generate: ["prompt", "num_outputs", "resolution", "aspect_ratio", "profiles", "skip_existing"],
    _refer: ["name"],
    _mean: ["profile"],
    _enhance: ["image_url", "resolution", "creativity", "resemblance", "profile_ids", "skip_existing"],
    _create: ["photos", "profiles_path", "publish", "edition", "adopt_phota_task_id", "ledger_path"],
    _wait: [
        *("phota_task_id", "phota_conn_id", "deferrable", "poke_interval", "timeout", "max_unreachable"),
        *("destination", "filename", "if_exists", "start_from_trigger"),
    ],
    _land: ["result", "destination", "filename", "if_exists", "max_bytes", "phota_conn_id"],
    _publish: ["path", "publish", "phota_conn_id"],
}
ARGUMENTS = [(make, argument) for make, arguments in OPERATORS.items() for argument in arguments]


def said(act):
    """The text of the error, empty if there is none."""
    try:
        act()
    except Exception as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("make", "argument"), ARGUMENTS, ids=[f"{make.__name__}-{name}" for make, name in ARGUMENTS]
)
def test_no_argument_shows_a_secret(emulator, caplog, make, argument):
    caplog.set_level(logging.DEBUG, logger="airflow_provider_phota")
    for value in VALUES:
        message = said(lambda value=value: make(**{argument: value}).execute({"ti": TaskInstance()}))
        assert "CANARY" not in message, repr(value)
        assert all(line.isprintable() for line in message.split("\n")), repr(value)
        assert len(message) < 700, repr(value)
    ours = [
        record.getMessage() for record in caplog.records if record.name.startswith("airflow_provider_phota")
    ]
    assert "CANARY" not in "\n".join(ours)


HOOKS = {
    "submit_edit": ["prompt", "image_urls", "num_outputs", "resolution", "profile_ids"],
    "get_task": ["phota_task_id"],
    "upload_file": ["path"],
}
GOOD = {"submit_edit": {"prompt": "a", "image_urls": PICTURE}, "get_task": {}, "upload_file": {}}


@pytest.mark.parametrize(
    ("method", "argument"), [(method, name) for method, names in HOOKS.items() for name in names]
)
def test_no_argument_of_the_hook_shows_a_secret(emulator, method, argument):
    for value in VALUES:
        message = said(lambda value=value: getattr(PhotaHook(), method)(**{**GOOD[method], argument: value}))
        assert "CANARY" not in message, repr(value)


@pytest.mark.parametrize("value", [*TEXTS, [TEXTS[0]], {"url": TEXTS[0]}], ids=repr)
def test_no_part_of_a_connection_shows_a_secret(emulator, monkeypatch, tmp_path, value):
    extras = (
        *(
            "connect_timeout",
            "read_timeout",
            "total_timeout",
            "requests_per_second",
            "expected_pollers",
            "proxy",
            "ca_bundle",
        ),
        *("ledger_path", "publish", "allow_http", "resend_on_503", "budget", "budget_path", "user_group"),
        *("credits_per_usd", "console_url"),
    )
    texts = ("host", "schema") if isinstance(value, str) else ()
    parts = [*({"extra": {name: value}} for name in extras), *({name: value} for name in texts)]
    for part in parts:
        fields = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, **part}
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(fields))
        assert "CANARY" not in said(lambda: PhotaHook().get_conn().close()), part
        operator = _edit(destination=f"file://{tmp_path}", prompt="{{ x }}", num_outputs="{{ x }}")
        assert "CANARY" not in said(lambda operator=operator: operator.execute({"ti": TaskInstance()})), part
