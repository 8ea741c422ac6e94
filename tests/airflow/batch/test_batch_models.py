"""Batches of every model: what each orders for an item, with profiles, and mapped over folders."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest
from airflow_runs import TaskInstance, run
from PIL import Image

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.batch.results import read_results
from airflow_provider_phota.operators.phota import (
    PhotaImageEditBatchOperator,
    PhotaImageEditOperator,
    PhotaImageEnhanceBatchOperator,
    PhotaImageGenerateBatchOperator,
)

BATCHES = {
    PhotaImageEditBatchOperator: ("edits", "skip_existing_edits"),
    PhotaImageEnhanceBatchOperator: ("orders", "skip_existing"),
    PhotaImageGenerateBatchOperator: ("orders", "skip_existing"),
}


@pytest.fixture
def inbox(tmp_path):
    """Two folders with two small pictures each; all four differ."""
    for number, name in enumerate(["hats/a", "hats/b", "shoes/a", "shoes/c"]):
        path = tmp_path / "inbox" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (number * 50, 10, 10)).save(path)
    return tmp_path / "inbox"


def batch(operator, source, destination, **arguments):
    argument, _ = BATCHES[operator]
    defaults = {"task_id": "batch", "deferrable": False, "poll_interval": 0.1, argument: source}
    return operator(**defaults, destination=f"file://{destination}", **arguments)


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.png"))


def test_prompts_and_rows_become_pictures(emulator, tmp_path):
    orders = [
        "a beach",
        {"key": "sea/night", "prompt": "a [[anna]]", "aspect_ratio": "16:9", "num_outputs": 2},
    ]
    generate = batch(
        PhotaImageGenerateBatchOperator, orders, tmp_path, profiles={"anna": "profile_1"}, resolution="4K"
    )
    summary = generate.execute({"ti": TaskInstance()})
    assert summary["counts"]["landed"] == 2
    requests = {entry.request["prompt"]: entry.request for entry in emulator.ledger()}
    assert requests["a beach"]["aspect_ratio"] == "1:1"
    assert requests["a [[profile_1]]"]["aspect_ratio"] == "16:9"
    assert {request["resolution"] for request in requests.values()} == {"4K"}
    assert files_in(tmp_path) == ["000001-0.png", "sea/night-0.png", "sea/night-1.png"]


def test_a_folder_is_enhanced_and_a_second_run_pays_nothing(emulator, inbox, tmp_path):
    destination = tmp_path / "out"
    for run_id, status in (("one", "landed"), ("two", "existing")):
        context = {"ti": TaskInstance()}
        context["ti"].run_id = run_id
        arguments = {"creativity": 0.5, "skip_existing": True}
        enhance = batch(PhotaImageEnhanceBatchOperator, f"file://{inbox}/**", destination, **arguments)
        summary = enhance.execute(context)
        assert summary["counts"][status] == 4
    requests = [entry.request for entry in emulator.ledger()]
    assert [(each["resolution"], each["creativity"]) for each in requests] == [("4K", 0.5)] * 4
    assert files_in(destination) == ["hats/a-0.png", "hats/b-0.png", "shoes/a-0.png", "shoes/c-0.png"]


def test_a_batch_and_a_single_order_know_what_the_other_has_landed(emulator, inbox, tmp_path):
    order = {"prompt": "Make it shine", "skip_existing_edits": True}
    alone = {"task_id": "edit", "wait_for_completion": True, "poll_interval": 0.1, **order}
    alone["destination"] = f"file://{tmp_path}/out"

    def edit(name):
        operator = PhotaImageEditOperator(image_urls=f"file://{inbox}/{name}", deferrable=False, **alone)
        return operator.execute({"ti": TaskInstance()})

    edit("hats/a.png")
    assert len(emulator.ledger()) == 1
    rows = batch(PhotaImageEditBatchOperator, f"file://{inbox}/hats", tmp_path / "out", **order)
    summary = rows.execute({"ti": TaskInstance()})
    assert (summary["counts"]["existing"], summary["counts"]["landed"]) == (1, 1)
    assert len(emulator.ledger()) == 2
    edit("hats/b.png")
    assert len(emulator.ledger()) == 2


@pytest.mark.usefixtures("metadata_database", "at_once")
def test_a_new_profile_is_in_every_order(emulator, inbox, tmp_path):
    done = run("batch_profile", inbox=f"file://{inbox}/hats", destination=f"file://{tmp_path}/out")
    assert done.state == "success", done.states
    profile_id = done.xcom("create")
    requests = defaultdict(list)
    for entry in emulator.ledger():
        requests[entry.model].append(entry.request)
    for model in ("phota-image-edit", "phota-image-enhance"):
        assert [each["profile_ids"] for each in requests[model]] == [[profile_id]] * 2
    prompts = {each["prompt"] for each in requests["phota-image"]}
    assert prompts == {f"[[{profile_id}]] at the sea", f"[[{profile_id}]] in the rain"}


@pytest.mark.usefixtures("metadata_database", "at_once")
def test_mapped_batches_have_journals_and_results_of_their_own(emulator, inbox, tmp_path):
    out = tmp_path / "out"
    done = run("batch_mapped", inbox=f"file://{inbox}", destination=f"file://{out}")
    assert done.states == {"edit": ["success"] * 2}
    summaries = done.pushed["edit", "return_value"]
    keys = [[row["key"] for row in read_results(summary["results"])] for summary in summaries]
    assert keys == [["a.png", "b.png"], ["a.png", "c.png"]]
    assert files_in(out) == ["0/a-0.png", "0/b-0.png", "1/a-0.png", "1/c-0.png"]
    assert [Path(summary["results"]).name for summary in summaries] == ["results-0.jsonl", "results-1.jsonl"]
    assert (
        len({summary["journal"] for summary in summaries})
        == len(list((out / ".phota-batches").iterdir()))
        == 2
    )
    assert Counter(entry.model for entry in emulator.ledger()) == {"phota-image-edit": 4}


@pytest.mark.parametrize("operator", BATCHES)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"phota_conn_id": None}, "must be the ID"),
        ({"destination": "bucket/out"}, "must be an object-storage URL"),
        ({"destination": "s3://bucket/out.png"}, "ends like a picture"),
        ({"filename": "{key}.png"}, "leave out .png"),
        ({"filename": "x-{index}"}, "one name"),
        ({"results_name": "../x"}, "only letters, digits"),
        ({"if_exists": "keep"}, "must be 'skip', 'overwrite' or 'fail'"),
        ({"in_flight": 0}, "from 1 to"),
        ({"in_flight": "{{ params.x }}"}, "not a templated field"),
        ({"max_failures": "150%"}, "at most '100%'"),
        ({"on_empty": "ignore"}, "must be 'fail' or 'skip'"),
        ({"duplicates": "refuse"}, "must be 'share' or 'pay'"),
        ({"redo": "all"}, "must be 'failed' or a list of keys"),
        ({"adopt": ["task-1"]}, "must be a dict of PHOTA task IDs"),
        ({"dry_run": "yes"}, "must be True or False"),
        ({"deferrable": "yes"}, "must be True or False"),
        ({"defer_after": -1}, "must be"),
        ({"publish": "sign"}, "must be 'presign' or 'upload'"),
        ({"ledger_path": "s3://bucket/{{ ds }}"}, "not a templated field"),
        ({"ledger_path": "bucket"}, "must be an object-storage URL"),
        ({"on_ambiguous": "pay"}, "must be 'fail' or 'resubmit'"),
        ({"resolution": "2K"}, "must be '1K' or '4K'"),
    ],
)
def test_a_wrong_plain_value_fails_the_parsing_of_the_dag(operator, arguments, words):
    source, skip = BATCHES[operator]
    given = {"task_id": "batch", source: "s3://bucket/items.csv", "destination": "s3://bucket/out"}
    for wrong in (
        arguments,
        {skip: 1},
        {source: "bucket/inbox"},
        {source: 7},
        {source: "https://e.com/a.png"},
    ):
        with pytest.raises(PhotaInputError) as caught:
            operator(**given | wrong)
        assert str(caught.value).startswith(f"{next(iter(wrong))}: ")
        if wrong is arguments:
            assert words in str(caught.value)


@pytest.mark.parametrize(
    ("operator", "arguments", "words"),
    [
        (PhotaImageEditBatchOperator, {"prompt": "Make {stem shine"}, "without its other half"),
        (PhotaImageEditBatchOperator, {"num_outputs": 0}, "must be"),
        (PhotaImageGenerateBatchOperator, {"prompt": "a {0}"}, "may have fields such as {name} only"),
        (PhotaImageGenerateBatchOperator, {"aspect_ratio": "16:10"}, "must be '1:1', '2:3'"),
        (PhotaImageEnhanceBatchOperator, {"creativity": 2}, "from 0.0 to 1.0"),
        (PhotaImageEnhanceBatchOperator, {"resemblance": "0.5"}, "from 0.0 to 1.0"),
    ],
)
def test_a_wrong_default_of_items_fails_the_parsing_of_the_dag(operator, arguments, words):
    with pytest.raises(PhotaInputError) as caught:
        batch(operator, "s3://bucket/items.csv", "/data/out", **arguments)
    assert str(caught.value).startswith(f"{next(iter(arguments))}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("operator", BATCHES)
def test_templates_are_left_for_when_they_are_rendered(operator):
    fields = dict.fromkeys(operator.template_fields, "{{ params.x }}")
    if "profiles" in fields:
        fields["profiles"] = {"anna": "{{ params.x }}"}
    operator(task_id="batch", **fields)
