"""The results of a batch: one row an item, whole or not at all, and never against the journal."""

from __future__ import annotations

import csv
import json
import random
import tracemalloc
from decimal import Decimal

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.errors import PhotaInputError, PhotaLedgerError
from airflow_provider_phota.batch.result_table import COLUMNS
from airflow_provider_phota.batch.results import read_results, write_results
from airflow_provider_phota.batch.summary import Payments, Summary, reconcile
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.storage.paths import Place

JOURNAL = "s3://shop/edited/.phota-batches/1"


def place(folder):
    return Place.of(ObjectStoragePath(f"file://{folder}"))


def picture(path, task_id="task-1", size=100):
    return {
        "path": path,
        "sha256": "ab" * 32,
        "bytes": size,
        "width": 64,
        "height": 48,
        "content_type": "image/png",
        "phota_task_id": task_id,
    }


def landed(number, key, *, pictures=1, **more):
    task_id = f"task-{number}"
    files = tuple(picture(f"file:///out/{key}-{index}.png", task_id) for index in range(pictures))
    known = {
        "phota_task_id": task_id,
        "credits": 5.0,
        "submitted_at": 1757165031.25,
        "ended_at": 1757165090.0,
        "cost": Cost(Decimal("0.09"), 5.0, is_estimate=False),
    }
    return Row(number, key, Status.LANDED, files, **{**known, **more})


def items(*keys):
    return list(enumerate(keys, start=1))


def table(folder, name="results.csv"):
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_item_has_one_row_in_the_order_of_the_items(tmp_path):
    rows = [landed(number, f"k{number}", pictures=2) for number in range(1, 21)]
    shuffled = random.Random(7).sample(rows, len(rows))
    written = write_results(shuffled, items(*(row.key for row in rows)), place(tmp_path))
    assert [row["number"] for row in read_results(written.results)] == list(range(1, 21))
    assert [row["key"] for row in table(tmp_path)] == [row.key for row in rows]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results.csv", "results.jsonl"]


def test_a_row_says_all_that_is_known(tmp_path):
    written = write_results([landed(1, "shoes/red.jpg", pictures=2)], items("shoes/red.jpg"), place(tmp_path))
    (row,) = read_results(written.results)
    assert row == {
        "number": 1,
        "key": "shoes/red.jpg",
        "status": "landed",
        "files": [picture(f"file:///out/shoes/red.jpg-{index}.png") for index in range(2)],
        "phota_task_id": "task-1",
        "credits": 5.0,
        "error": "",
        "submitted_at": "2025-09-06T13:23:51.250Z",
        "ended_at": "2025-09-06T13:24:50.000Z",
        "can_retry": False,
        "same_as": None,
        "cost": {"usd": 0.09, "credits": 5.0, "is_estimate": False},
    }
    (cells,) = table(tmp_path)
    assert tuple(cells) == COLUMNS
    assert json.loads(cells["paths"]) == [f"file:///out/shoes/red.jpg-{index}.png" for index in range(2)]
    assert json.loads(cells["sha256"]) == ["ab" * 32] * 2
    assert [json.loads(cells[name]) for name in ("bytes", "width", "height")] == [
        [100] * 2,
        [64] * 2,
        [48] * 2,
    ]
    assert [cells[f"cost_{name}"] for name in ("usd", "credits", "is_estimate")] == ["0.09", "5.0", "False"]
    assert (cells["credits"], cells["ended_at"]) == ("5.0", "2025-09-06T13:24:50.000Z")


def test_an_item_without_a_row_was_not_sent(tmp_path):
    written = write_results([landed(2, "b")], items("a", "b"), place(tmp_path))
    first, _ = read_results(written.results)
    assert (first["status"], first["files"], first["phota_task_id"]) == ("not_sent", [], None)
    assert table(tmp_path)[0]["paths"] == ""
    assert written.counts == {Status.NOT_SENT: 1, Status.LANDED: 1}


def test_a_source_that_was_read_again_gives_an_item_its_new_number(tmp_path):
    written = write_results([landed(1, "b"), landed(2, "gone")], items("a", "b"), place(tmp_path))
    assert [(row["number"], row["key"]) for row in read_results(written.results)] == [(1, "a"), (2, "b")]
    assert (written.superseded, written.phota_task_ids) == ({"task-2"}, {"task-1"})


def test_two_rows_of_one_item_are_an_error_and_nothing_is_written(tmp_path):
    with pytest.raises(PhotaLedgerError, match="two rows for the item 'a'"):
        write_results([landed(1, "a"), landed(2, "a")], items("a"), place(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_results_are_whole_or_as_they_were(tmp_path):
    write_results([landed(1, "a")], items("a"), place(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def broken():
        yield 1, "a"
        raise OSError(28, "No space left on device")

    with pytest.raises(
        PhotaLedgerError, match=r"(?s)could not be written \(No space.*pays for nothing twice"
    ):
        write_results([landed(1, "a")], broken(), place(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_store_that_cannot_be_written_to_is_an_error_that_says_what_is_paid_for(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        PhotaLedgerError, match=r"(?s)could not be written.*the journal says what is paid for"
    ):
        write_results([landed(1, "a")], items("a"), place(tmp_path / "file"))


def test_results_go_to_s3_and_come_back(s3, s3_server):
    s3.create_bucket(Bucket="results")
    folder = Place.of(ObjectStoragePath("s3://aws_ledger@results/edited"))
    written = write_results([landed(1, "é")], items("é", "b"), folder, name="results-2026")
    assert written.results == "s3://aws_ledger@results/edited/results-2026.jsonl"
    assert [row["key"] for row in read_results(written.results)] == ["é", "b"]
    stored = s3.Object("results", "edited/results-2026.csv").get()["Body"].read().decode()
    assert [row["key"] for row in csv.DictReader(stored.splitlines())] == ["é", "b"]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1+1|cmd", "'-1+1|cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("a;=1", "a;'=1"),
        ("first line\n=1", "first line\n'=1"),
        ("＝1", "'＝1"),  # noqa: RUF001  # some spreadsheets take the wide sign too
        ("a=1-2", "a=1-2"),
        ('say "no", please', 'say "no", please'),
    ],
)
def test_a_spreadsheet_runs_no_cell(tmp_path, text, cell):
    row = Row(1, text, Status.REFUSED, error=text, same_as=text)
    written = write_results([row], items(text), place(tmp_path))
    (cells,) = table(tmp_path)
    assert [cells[name] for name in ("key", "error", "same_as")] == [cell] * 3
    (line,) = read_results(written.results)
    assert (line["key"], line["error"]) == (text, text)


def test_a_name_that_is_not_utf8_is_written_all_the_same(tmp_path):
    written = write_results([landed(1, "caf\udce9")], items("caf\udce9"), place(tmp_path))
    assert [row["key"] for row in read_results(written.results)] == ["caf\udce9"]
    assert table(tmp_path)[0]["key"] == "caf\\udce9"


def test_memory_does_not_grow_with_what_the_rows_say(tmp_path):
    """15,000 rows of 3 KB are 45 MB; only their keys and the IDs of their tasks are kept."""
    number_of_items = 15_000
    error = "x" * 3_000

    def rows():
        for number in range(1, number_of_items + 1):
            yield landed(number, f"k{number}", status=Status.FAILED, error=error)

    def landed(number, key, **more):
        return Row(number, key, phota_task_id=f"task-{number}", **more)

    keys = ((number, f"k{number}") for number in range(1, number_of_items + 1))
    tracemalloc.start()
    try:
        written = write_results(rows(), keys, place(tmp_path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert written.total == number_of_items
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not JSON\n", "line 1 of .*odd.jsonl is not a row"),
        (b"[]\n", "line 1 of"),
        (b'{"status": "grown"}\n', "line 1 of"),
    ],
)
def test_a_file_that_is_not_results_is_refused(tmp_path, content, words):
    (tmp_path / "odd.jsonl").write_bytes(content)
    with pytest.raises(PhotaInputError, match=words):
        list(read_results(f"file://{tmp_path}/odd.jsonl"))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("file:///no/such.jsonl", "there is no file file:///no/such.jsonl"),
        ("/data", "must be an object-storage"),
    ],
)
def test_a_path_without_results_is_refused(path, words):
    with pytest.raises(PhotaInputError, match=f"results: {words}"):
        list(read_results(path))


def paid(*numbers, cost=5.0):
    return Payments.of((f"task-{number}", cost) for number in numbers)


@pytest.fixture
def written(tmp_path):
    """Three items; the last one shares the task of the first."""
    shared = landed(3, "c", phota_task_id="task-1", same_as="a")
    return write_results([landed(1, "a"), landed(2, "b"), shared], items("a", "b", "c"), place(tmp_path))


def test_results_that_agree_with_the_journal_pass(written):
    reconcile(written, 3, paid(1, 2), JOURNAL)
    assert written.credits == 10.0


def test_what_was_paid_for_besides_needs_no_row(written):
    reconcile(written, 3, paid(1, 2, 9), JOURNAL, besides={"task-9"})


def test_what_was_paid_for_an_item_that_is_gone_needs_no_row(tmp_path):
    written = write_results([landed(1, "a"), landed(2, "gone")], items("a"), place(tmp_path))
    reconcile(written, 1, paid(1, 2), JOURNAL)


@pytest.mark.parametrize(
    ("number_of_items", "payments", "words"),
    [
        (4, paid(1, 2), "There are 3 rows for 4 items."),
        (3, paid(1, 2, 7, 8), "Paid for, and in no row: 'task-7', 'task-8'."),
        (3, paid(1, 2, *range(100, 110)), "'task-104' and 5 more."),
        (3, paid(1), "In a row, and not paid for by the journal: 'task-2'."),
        (3, paid(1, 2, cost=6.0), "The rows cost 10 credits, and their tasks 12 by the journal."),
        (3, paid(1, 2, cost=None), "The rows cost 10 credits, and their tasks 0 by the journal."),
    ],
)
def test_results_that_disagree_with_the_journal_are_an_error_that_says_in_what(
    written, number_of_items, payments, words
):
    with pytest.raises(PhotaLedgerError) as caught:
        reconcile(written, number_of_items, payments, JOURNAL)
    first, *details = str(caught.value).splitlines()
    assert first == "The results of this batch do not agree with its journal."
    assert any(detail.endswith(words) for detail in details)
    assert JOURNAL in str(caught.value)
    assert "pays for nothing twice" in str(caught.value)


def test_a_payment_that_is_recorded_twice_is_one_payment():
    payments = Payments.of([("task-1", 5.0), ("task-1", None), ("task-2", 0.1), ("task-3", None)])
    assert payments.credits == {"task-1": 5.0, "task-2": 0.1, "task-3": None}
    assert payments.total == 5.1


def test_the_summary_counts_and_names_files_but_no_items(written):
    summary = Summary.of(written, paid(1, 2, 9), JOURNAL, 12.34567, Cost(Decimal("0.27"), 15.0)).to_dict()
    assert summary == {
        "counts": {
            "landed": 3,
            "existing": 0,
            "failed": 0,
            "refused": 0,
            "ambiguous": 0,
            "expired": 0,
            "not_sent": 0,
        },
        "total": 3,
        "submitted": 3,
        "credits": 15.0,
        "cost": {"usd": 0.27, "credits": 15.0, "is_estimate": True},
        "results": written.results,
        "results_csv": written.results_csv,
        "journal": JOURNAL,
        "seconds": 12.346,
    }
    assert json.loads(json.dumps(summary)) == summary


@pytest.mark.parametrize("name", ["out", "out/results.csv"])
def test_what_is_no_jsonl_is_not_read(tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.csv").write_text("key")
    with pytest.raises(PhotaInputError, match=r"results: must be the path of a results\.jsonl"):
        next(read_results(f"file://{tmp_path}/{name}"))
