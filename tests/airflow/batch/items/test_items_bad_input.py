"""Everything that is wrong with a source is one error, before any money."""

from __future__ import annotations

import re

import pytest
from manifests import written

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.batch.items import reading
from airflow_provider_phota.batch.items.reading import read_items

pytestmark = pytest.mark.filterwarnings("default")

A = '{"image_url": "a.jpg"}'


def row(**values: object) -> list[dict[str, object]]:
    return [{"image_url": "s3://shop/a.jpg", **values}]


#: name of the manifest (or a list), its content, the lines about its rows
ROWS = {
    "not JSON": ("m.jsonl", f"{A}\nnonsense\n", r"row 2: is not JSON \(Expecting value at column 1\)"),
    "not an object": ("m.jsonl", f"{A}\n[1, 2]\n", r"row 2: is not a JSON object, but \[1, 2\]"),
    "a text": ("m.jsonl", '"a.jpg"\n', "row 1: is not a JSON object, but 'a.jpg'"),
    "a cut line": ("m.jsonl", f'{A}\n{{"image_url": "b', r"row 2: is not JSON \(Unterminated string"),
    "a name twice": ("m.jsonl", '{"key": "a", "key": "b"}\n', "row 1: has 'key' twice"),
    "NaN": ("m.jsonl", '{"image_url": "a.jpg", "num_outputs": NaN}', "row 1: has NaN in it, which is not JSON"),
    "infinity": ("m.jsonl", '{"image_url": "a.jpg", "num_outputs": -Infinity}', "row 1: has -Infinity in it"),
    "a NUL byte": ("m.jsonl", f'{A}\n{{"key": "\0"}}\n', "row 2: has a NUL character in it"),
    "an escaped NUL": ("m.jsonl", r'{"image_url": "a.jpg", "prompt": "a\u0000"}', "row 1: prompt: has a NUL"),
    "half a pair": ("m.jsonl", r'{"image_url": "a.jpg", "prompt": "\ud800"}', "row 1: prompt: has half a surr"),
    "half a pair in a key": ("m.jsonl", r'{"image_url": "a.jpg", "key": "\ud800"}', "row 1: key: has bytes in"),
    "not UTF-8": ("m.jsonl", b'{"key": "\xe9"}\n', "row 1: has bytes in it that are not UTF-8"),
    "deep": ("m.jsonl", "[" * 100_000, "row 1: is nested too deeply"),
    "a long number": ("m.jsonl", '{"num_outputs": ' + "1" * 5000 + "}", "row 1: Exceeds the limit"),
    "after an empty line": ("m.jsonl", f"\n{A}\n\n{{}}\n", r"row 2 \(line 4\): image_urls: is missing"),
    "too few cells": ("m.csv", "image_url,prompt\na.jpg\n", r"row 1 \(line 2\): has 1 cells, and there are 2 columns"),
    "too many cells": ("m.csv", "image_url\na.jpg,b\n", r"row 1 \(line 2\): has 2 cells, and there are 1 columns"),
    "a quote": ("m.csv", 'image_url\n"a"b.jpg\nc.jpg\n', r"1 of 2 rows.*\nrow 1 \(line 2\): is not CSV"),
    "an open quote": ("m.csv", 'image_url\n"a.jpg\nb.jpg\n', r"row 1 \(line 2\): is not CSV .*; the rows after"),
    "a CSV's NUL": ("m.csv", "image_url\na\0.jpg\n", r"row 1 \(line 2\): has a NUL character in it"),
    "a CSV not UTF-8": ("m.csv", b"image_url\na\xe9.jpg\nb.jpg\n", r"1 of 2 rows.*\nrow 1 \(line 2\): has bytes in it"),
    "not whole": ("m.csv", "image_url,num_outputs\na.jpg,1.5\n", r"row 1 \(line 2\): num_outputs: must be a whole"),
    "no list": ("m.csv", 'image_urls\n"[a.jpg]"\n', r"row 1 \(line 2\): image_urls: must be JSON where it has several"),
    "a wrong list": ("m.csv", 'image_urls\n"[1]"\n', r"row 1 \(line 2\): image_urls: must hold non-empty strings only"),
    "an empty cell": ("m.csv", "image_url,key\n ,a\n", r"row 1 \(line 2\): image_urls: is missing"),
    "a type of Parquet": ("m.parquet", row(prompt=b"x"), "row 1: prompt: must be a string, got b'x'.\n"),
    "half a picture": ("m.parquet", row(num_outputs=1.5), "row 1: num_outputs: must be an int of at least 1, got 1.5.\n"),
    "Parquet's NaN": ("m.parquet", row(num_outputs=float("nan")), "row 1: num_outputs: must be an int"),
    "a long row of Parquet": ("m.parquet", row(prompt="x" * 1_000_001), "row 1: has more than 1000000 bytes"),
    "a number in text": ("m.jsonl", '{"image_url": "a.jpg", "num_outputs": "2"}', "num_outputs: must be an int of at least 1, got '2'.\n"),
    "a word": ("m.jsonl", '{"image_url": "a.jpg", "resolution": "8K"}', "row 1: resolution: must be '1K' or '4K', got '8K'"),
    "an empty prompt": ("m.jsonl", '{"image_url": "a.jpg", "prompt": " "}', "row 1: prompt: is empty"),
    "a picture of the web that is not": ("m.jsonl", '{"image_url": "https://"}', "row 1: key: is missing, and 'https://' has no name"),
    "a local picture": ("m.jsonl", '{"image_url": "http://127.0.0.1/a.jpg"}', "row 1: image_urls: .* is on this machine"),
    "a password": ("m.jsonl", '{"image_url": "https://me:secret@x.test/a.jpg"}', "row 1: image_urls: a URL carries a user name"),
    "an unknown store": ("m.jsonl", '{"image_url": "nostore://x/a.jpg"}', "row 1: image_urls: 'nostore://x/a.jpg' cannot be opened"),
    "a data URL": ("m.jsonl", '{"image_url": "data:image/png;base64,AA"}', "row 1: image_urls: .* is a data: URL"),
    "an absolute path": ("m.jsonl", '{"image_url": "/data/a.jpg"}', "row 1: image_url: must be a URL, or a path below"),
    "a path upwards": ("m.jsonl", '{"image_url": "../a.jpg"}', "row 1: image_url: must be a URL, or a path below"),
    "a URL upwards": ("m.jsonl", '{"image_url": "s3://shop/../a.jpg"}', "row 1: image_urls: leads upwards"),
    "another machine": ("m.jsonl", '{"image_url": "file://host/a.jpg"}', "row 1: image_urls: names a host"),
    "both columns": ("m.jsonl", '{"image_url": "a.jpg", "image_urls": ["b.jpg"]}', "row 1: image_url: and image_urls are both given"),
    "a picture twice": ("m.jsonl", '{"image_urls": ["a.jpg", "./a.jpg"]}', "row 1: image_urls: names the same picture twice"),
    "no pictures": ("m.jsonl", '{"image_urls": []}', "row 1: image_urls: is empty"),
    "a number for a picture": ("m.jsonl", '{"image_url": 5}', "row 1: image_urls: must be a list of URLs, got 5"),
    "a hidden picture": ("m.jsonl", '{"image_url": ".a/b.jpg"}', "row 1: key: is the picture's name, which has a part .* Give it a key"),
    "a field without a value": ("m.jsonl", '{"image_url": "a.jpg", "prompt": "{colour}", "color": "red"}', r"row 1: prompt: has the field \{colour\}, and the item has no such value. Is \{color\} meant"),
    "a field that is null": ("m.jsonl", '{"image_url": "a.jpg", "prompt": "{color}", "color": null}', r"row 1: prompt: has the field \{color\}, and the item has no such value. Write \{\{"),
    "a field that is a list": ("m.jsonl", '{"image_url": "a.jpg", "prompt": "{color}", "color": [1]}', r"row 1: prompt: .*whose value here is not a text or a number: \[1\]"),
    "an open brace": ("m.jsonl", '{"image_url": "a.jpg", "prompt": "a {b"}', "row 1: prompt: has a brace without its other half"),
    "an attribute": ("m.jsonl", '{"image_url": "a.jpg", "prompt": "{key.__class__}"}', r"row 1: prompt: may have fields such as \{name\} only, got '\{key.__class__\}'"),
    "a bomb": ("m.jsonl", '{"image_url": "a.jpg", "x": "' + "y" * 9000 + '", "prompt": "' + "{x}" * 9000 + '"}', "row 1: prompt: has more than 1000000 characters"),
    "a text twice": (["s3://shop/a.jpg", "s3://mall/a.jpg"], None, "row 2: key: is 'a.jpg', as in row 1"),
    "a number": ([5], None, "row 1: must be a text or a dict of arguments, got 5"),
    "none": ([None], None, "row 1: must be a text or a dict of arguments, got None"),
    "an empty list in it": ([["s3://shop/a.jpg"], []], None, r"row 2: must be a text or a dict of arguments, got \[\]"),
    "a relative path in a list": (["a.jpg"], None, "row 1: image_urls: 'a.jpg' is not an http"),
    "a wrong dict": ([{1: "a"}], None, "row 1: must be a text or a dict of arguments"),
    "a key twice": (row(key="a") + row(key="b") + row(key="a"), None, "row 3: key: is 'a', as in row 1: give each item a key of its own"),
    "files at one place": ([*row(key="a/b.jpg"), *row(key="a/b.png")], None, r"row 2: filename: names its files 'a/b-0', as it does those of row 1: use filename=\"\{parent\}/\{name\}-\{index\}\", or"),
    "a key upwards": (row(key="a/../b"), None, "row 1: key: has a part that begins with a dot: 'a/../b'"),
    "an absolute key": (row(key="/a"), None, "row 1: key: begins with a slash: '/a'"),
    "a key with a backslash": (row(key="a\\b"), None, "row 1: key: has a backslash in it"),
    "a key with an empty part": (row(key="a//b"), None, "row 1: key: has an empty part: 'a//b'"),
    "a key with a slash at its end": (row(key="a/"), None, "row 1: key: has an empty part: 'a/'"),
    "a key with a line break": (row(key="a\nb"), None, r"row 1: key: has a control character in it: 'a\\nb'"),
    "a long key": (row(key="é" * 101), None, "row 1: key: has a part of more than 200 bytes"),
    "a very long key": (row(key="/".join(["x" * 200] * 5)), None, "row 1: key: has more than 800 bytes"),
    "an empty key": (row(key=" "), None, "row 1: key: is empty"),
    "a key that is not text": (row(key=1.5), None, "row 1: key: must be a text, got 1.5"),
    "a key that is a flag": (row(key=True), None, "row 1: key: must be a text, got True"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "content", "lines"), ROWS.values(), ids=ROWS)
def test_a_bad_row_is_named_with_its_reason(disk, source, content, lines):
    if isinstance(source, str):
        disk.put(source, _bytes_of(content))
    with pytest.raises(PhotaInputError, match=rf"\Aedits: (\d+ of \d+ rows of .* cannot be ordered\.\n)(.*\n)*?.*{lines}|\Aedits: {lines}") as error:  # fmt: skip
        list(read_items(disk.spec(source)))
    assert str(error.value).endswith("Nothing was sent.")
    assert "secret" not in str(error.value)
    assert "Jinja" not in str(error.value)


def _bytes_of(content):
    if isinstance(content, list):
        return written("parquet", content)
    return content.encode() if isinstance(content, str) else content


#: name of the manifest, its content, the error
FILES = {
    "UTF-16": ("m.csv", "image_url\n".encode("utf-16"), "is UTF-16: save it as UTF-8"),
    "a column twice": ("m.csv", "image_url,key,key\n", "has the column 'key' twice"),
    "a column without a name": ("m.csv", "image_url,,key\n", "column 2 has no name"),
    "bytes among the columns": ("m.csv", b"image_\xe9rl\n", "the line with the columns has bytes in it"),
    "a JSON array": ("m.json", "[]", "must be a folder, a pattern .* got the file"),
    "a misspelt column": ("m.csv", "image_url,promt\na.jpg,x\n", r"column 'promt', first in row 1 \(line 2\), is neither an argument nor a field of a template: is 'prompt' meant\?\nColumns are image_url, image_urls, key, num_outputs, profile_ids, prompt, resolution\.\nNothing was sent"),
    "a column in one row": ("m.jsonl", f'{A}\n{{"image_url": "b.jpg", "Num_Outputs": 2}}\n', "column 'Num_Outputs', first in row 2, .*: is 'num_outputs' meant"),
    "semicolons": ("m.csv", "image_url;key\na.jpg;x\n", r"column 'image_url;key', first in row 1 \(line 2\), is neither an argument nor a field of a template: columns are separated by commas\."),
    "line ends of old": ("m.csv", "image_url,key\ra.jpg,x\r", "a line ends in CR alone: save it with line ends of Windows or Unix"),
    "a strange column": ("m.jsonl", '{"image_url": "b.jpg", "zzz": 2}', "column 'zzz', first in row 1, is neither an argument nor a field of a template\\.\n"),
    "a switch": ("m.csv", "image_url,local_inputs\na.jpg,x\n", "column 'local_inputs'"),
    "many columns": ("m.jsonl", "{" + ", ".join(f'"x{n}": 1' for n in range(25)) + ', "image_url": "a.jpg"}', "and 5 more columns"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "words"), FILES.values(), ids=FILES)
def test_a_bad_file_is_refused_as_a_whole(disk, name, content, words):
    disk.put(name, _bytes_of(content))
    with pytest.raises(PhotaInputError, match=rf"\Aedits: (.*\n)*?.*{words}"):
        list(read_items(disk.spec(name)))


def test_of_many_bad_rows_the_first_twenty_are_listed(disk):
    lines = [f'{{"image_url": "{n}.jpg", "num_outputs": {n % 2}}}' for n in range(100)]
    disk.put("m.jsonl", "\n".join(lines).encode())
    with pytest.raises(PhotaInputError) as error:
        list(read_items(disk.spec("m.jsonl")))
    head, *rows, more, end = str(error.value).splitlines()
    assert re.fullmatch(r"edits: 50 of 100 rows of '.*' cannot be ordered\.", head)
    assert [line.partition(":")[0] for line in rows] == [f"row {number}" for number in range(1, 41, 2)]
    assert (more, end) == ("and 30 more", "Nothing was sent.")


def test_good_items_come_before_the_error(disk):
    disk.put("m.jsonl", f"{A}\nnonsense\n".encode())
    items = read_items(disk.spec("m.jsonl"))
    assert next(items).key == "a.jpg"
    with pytest.raises(PhotaInputError):
        next(items)


def test_more_rows_than_a_batch_can_have_are_a_wrong_source(disk, monkeypatch):
    monkeypatch.setattr(reading, "MOST_ITEMS", 2)
    with pytest.raises(PhotaInputError, match="edits: has more than 2 rows: the list"):
        list(read_items(disk.spec([f"s3://shop/{n}.jpg" for n in range(3)])))


#: arguments of the spec, the error
SPECS = {
    "a number": ({"source": 5}, "edits: must be a folder, a pattern"),
    "nothing": ({"source": None}, "edits: must be a folder, a pattern"),
    "a dict": ({"source": {}}, "edits: must be a folder, a pattern"),
    "the text of a list": ({"source": "['s3://shop/a.jpg']"}, "edits: is the text of a list"),
    "a path": ({"source": "/data/*.jpg"}, "edits: must be an object-storage URL"),
    "the web": ({"source": "https://x.test/a.jpg"}, "edits: is one picture of the web"),
    "upwards": ({"source": "file:///a/../b"}, "edits: leads upwards"),
    "NUL": ({"source": "file:///a\0"}, "edits: has a NUL character"),
    "an unknown store": ({"source": "nostore://x"}, "edits: 'nostore://x' cannot be opened"),
    "its own name": ({"source": 5, "argument": "pictures"}, "pictures: must be"),
    "an unknown default": ({"defaults": {"promt": "x"}}, "promt: is not an argument of phota-image-edit"),
    "a switch": ({"defaults": {"local_inputs": True}}, "local_inputs: is not an argument"),
    "a wrong default": ({"defaults": {"prompt": "x", "num_outputs": 0}}, "num_outputs: must be at least 1"),
    "an empty default": ({"defaults": {"prompt": " "}}, "prompt: is empty"),
    "a default's brace": ({"defaults": {"prompt": "a {b"}}, "prompt: has a brace without its other half"),
    "a default's index": ({"defaults": {"prompt": "{a[0]}"}}, "prompt: may have fields such as"),
    "a default's width": ({"defaults": {"prompt": "{a:>1000000000}"}}, "prompt: may have fields such as"),
    "a default's conversion": ({"defaults": {"prompt": "{a!r}"}}, "prompt: may have fields such as"),
    "a default without a name": ({"defaults": {"prompt": "{}"}}, "prompt: may have fields such as"),
    "a default with a number": ({"defaults": {"prompt": "{0}"}}, "prompt: may have fields such as"),
    "a wrong word": ({"order_type": GenerateOrder, "defaults": {"aspect_ratio": "1:9"}}, "aspect_ratio: must be"),
    "a wrong fraction": ({"order_type": EnhanceOrder, "defaults": {"creativity": 2}}, "creativity: must be from"),
    "an edition": ({"edition": 1.5}, "edition: must be text"),
    "a destination": ({"destination": "/out"}, "destination: must be an object-storage URL"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), SPECS.values(), ids=SPECS)
def test_a_wrong_argument_is_refused_before_a_row_is_read(disk, arguments, words):
    usual = {"source": f"{disk.url}/no-such-folder", "order_type": EditOrder, "defaults": {"prompt": "x"}}
    with pytest.raises(PhotaInputError, match=rf"\A{words}"):
        type(disk.spec([])).checked(**{**usual, "destination": f"{disk.url}/out", **arguments})


def test_addresses_of_the_service_s_own_network_are_allowed_where_it_is_there_too(disk):
    (item,) = read_items(disk.spec(["http://127.0.0.1/a.jpg"], local_inputs=True))
    assert item.order.files == ("http://127.0.0.1/a.jpg",)
