"""A batch in one process, against the emulator: what is paid for, what lands, and what the results say."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow_runs import TaskInstance
from PIL import Image

from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator


@pytest.fixture
def inbox(tmp_path):
    """A folder with 12 small pictures that differ."""
    folder = tmp_path / "inbox"
    for number in range(12):
        path = folder / ("shoes" if number % 2 else "hats") / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (number * 20, 10, 10)).save(path)
    return folder


def batch(inbox, **arguments):
    defaults = {
        "task_id": "edit",
        "edits": f"file://{inbox}/**/*.png",
        "prompt": "Make {stem} shine",
        "destination": f"file://{inbox.parent}/out",
        "deferrable": False,
        "poll_interval": 0.2,
    }
    return PhotaImageEditBatchOperator(**defaults | arguments)


def rows_of(summary):
    lines = Path(summary["results"].removeprefix("file://")).read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_all_land_and_are_paid_for_once(emulator, inbox):
    context = {"ti": TaskInstance()}
    summary = batch(inbox).execute(context)
    assert summary["counts"]["landed"] == 12
    assert len(emulator.ledger()) == 12
    rows = rows_of(summary)
    assert [row["key"] for row in rows[:2]] == ["hats/00.png", "hats/02.png"]
    assert (inbox.parent / "out" / "hats" / "00-0.png").exists()
    again = batch(inbox).execute(context)
    assert again["counts"] == summary["counts"]
    assert len(emulator.ledger()) == 12


def test_equal_items_are_paid_for_once_and_landed_twice(emulator, inbox):
    first = inbox / "hats" / "00.png"
    copy = inbox / "copy.png"
    copy.write_bytes(first.read_bytes())
    twins = [{"key": "a", "image_urls": f"file://{first}"}, {"key": "b", "image_urls": f"file://{copy}"}]
    context = {"ti": TaskInstance()}
    summary = batch(inbox, edits=twins, prompt="Shine").execute(context)
    assert len(emulator.ledger()) == 1
    one, other = rows_of(summary)
    assert {one["same_as"], other["same_as"]} in ({None, "a"}, {None, "b"})
    assert [row["files"][0]["sha256"] for row in (one, other)] == [one["files"][0]["sha256"]] * 2
    later = [*twins, {"key": "c", "image_urls": f"file://{copy}"}]
    again = batch(inbox, edits=later, prompt="Shine").execute(context)
    assert again["counts"]["landed"] == 3
    assert len(emulator.ledger()) == 1
    assert rows_of(again)[2]["same_as"] in {"a", "b"}


def test_duplicates_can_be_paid_for(emulator, inbox):
    picture = f"file://{inbox}/hats/00.png"
    twins = [{"key": key, "image_urls": picture} for key in "ab"]
    summary = batch(inbox, edits=twins, prompt="Shine", duplicates="pay").execute({"ti": TaskInstance()})
    assert (summary["counts"]["landed"], len(emulator.ledger())) == (2, 2)


def test_a_share_of_failures_ends_as_it_must_and_redo_pays_for_exactly_those(emulator, inbox):
    """The service fails, refuses or breaks a share of the edits; redo pays again for those, and no others."""
    emulator.add_faults(
        Fault("submit", "fail_task", share=0.3, seed=1, times=None),
        Fault("submit", "fail_task", code="content_policy", share=0.1, seed=2, times=None),
    )
    context = {"ti": TaskInstance()}
    summary = batch(inbox, max_failures="100%").execute(context)
    counts = summary["counts"]
    assert counts["failed"] + counts["refused"] + counts["landed"] == 12
    assert counts["failed"] > 0
    assert len(emulator.ledger()) == 12
    emulator.clear_faults()
    cleared = TaskInstance()
    cleared.try_number, cleared.max_tries = 2, 1
    again = batch(inbox, max_failures="100%", redo="failed").execute({"ti": cleared})
    assert again["counts"]["landed"] == 12
    assert len(emulator.ledger()) == 12 + counts["failed"] + counts["refused"]
    assert again["submitted"] == len(emulator.ledger())


def test_redo_pays_once_each_time_the_task_is_cleared_and_not_in_airflows_retries(emulator, inbox):
    def attempt(try_number, first_try):
        ti = TaskInstance()
        ti.try_number, ti.max_tries, ti.task = try_number, first_try, SimpleNamespace(retries=1)
        redo = ["hats/00.png"] if try_number > 1 else None
        summary = batch(inbox, redo=redo).execute({"ti": ti})
        assert summary["counts"]["landed"] == 12
        assert summary["submitted"] == len(emulator.ledger())
        return summary["submitted"]

    bills = [attempt(*tries) for tries in ((1, 1), (2, 2), (3, 2), (4, 4), (5, 4))]
    assert bills == [12, 13, 13, 14, 14]


def test_too_many_failures_stop_the_batch(emulator, inbox):
    emulator.add_faults(Fault("submit", "fail_task", times=None))
    with pytest.raises(AirflowFailException, match="max_failures is 2"):
        batch(inbox, in_flight=2, max_failures=2).execute({"ti": TaskInstance()})
    sent = len(emulator.ledger())
    assert 3 <= sent <= 5
    emulator.clear_faults()
    context = {"ti": TaskInstance()}
    context["ti"].try_number = 2
    with pytest.raises(AirflowFailException, match=f"{sent} of 12 items have failed"):
        batch(inbox, max_failures=2).execute(context)
    assert len(emulator.ledger()) == sent


def test_what_is_not_paid_for_after_402_is_sent_by_the_next_attempt(emulator, inbox):
    emulator.add_faults(Fault("submit", "status", status=402, skip=5))
    with pytest.raises(AirflowFailException, match="402"):
        batch(inbox, in_flight=1).execute({"ti": TaskInstance()})
    sent = len(emulator.ledger())
    assert sent == 5
    retried = TaskInstance()
    retried.try_number = 2
    assert batch(inbox).execute({"ti": retried})["counts"]["landed"] == 12
    assert len(emulator.ledger()) == 12


@pytest.mark.parametrize("policy", ["fail", "resubmit"])
def test_a_lost_answer(emulator, inbox, policy):
    emulator.add_faults(Fault("submit", "reset_after", skip=3))
    arguments = {"on_ambiguous": policy, "max_failures": 12, "in_flight": 1}
    summary = batch(inbox, **arguments).execute({"ti": TaskInstance()})
    expected = {"fail": (11, 1, 12), "resubmit": (12, 0, 13)}[policy]
    assert (summary["counts"]["landed"], summary["counts"]["ambiguous"], len(emulator.ledger())) == expected
