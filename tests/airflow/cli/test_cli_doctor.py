"""The doctor: with one thing broken it names that thing, and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import io as airflow_io
from airflow_runs import aws_connection
from fsspec.implementations.memory import MemoryFileSystem
from least_rights import LeastRights

from airflow_provider_phota.emulator import Fault

#: Is checked in this order.
ALL = [
    "connection",
    "service",
    "key",
    "models",
    "balance",
    "prices",
    "clock",
    "ledger_path",
    "budget",
    "ledger",
]
EMPTY = {"code": True, "data": {"total_available": 0, "total_used": 1, "unlimited_quota": False}}
MODELS = ["phota-image-edit", "phota-image", "phota-image-enhance"]


@pytest.fixture
def healthy(ledger, phota) -> Callable[..., Any]:
    """A machine on which everything works, with a ledger that was begun."""
    from airflow_provider_phota.ledger.__main__ import main

    main(["begin", ledger])
    return lambda *words: phota("doctor", "--json", *words)


def states(done: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in done.json:
        found.setdefault(each["state"], []).append(each["check"])
    return found


def test_on_a_healthy_machine_everything_is_ok(healthy, tmp_path):
    done = healthy("--path", tmp_path / "new" / "edits")
    assert states(done) == {"ok": [*ALL, "path"]}
    assert done.code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]
    assert [path.name for path in (tmp_path / "ledger").iterdir()] == ["phota-ledger.json"]


def test_people_see_a_line_for_each_check(healthy, phota):
    done = phota("doctor")
    assert [line.split()[:2] for line in done.out.splitlines() if line.strip()] == [
        ["ok", name] for name in ALL
    ]


def with_fault(**fault: Any) -> Callable[..., None]:
    return lambda emulator, connect, ledger: emulator.add_faults(Fault(times=None, **fault))


def with_extra(**extra: Any) -> Callable[..., None]:
    return lambda emulator, connect, ledger: connect(ledger_path=ledger, **extra)


def with_parts(**parts: Any) -> Callable[..., None]:
    return lambda emulator, connect, ledger: connect(ledger_path=ledger, **parts)


def _nobody_listens(emulator, connect, ledger) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    connect(ledger_path=ledger, host=f"http://127.0.0.1:{port}")


def _no_marker(emulator, connect, ledger) -> None:
    from pathlib import Path

    Path(ledger.removeprefix("file://"), "phota-ledger.json").unlink()


BROKEN = {
    "malformed key": (with_parts(password="sk with a space"), "connection", "failed", "malformed"),
    "plain http": (with_parts(host="http://example.com"), "connection", "failed", "plain http"),
    "unknown extra value": (with_parts(publish="by pigeon"), "connection", "failed", "publish"),
    "nobody listens": (_nobody_listens, "service", "failed", "could not be reached"),
    "a page instead of JSON": (with_fault(on="models", kind="html"), "service", "failed", "no usable answer"),
    "wrong key": (with_parts(password="sk-of-another-service"), "key", "failed", "password field"),
    "a model is closed": (
        with_fault(on="models", kind="status", status=200, body={"data": [{"id": each} for each in MODELS]}),
        *("models", "warning", "may not use phota-create-profile"),
    ),
    "all models are closed": (
        with_fault(on="models", kind="status", status=200, body={"data": [{"id": "gpt"}]}),
        *("models", "failed", "console"),
    ),
    "nothing is left": (
        with_fault(on="usage", kind="status", status=200, body=EMPTY),
        *("balance", "failed", "Add credit"),
    ),
    "no balance": (
        with_fault(on="usage", kind="status", status=500),
        "balance",
        "warning",
        "could not be read",
    ),
    "unknown group": (with_extra(user_group="vip"), "prices", "warning", "user_group to one of: default"),
    "clock is a little off": (
        lambda emulator, *_: emulator.advance(120),
        "clock",
        "warning",
        "behind the service",
    ),
    "clock is off": (lambda emulator, *_: emulator.advance(3600), "clock", "failed", "by NTP"),
    "ledger was not begun": (_no_marker, "ledger", "warning", "was not begun"),
    "budget path is not a URL": (
        with_extra(budget_path="budget"),
        "budget_path",
        "failed",
        "object-storage URL",
    ),
    "budget that is not one": (
        with_extra(budget="50", budget_path="file:///tmp"),
        "budget",
        "failed",
        "must say how much of what in which period",
    ),
    "budget in another currency": (
        with_extra(budget="50 EUR / month", budget_path="file:///tmp"),
        "budget",
        "failed",
        "must be 'USD' or 'credits'",
    ),
    "budget without a path": (with_extra(budget="50 USD / month"), "budget", "failed", "needs a budget_path"),
    "budget in credits": (
        with_extra(budget="50 credits / month", budget_path="file:///tmp"),
        "budget",
        "failed",
        "credits_per_usd",
    ),
    "budget path without a package": (
        with_extra(budget_path="gs://budget/x"),
        "budget_path",
        "failed",
        "pip",
    ),
}


@pytest.mark.parametrize(("breaks", "name", "state", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_the_thing_that_is_broken_is_named(healthy, emulator, connect, ledger, breaks, name, state, words):
    breaks(emulator, connect, ledger)
    done = healthy()
    found = states(done)
    assert found.pop(state) == [name]
    assert set(found) <= {"ok", "not checked"}
    (text,) = (each["text"] for each in done.json if each["check"] == name)
    assert words in text
    assert done.code == (1 if state == "failed" else 0)


def test_how_the_budget_stands_is_said(healthy, connect, ledger, tmp_path):
    connect(ledger_path=ledger, budget="50 USD / month", budget_path=f"file://{tmp_path}/budget")
    (text,) = (each["text"] for each in healthy().json if each["check"] == "budget")
    assert text.startswith("50 USD / month. 0 USD are spent, and 0 USD are reserved")


def test_a_missing_connection_is_named(phota):
    done = phota("doctor", "--json", "--conn-id", "nobody")
    assert states(done)["failed"] == ["connection"]
    assert "create it with type 'phota'" in done.json[0]["text"]


def test_a_ledger_on_a_disk_that_is_not_mounted_is_named(phota, connect, tmp_path):
    connect(ledger_path=f"file://{tmp_path}/missing")
    done = phota("doctor", "--json")
    assert states(done)["failed"] == ["ledger_path", "ledger"]
    assert done.code == 1


def test_a_file_in_the_place_of_a_directory_is_named(healthy, tmp_path):
    (tmp_path / "edits").write_text("")
    assert states(healthy("--path", tmp_path / "edits"))["failed"] == ["path"]


@pytest.mark.parametrize(
    ("method", "state", "words"),
    [
        ("PUT", "failed", ["cannot create", "s3:PutObject"]),
        ("GET", "warning", ["cannot read", "s3:GetObject"]),
        ("DELETE", "warning", ["cannot delete", "s3:DeleteObject", "cannot list", "s3:ListBucket"]),
    ],
)
def test_the_right_that_a_role_lacks_is_named(healthy, s3, s3_server, monkeypatch, method, state, words):
    bucket = s3.create_bucket(Bucket=f"doctor-{method.lower()}")
    # Airflow keeps the file system of each connection, so that each role needs one of its own
    with LeastRights(s3_server, refused={method}) as url:
        monkeypatch.setenv(f"AIRFLOW_CONN_AWS_NO_{method}", aws_connection(url))
        done = healthy("--path", f"s3://aws_no_{method.lower()}@{bucket.name}/edits")
    assert states(done)[state] == ["path"]
    assert [each for each in words if each not in done.json[-1]["text"]] == []


def test_a_ledger_needs_all_rights(healthy, connect, s3, s3_server, monkeypatch):
    bucket = s3.create_bucket(Bucket="doctor-ledger")
    bucket.put_object(Key="ledger/phota-ledger.json", Body=b"{}")
    with LeastRights(s3_server) as url:
        monkeypatch.setenv("AIRFLOW_CONN_AWS_NO_LIST", aws_connection(url))
        connect(ledger_path=f"s3://aws_no_list@{bucket.name}/ledger")
        done = healthy()
    assert states(done)["failed"] == ["ledger_path"]
    assert "s3:ListBucket" in done.json[-3]["text"]


def test_a_role_with_all_rights_is_ok_and_nothing_is_left(healthy, s3):
    bucket = s3.create_bucket(Bucket="doctor-healthy")
    assert "failed" not in states(healthy("--path", f"s3://aws_ledger@{bucket.name}/edits"))
    assert list(bucket.objects.all()) == []


def test_a_bucket_that_does_not_exist_is_named(healthy, s3):
    done = healthy("--path", "s3://aws_ledger@doctor-no-such-bucket/edits")
    assert states(done)["failed"] == ["path"]
    assert "there is no bucket 'doctor-no-such-bucket'" in done.json[-1]["text"]


def test_a_store_that_cannot_create_exclusively_is_named(healthy):
    attach = getattr(airflow_io, "attach", None) or airflow_io.store.attach  # Airflow 3, Airflow 2
    attach("memory", fs=MemoryFileSystem())
    done = healthy("--path", "memory://edits")
    assert states(done).get("warning") == ["path"], done.json
    assert "both pay" in done.json[-1]["text"]
