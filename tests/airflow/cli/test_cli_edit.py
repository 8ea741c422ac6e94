"""One edit from the terminal: what it costs is said first, and the ID of what is paid never gets lost."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_orders import edit

from airflow_provider_phota.emulator import Emulator, Fault

SUBMIT = "POST /v1/images/generations"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_local_file_is_edited_and_its_picture_lands(emulator, phota, photo, tmp_path):
    done = phota("edit", photo, "a beach", "--yes", "--to", tmp_path / "out")
    (entry,) = emulator.ledger()
    assert done.code == 0, done.err
    assert names(tmp_path / "out") == [f"{entry.id}-0.png"]
    assert f"file://{tmp_path}/out/{entry.id}-0.png" in done.out
    assert "One picture at 1K costs 0.05 USD (an estimate)." in done.err
    assert f"PHOTA task {entry.id} is paid for." in done.err


def test_the_picture_lands_here_if_no_folder_is_named(phota, photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert phota("edit", photo, "a beach", "--yes").code == 0
    assert len(names(tmp_path)) == 1


def test_its_options_are_those_of_the_operator(emulator, phota, photo, tmp_path):
    words = ["--resolution", "4K", "--num-outputs", 2, "--profile-id", "p-1", "--profile-id", "p-2"]
    done = phota("edit", f"file://{photo}", "a beach", "--yes", "--json", "--to", tmp_path, *words)
    request = emulator.ledger()[0].request
    assert (request["resolution"], request["num_outputs"], request["profile_ids"]) == (
        "4K",
        2,
        ["p-1", "p-2"],
    )
    assert [Path(each["path"]).name for each in done.json["files"]] == names(tmp_path)
    assert done.json["cost"] == {"usd": 0.2, "credits": 20.0, "is_estimate": False}
    assert "2 pictures at 4K cost 0.2 USD" in done.err


def test_an_http_url_will_do(emulator, phota, picture_url, tmp_path):
    assert phota("edit", picture_url, "a beach", "--yes", "--to", tmp_path).code == 0


def test_an_order_is_recorded_in_the_ledger_of_the_connection(emulator, ledger, phota, photo, tmp_path):
    phota("edit", photo, "a beach", "--yes", "--to", tmp_path / "out")
    groups = phota("spend", "--json").json["groups"]
    assert groups["(command line)"]["usd"] == 0.05


BAD = {
    "no such file": (["missing.png", "a beach"], "there is no file"),
    "not a picture": ([__file__, "a beach"], "image_urls"),
    "no prompt": (["{photo}", " "], "prompt"),
    "resolution": (["{photo}", "a beach", "--resolution", "8K"], "resolution"),
    "number": (["{photo}", "a beach", "--num-outputs", "0"], "num_outputs"),
    "destination": (["{photo}", "a beach", "--to", "s3:///edits"], "destination"),
    "store": (["{photo}", "a beach", "--to", "gs://bucket/edits"], "destination"),
    "loopback": (["http://user:secret@example.com/a.png", "a beach"], "image_urls"),
    "timeout": (["{photo}", "a beach", "--timeout", "0"], "--timeout"),
}


@pytest.mark.parametrize(("words", "said"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_before_anything_is_sent(emulator, phota, photo, words, said):
    done = phota("edit", *(each.format(photo=photo) for each in words), "--yes")
    assert (done.code, emulator.counts().get(SUBMIT, 0)) == (2, 0)
    assert said in done.err
    assert "secret@" not in done.err


def test_where_nobody_can_be_asked_it_wants_a_yes(emulator, phota, photo):
    done = phota("edit", photo, "a beach")
    assert (done.code, emulator.counts().get(SUBMIT, 0)) == (2, 0)
    assert "0.05 USD" in done.err


def test_a_refusal_is_not_billed(emulator, phota, photo, tmp_path):
    emulator.add_faults(Fault(on="submit", kind="status", status=402))
    done = phota("edit", photo, "a beach", "--yes", "--json", "--to", tmp_path)
    assert (done.code, done.json["money"], len(emulator.ledger())) == (1, "not billed", 0)


def test_a_lost_answer_may_be_billed(emulator, ledger, phota, photo, tmp_path):
    emulator.add_faults(Fault(on="submit", kind="reset_after"))
    done = phota("edit", photo, "a beach", "--yes", "--to", tmp_path)
    assert done.code == 3
    assert "vendor's console" in done.err
    assert "adopt_phota_task_id" not in done.err
    assert phota("spend", "--json").json["ambiguous"]["tasks"] == 1


def test_a_failed_task_is_named(emulator, phota, photo, tmp_path):
    emulator.add_faults(Fault(on="submit", kind="fail_task"))
    done = phota("edit", photo, "a beach", "--yes", "--json", "--to", tmp_path)
    assert (done.code, done.json["phota_task_id"]) == (4, emulator.ledger()[0].id)
    assert "airflow_provider_phota land" not in done.json["error"]


def test_a_wait_that_is_over_says_how_to_land(emulator, phota, photo, tmp_path):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=30))
    done = phota("edit", photo, "a beach", "--yes", "--timeout", 1, "--to", tmp_path)
    (entry,) = emulator.ledger()
    assert done.code == 4
    assert f"python -m airflow_provider_phota land {entry.id} file://{tmp_path}" in done.err
    emulator.advance(60)
    assert phota("land", entry.id, f"file://{tmp_path}").code == 0
    assert names(tmp_path) == [f"{entry.id}-0.png"]


# asked on a terminal, in a process of its own ---------------------------------------------------------------


@pytest.mark.parametrize(("answer", "code", "paid"), [("y", 0, 1), ("n", 1, 0), ("", 1, 0)])
def test_a_person_is_asked_before_it_is_paid(emulator, phota, photo, tmp_path, answer, code, paid):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "airflow_provider_phota", "edit", photo, "a beach"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdin=theirs,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
    ) as process:
        os.write(ours, f"{answer}\n".encode())
        _, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (process.returncode, len(emulator.ledger()), len(names(tmp_path))) == (code, paid, paid), err
    assert b"One picture at 1K costs 0.05 USD (an estimate). Pay for it?" in err


# Ctrl-C, in a process of its own ----------------------------------------------------------------------------


@pytest.fixture
def ctrl_c():
    """Lets new processes hear Ctrl-C: a test run in the background of a shell has inherited that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("moment", ["while it is sent", "while it is waited for"])
def test_ctrl_c_does_not_lose_the_id(emulator: Emulator, phota, photo, tmp_path, ctrl_c, moment):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60))
    if moment == "while it is sent":
        emulator.add_faults(Fault(on="submit", kind="slow_body", seconds=3))
    command = [
        sys.executable,
        "-m",
        "airflow_provider_phota",
        "edit",
        photo,
        "a beach",
        "--yes",
        "--to",
        "out",
    ]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
    ) as process:
        _wait_for(emulator.ledger)
        time.sleep(1.0 if moment == "while it is sent" else 2.0)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    (entry,) = emulator.ledger()
    assert process.returncode == 130, err
    assert f"PHOTA task {entry.id} is paid for." in err
    assert f"PHOTA task {entry.id} goes on and is billed." in err
    assert f"land {entry.id} file://{tmp_path}/out" in err


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[3])
    return {**os.environ, "PYTHONPATH": root, "NO_PROXY": "127.0.0.1", "PYTHONWARNINGS": "ignore"}


def _wait_for(is_there) -> None:
    end = time.monotonic() + 60
    while not is_there() and time.monotonic() < end:
        time.sleep(0.05)


# land -------------------------------------------------------------------------------------------------------


@pytest.fixture
def paid(emulator, phota, photo) -> str:
    """A paid task whose picture is not at home."""
    edit("dag", photo, wait_for_completion=False)
    return emulator.ledger()[0].id


def test_a_paid_picture_lands(paid, phota, tmp_path):
    done = phota("land", paid, tmp_path / "out", "--json")
    assert (done.code, done.json["phota_task_id"]) == (0, paid)
    assert [Path(each["path"]).name for each in done.json["files"]] == names(tmp_path / "out")


def test_to_land_twice_is_free_and_changes_nothing(paid, emulator, phota, tmp_path):
    first = phota("land", paid, tmp_path, "--json").json
    assert phota("land", paid, tmp_path, "--json").json == first
    assert len(emulator.ledger()) == 1


def test_a_task_that_is_not_known_cannot_land(phota, tmp_path):
    done = phota("land", "task-unified-1-mistyped", tmp_path)
    assert (done.code, names(tmp_path)) == (1, [])


def test_results_that_are_no_longer_served_are_paid_for_in_vain(paid, emulator, phota, tmp_path):
    emulator.advance(25 * 3600)
    done = phota("land", paid, tmp_path)
    assert (done.code, names(tmp_path)) == (4, [])
    assert "no longer served" in done.err


def test_a_bucket_that_does_not_exist_is_refused_before_the_service_is_asked(paid, emulator, phota, s3):
    before = emulator.counts()
    done = phota("land", paid, "s3://aws_ledger@no-such-bucket/edits")
    assert (done.code, emulator.counts()) == (2, before)
    assert "there is no bucket 'no-such-bucket'" in done.err
