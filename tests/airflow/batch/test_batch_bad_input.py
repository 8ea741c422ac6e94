"""Bad input of a batch: one clear error, before anything is paid for, and at parsing if it can be seen there."""

from __future__ import annotations

import json
import re

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator

TASK = "task-unified-1757165031-uyujaw3d"
USUAL = {"task_id": "edit", "edits": "file:///inbox/*.png", "prompt": "Shine", "destination": "file:///out"}

AT_PARSING = [
    ({"in_flight": 0}, "in_flight", "0"),
    ({"in_flight": -1}, "in_flight", "-1"),
    ({"in_flight": 5001}, "in_flight", "5000"),
    ({"in_flight": True}, "in_flight", "True"),
    ({"in_flight": "500"}, "in_flight", "'500'"),
    ({"in_flight": 2.5}, "in_flight", "2.5"),
    ({"in_flight": "{{ params.n }}"}, "in_flight", "template"),
    ({"max_failures": "150%"}, "max_failures", "150%"),
    ({"max_failures": "-5%"}, "max_failures", "-5%"),
    ({"max_failures": -1}, "max_failures", "-1"),
    ({"max_failures": 0.05}, "max_failures", "0.05"),
    ({"max_failures": True}, "max_failures", "True"),
    ({"max_failures": "few"}, "max_failures", "few"),
    ({"max_failures": None}, "max_failures", "None"),
    ({"on_empty": "ignore"}, "on_empty", "ignore"),
    ({"on_ambiguous": "hope"}, "on_ambiguous", "hope"),
    ({"duplicates": "drop"}, "duplicates", "drop"),
    ({"redo": "all"}, "redo", "all"),
    ({"redo": 7}, "redo", "7"),
    ({"redo": ["a", 1]}, "redo", "1"),
    ({"redo": {"a": 1}}, "redo", "a"),
    ({"redo": [""]}, "redo", "''"),
    ({"adopt": "a"}, "adopt", "'a'"),
    ({"adopt": {"a": "../nonsense"}}, "adopt['a']", "nonsense"),
    ({"adopt": {"": TASK}}, "adopt", "''"),
    ({"adopt": {"a": TASK, "b": TASK}}, "adopt", "two items"),
    ({"dry_run": "yes"}, "dry_run", "yes"),
    ({"deferrable": "no"}, "deferrable", "no"),
    ({"defer_after": -1}, "defer_after", "-1"),
    ({"skip_existing_edits": 1}, "skip_existing_edits", "1"),
    ({"publish": "mail"}, "publish", "mail"),
    ({"results_name": "../results"}, "results_name", "../results"),
    ({"filename": "{nothing}"}, "filename", "{nothing}"),
    ({"filename": "{key}.png"}, "filename", ".png"),
    ({"filename": "all"}, "filename", "one name"),
    ({"filename": "../{key}"}, "filename", ".."),
    ({"filename": "{key}", "num_outputs": 2}, "filename", "index"),
    ({"if_exists": "ask"}, "if_exists", "ask"),
    ({"if_exists": "skip"}, "filename", "skip"),
    ({"poll_interval": 0}, "poll_interval", "0"),
    ({"timeout": -1}, "timeout", "-1"),
    ({"timeout": 80_000}, "timeout", "80000"),
    ({"max_unreachable": -1}, "max_unreachable", "-1"),
    ({"num_outputs": 0}, "num_outputs", "0"),
    ({"resolution": "8K"}, "resolution", "8K"),
    ({"destination": ""}, "destination", "''"),
    ({"destination": "out"}, "destination", "'out'"),
    ({"ledger_path": "ledger"}, "ledger_path", "ledger"),
    ({"phota_conn_id": ""}, "phota_conn_id", "''"),
    ({"edits": ""}, "edits", "''"),
    ({"edits": None}, "edits", "None"),
    ({"edits": 7}, "edits", "7"),
    ({"prompt": "Put {a.b} in"}, "prompt", "{a.b}"),
    ({"prompt": "Put { in"}, "prompt", "brace"),
]


@pytest.mark.parametrize(("arguments", "name", "shown"), AT_PARSING, ids=lambda each: str(each)[:40])
def test_it_is_refused_when_the_dag_is_parsed(arguments, name, shown):
    with pytest.raises(PhotaInputError) as caught:
        PhotaImageEditBatchOperator(**USUAL | arguments)
    assert str(caught.value).startswith(name)
    assert shown in str(caught.value)


def refused(shop, **arguments):
    """Returns the error of a batch that must be refused before anything is sent."""
    try:
        error = shop.fail(**arguments)
    except PhotaInputError as at_parsing:  # pragma: no cover  # `fail` catches it
        error = at_parsing
    assert isinstance(error, PhotaInputError | AirflowFailException), error
    assert shop.billed == 0
    assert not any(path.startswith("POST") for path in shop.emulator.counts())
    return str(error)


def picture(shop, number=0):
    return f"file://{shop.folder}/inbox/{number:03d}.png"


def test_no_items_are_a_failure_or_a_skip(shop):
    shop.add_pictures(0)
    assert "edits" in refused(shop)
    with pytest.raises(AirflowSkipException):
        shop.run(on_empty="skip")
    assert "edits" in refused(shop, edits=[])
    with pytest.raises(AirflowSkipException):
        shop.run(edits=[], on_empty="skip")


def test_a_folder_that_is_not_there_is_not_an_empty_one(shop):
    text = refused(shop, edits=f"file://{shop.folder}/nowhere.jsonl", on_empty="skip")
    assert "nowhere" in text


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (['{"image_urls": "PICTURE", "promt": "x"}'], "promt"),
        (['{"image_urls": "PICTURE", "num_outputs": "two"}'], "num_outputs"),
        (['{"image_urls": 7}'], "image_urls"),
        (['{"image_urls": "ftp://example.com/a.jpg"}'], "ftp"),
        (["{"], "row 1"),
        (["[]"], "row 1"),
        (['{"key": "a", "image_urls": "PICTURE"}'] * 2, "row 1"),
        (['{"key": "../a", "image_urls": "PICTURE"}'], "../a"),
        (['{"key": "/etc/passwd", "image_urls": "PICTURE"}'], "/etc/passwd"),
        (['{"key": "a//b", "image_urls": "PICTURE"}'], "a//b"),
        (['{"key": "", "image_urls": "PICTURE"}'], "key"),
        (['{"key": "a", "image_urls": "PICTURE", "prompt": "' + "x" * 1_100_000 + '"}'], "row 1"),
        (['{"key": "a", "prompt": "x"}'], "image_urls"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_manifest_with_a_bad_row_is_refused(shop, rows, shown):
    shop.add_pictures(1)
    manifest = shop.folder / "edits.jsonl"
    manifest.write_text("\n".join(rows).replace("PICTURE", picture(shop)) + "\n")
    assert shown in refused(shop, edits=f"file://{manifest}", prompt="Shine")


def test_the_first_bad_rows_are_named_and_the_others_counted(shop):
    shop.add_pictures(1)
    rows = [{"key": str(n), "image_urls": picture(shop), "num_outputs": 9 * (n % 2)} for n in range(100)]
    text = refused(shop, edits=rows, prompt="Shine")
    assert "50 of 100 rows" in text
    assert "and 30 more" in text
    assert text.count("num_outputs") == 20


def test_a_field_that_an_item_has_not_is_refused(shop):
    shop.add_pictures(1)
    edits = [{"key": "a", "image_urls": picture(shop), "colour": "red"}]
    assert "{color}" in refused(shop, edits=edits, prompt="Paint it {color}")


def test_a_destination_inside_the_pattern_is_refused(shop):
    shop.add_pictures(1)
    text = refused(shop, edits=f"file://{shop.folder}/**/*.png")
    assert "lies inside" in text


def test_a_result_that_would_replace_its_own_input_is_refused(shop):
    shop.add_pictures(2)
    inbox = f"file://{shop.folder}/inbox"
    before = (shop.folder / "inbox" / "000.png").read_bytes()
    error = shop.fail(edits=[f"{inbox}/000.png"], destination=inbox, filename="{key}")
    assert isinstance(error, AirflowFailException)
    assert "destination: has the picture '000' that row 1 is made of" in str(error)
    assert (shop.billed, (shop.folder / "inbox" / "000.png").read_bytes()) == (0, before)


@pytest.mark.parametrize("order", [1, -1])
def test_a_result_that_would_replace_another_items_input_is_refused(shop, order):
    """Whichever of the two comes first, and also if it is not the first picture of its item."""
    shop.add_pictures(1)
    inbox = shop.folder / "inbox"
    (inbox / "000.png").rename(inbox / "chair-1.png")
    shop.add_pictures(1)
    rows = [
        {"key": "chair", "image_urls": f"file://{inbox}/000.png", "num_outputs": 2},
        {"key": "table", "image_urls": f"file://{inbox}/chair-1.png"},
    ]
    error = shop.fail(edits=rows[::order], destination=f"file://{inbox}")
    assert "has the picture 'chair-1' that row" in str(error)
    assert shop.billed == 0


def test_a_huge_number_of_pictures_does_not_hold_up_the_check(shop):
    shop.add_pictures(1)
    preview = shop.run(num_outputs=10**9, dry_run=True)
    assert (preview["to_pay"], preview["pictures"]) == (1, 10**9)
    assert shop.billed == 0


@pytest.mark.parametrize("name", ["results.jsonl", "results.csv", "results.partial.jsonl"])
def test_results_that_would_replace_the_manifest_are_refused(shop, name):
    shop.add_pictures(1)
    manifest = shop.folder / "inbox" / name
    line = '{"image_urls": "000.png"}' if name.endswith("jsonl") else "image_urls"
    manifest.write_text(f"{line}\n" if name.endswith("jsonl") else f"{line}\n000.png\n")
    given = {"edits": f"file://{manifest}", "destination": f"file://{shop.folder}/inbox"}
    assert "results_name: would replace the manifest" in str(shop.fail(**given))
    assert shop.billed == 0
    assert shop.run(**given, results_name="what-became-of-it")["counts"]["landed"] == 1


@pytest.mark.parametrize("name", ["results.jsonl", "results.partial.csv"])
def test_a_key_that_would_make_a_folder_of_the_results_is_refused(shop, name):
    shop.add_pictures(1)
    edits = [{"key": f"{name}/a", "image_urls": f"file://{shop.folder}/inbox/000.png"}]
    error = str(shop.fail(edits=edits))
    assert f"{name} is the name of a file of results" in error
    assert shop.billed == 0


def test_a_picture_that_no_retry_can_read_is_a_row_and_not_the_end(shop):
    shop.add_pictures(1)
    loop = shop.folder / "inbox" / "loop.png"
    loop.symlink_to(loop)
    edits = [f"file://{shop.folder}/inbox/{name}.png" for name in ("000", "loop", "x" * 300)]
    shop.run(edits=[{"key": str(number), "image_urls": url} for number, url in enumerate(edits)])
    assert shop.statuses == {"landed": 1, "refused": 2}
    assert "Too many levels of symbolic links" in shop.rows["1"]["error"]
    assert "File name too long" in shop.rows["2"]["error"]


def test_a_file_that_is_there_already_is_refused_before_it_is_paid_for(shop):
    shop.add_pictures(3)
    shop.arguments = {"if_exists": "fail"}
    shop.run(edits=f"file://{shop.folder}/inbox/000.png")
    shop.run_id, shop.try_number = "another", 0
    for redo in (None, "failed"):
        shop.clear().run(redo=redo)
        assert (shop.statuses, shop.billed) == ({"landed": 2, "refused": 1}, 3)
    assert "names a file that is there already" in shop.rows["000.png"]["error"]


def test_a_folder_that_has_the_name_of_a_picture_is_refused(shop):
    shop.add_pictures(1)
    picture = f"file://{shop.folder}/inbox/000.png"
    for keys in (("a", "a-0.png/b"), ("a-0.png/b", "a")):
        error = shop.fail(edits=[{"key": key, "image_urls": picture} for key in keys])
        assert "filename: names its files 'a-0', as it does those of row 1" in str(error)
    assert shop.billed == 0


def test_a_destination_that_a_link_leads_to_is_the_same_destination(shop):
    shop.add_pictures(1)
    (shop.folder / "link").symlink_to(shop.folder / "inbox")
    edits = [{"key": "000", "image_urls": f"file://{shop.folder}/inbox/000.png"}]
    for destination, inbox in (("link", "inbox"), ("inbox", "link")):
        edits[0]["image_urls"] = f"file://{shop.folder}/{inbox}/000.png"
        error = shop.fail(edits=edits, filename="{key}", destination=f"file://{shop.folder}/{destination}")
        assert "has the picture '000' that row 1 is made of" in str(error)
    assert shop.billed == 0


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({"max_failures": "9" * 5000}, "max_failures: must be"),
        ({"redo": "[" * 100_000}, "redo: must be 'failed' or"),
        ({"destination": "s3://"}, "destination: must name its bucket, got 's3://'"),
        ({"destination": "s3://aws_default@/edited"}, "destination: must name its bucket"),
        ({"results_name": "results.partial"}, "results_name: must not end in .partial"),
    ],
)
def test_odd_values_are_refused_when_the_dag_is_parsed(shop, arguments, shown):
    with pytest.raises(ValueError, match=re.escape(shown)):
        shop.operator(**arguments)


@pytest.mark.parametrize("argument", ["redo", "adopt"])
def test_a_dry_run_refuses_keys_that_are_not_there(shop, argument):
    shop.add_pictures(1)
    value = ["other.png"] if argument == "redo" else {"other.png": "task-unified-1757165031-uyujaw3d"}
    error = shop.fail(dry_run=True, **{argument: value})
    assert f"{argument}: names items that are not in the batch: ['other.png']" in str(error)


def test_a_destination_that_cannot_be_written_is_refused(shop):
    shop.add_pictures(1)
    (shop.folder / "out").write_text("a file")
    refused(shop)


def test_a_broken_picture_is_a_row_and_not_the_end(shop):
    shop.add_pictures(2)
    (shop.folder / "inbox" / "broken.png").write_bytes(b"not a picture")
    (shop.folder / "inbox" / "empty.png").write_bytes(b"")
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 2, "refused": 2}, 2)
    assert "broken.png" in shop.rows["broken.png"]["error"]


def test_a_redo_by_conf_that_makes_no_sense_is_refused(shop):
    shop.add_pictures(1)
    error = shop.fail({"phota_redo": {"a": 1}})
    assert "phota_redo: must be 'failed' or a list of keys" in str(error)
    assert shop.billed == 0


def test_a_missing_connection_is_named(shop, monkeypatch):
    shop.add_pictures(1)
    monkeypatch.delenv("AIRFLOW_CONN_PHOTA_DEFAULT")
    assert "phota_default" in str(shop.fail())


def test_rendered_texts_of_lists_and_dicts_are_read(shop):
    """Jinja renders to text; an XCom of a list then comes as one."""
    shop.add_pictures(2)
    shop.run(redo="None", adopt={})
    assert shop.statuses == {"landed": 2}
    assert json.dumps(shop.rows["000.png"]["files"])
