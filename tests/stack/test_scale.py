"""Many edits at once with default settings: every one is billed once, and lands once."""

from __future__ import annotations

import hashlib

import pytest
from PIL import Image

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def prompts_of(service, beginning):
    """The prompts of all billed edits that begin so."""
    prompts = (entry.request["prompt"] for entry in service.ledger())
    return [prompt for prompt in prompts if prompt.startswith(f"{beginning} ")]


def test_waits_that_end_as_soon_as_they_defer_cost_no_extra_try(
    wide_stack, quick_emulator, quick_picture_url
):
    wide_stack.wait_for_dag("stack_quick_edits")
    conf = {"prompt": "quick", "image_url": quick_picture_url, "edits": 24}
    run_id = wide_stack.trigger("stack_quick_edits", conf)
    assert wide_stack.wait_for_run("stack_quick_edits", run_id, timeout=600.0) == "success"
    edits = [ti for ti in wide_stack.task_instances("stack_quick_edits", run_id) if ti.task_id == "edit"]
    assert [(ti.state, ti.try_number) for ti in edits] == [("success", 1)] * 24
    assert len(prompts_of(quick_emulator, "quick")) == 24


def test_two_hundred_mapped_edits(wide_stack, emulator, picture_url, tmp_path):
    wide_stack.wait_for_dag("stack_many_edits")
    conf = {"prompt": "many", "image_url": picture_url, "edits": 200, "destination": f"file://{tmp_path}"}
    run_id = wide_stack.trigger("stack_many_edits", conf)
    assert wide_stack.wait_for_run("stack_many_edits", run_id, timeout=1800.0) == "success"
    prompts = prompts_of(emulator, "many")
    assert len(prompts) == len(set(prompts)) == 200
    pictures = list(tmp_path.glob("*.png"))
    assert len(pictures) == 200
    for path in pictures:
        with Image.open(path) as picture:
            picture.load()
    assert len({hashlib.sha256(path.read_bytes()).digest() for path in pictures}) == 200
