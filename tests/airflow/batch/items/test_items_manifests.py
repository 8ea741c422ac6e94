"""What the rows of manifests and lists become."""

from __future__ import annotations

import builtins
import io
import json

import pyarrow as pa
import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from manifests import KINDS, written
from pyarrow import parquet

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.batch.items.bad_rows import NoItems
from airflow_provider_phota.batch.items.reading import read_items
from airflow_provider_phota.storage.paths import Place, checked_path

pytestmark = pytest.mark.filterwarnings("default")


def orders(spec):
    return {item.key: item.order for item in read_items(spec)}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_columns_are_arguments_and_what_is_not_given_is_the_default(store, kind):
    rows = [
        {"key": "red/1", "image_urls": ["a.jpg", "b/c.png"], "num_outputs": 2, "prompt": "make it red"},
        {"key": "blue", "image_urls": ["https://x.test/a.jpg"], "resolution": "4K"},
        {"key": "33", "image_urls": ["./d.jpg"], "profile_ids": ["p1", "p2"]},
    ]
    store.put(f"lists/m.{kind}", written(kind, rows))
    lists = Place.of(checked_path("edits", f"{store.url}/lists")).url  # old versions write three slashes
    assert orders(store.spec(f"lists/m.{kind}", defaults={"prompt": "a beach", "resolution": None})) == {
        "red/1": EditOrder("make it red", (f"{lists}/a.jpg", f"{lists}/b/c.png"), 2),
        "blue": EditOrder("a beach", ("https://x.test/a.jpg",), 1, "4K"),
        "33": EditOrder("a beach", (f"{lists}/d.jpg",), 1, "1K", ("p1", "p2")),
    }


def test_a_key_is_by_default_the_path_of_the_first_picture(disk, kind):
    pictures = [
        f"{disk.url}/in/a.jpg",
        "in/b/c.jpg",
        "s3://elsewhere/x/d.jpg",
        "https://x.test/e%20f.jpg?sig=1",
    ]
    rows = [{"image_url": picture} for picture in pictures]
    disk.put(f"m.{kind}", written(kind, rows))
    assert list(orders(disk.spec(f"m.{kind}"))) == ["in/a.jpg", "in/b/c.jpg", "d.jpg", "e f.jpg"]


def test_without_pictures_the_number_of_the_row_is_the_key(disk, kind):
    disk.put(f"m.{kind}", written(kind, [{"prompt": "a cat"}, {"prompt": "a dog"}]))
    assert orders(disk.spec(f"m.{kind}", order_type=GenerateOrder, defaults={"aspect_ratio": "16:9"})) == {
        "000001": GenerateOrder("a cat", aspect_ratio="16:9"),
        "000002": GenerateOrder("a dog", aspect_ratio="16:9"),
    }


def test_columns_of_enhance_are_numbers_too(disk, kind):
    rows = [{"image_url": "a.jpg", "creativity": 0.25}, {"image_url": "b.jpg", "resemblance": 1.0}]
    disk.put(f"m.{kind}", written(kind, rows))
    assert orders(disk.spec(f"m.{kind}", order_type=EnhanceOrder, defaults={"creativity": 0.5})) == {
        "a.jpg": EnhanceOrder(f"{disk.url}/a.jpg", creativity=0.25),
        "b.jpg": EnhanceOrder(f"{disk.url}/b.jpg", creativity=0.5, resemblance=1.0),
    }


def test_profiles_are_an_object_in_each_kind(disk, kind):
    disk.put(f"m.{kind}", written(kind, [{"prompt": "[[anna]]", "profiles": {"anna": "p1"}}]))
    assert orders(disk.spec(f"m.{kind}", order_type=GenerateOrder, defaults={})) == {
        "000001": GenerateOrder("[[p1]]")
    }


def test_texts_have_fields_of_the_row(disk, kind):
    rows = [
        {"image_url": "a/b.jpg", "color": "red", "price": 5, "prompt": None},
        {"image_url": "c.jpg", "color": "blue", "price": 6, "prompt": "{color} for {price} {{euros}}"},
    ]
    disk.put(f"m.{kind}", written(kind, rows))
    found = orders(disk.spec(f"m.{kind}", defaults={"prompt": "{color} {name} {stem} {parent} {key}"}))
    assert [order.prompt for order in found.values()] == ["red b.jpg b a a/b.jpg", "blue for 6 {euros}"]


def test_a_column_comes_before_a_part_of_the_key(disk, kind):
    disk.put(f"m.{kind}", written(kind, [{"image_url": "a/b.jpg", "name": "Shoe", "key": "k"}]))
    (order,) = orders(disk.spec(f"m.{kind}", defaults={"prompt": "{name} {key}"})).values()
    assert order.prompt == "Shoe k"


def test_pictures_may_be_a_default_that_names_columns(disk, kind):
    disk.put(f"m.{kind}", written(kind, [{"sku": "77", "key": "seven"}]))
    defaults = {"prompt": "x", "image_urls": ["s3://shop/{sku}-{key}.jpg", "s3://shop/logo.png"]}
    assert orders(disk.spec(f"m.{kind}", defaults=defaults))["seven"].image_urls == (
        "s3://shop/77-seven.jpg",
        "s3://shop/logo.png",
    )


def test_braces_in_the_path_of_a_picture_are_no_fields(disk, kind):
    disk.put(f"m.{kind}", written(kind, [{"image_url": "a{color}.jpg"}]))
    assert orders(disk.spec(f"m.{kind}"))["a{color}.jpg"].files == (f"{disk.url}/a{{color}}.jpg",)


@pytest.mark.parametrize("name", ["m[1].csv", "M.CSV", "a b/m.csv"])
def test_a_manifest_may_have_an_odd_name(store, name):
    store.put(name, b"image_url\na.jpg\n")
    assert list(orders(store.spec(name))) == ["a.jpg"]


def test_a_csv_may_be_as_a_spreadsheet_writes_it(disk):
    disk.put("m.csv", '\ufeffimage_url , prompt\r\na.jpg,"a ""red""\r\nshoe, x"\r\n\r\nb.jpg,\r\n'.encode())
    assert [order.prompt for order in orders(disk.spec("m.csv")).values()] == [
        'a "red"\r\nshoe, x',
        "a beach",
    ]


def test_a_json_manifest_may_begin_with_a_mark_and_have_empty_lines(disk):
    disk.put(
        "m.jsonl", '\ufeff{"image_url": "a.jpg"}\r\n\r\n  \n{"image_url": "é.jpg", "key": null}'.encode()
    )
    assert [(item.number, item.key) for item in read_items(disk.spec("m.jsonl"))] == [
        (1, "a.jpg"),
        (2, "é.jpg"),
    ]


def test_whole_numbers_of_a_table_with_gaps_are_whole(disk):
    disk.put(
        "m.parquet", written("parquet", [{"image_url": "a.jpg", "num_outputs": 2.0}, {"image_url": "b.jpg"}])
    )
    assert [order.num_outputs for order in orders(disk.spec("m.parquet")).values()] == [2, 1]


def test_a_parquet_of_many_rows_is_read_in_their_order(s3_store):
    rows = [{"image_url": f"{number}.jpg"} for number in range(1001)]
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), file, row_group_size=300)
    s3_store.put("m.parquet", file.getvalue())
    assert list(orders(s3_store.spec("m.parquet"))) == [f"{number}.jpg" for number in range(1001)]


def test_a_list_may_have_texts_paths_dicts_and_lists(disk):
    source = [
        "s3://shop/a.jpg",
        ObjectStoragePath(f"{disk.url}/b.jpg"),
        ["https://x.test/c.jpg", {"image_urls": [ObjectStoragePath(f"{disk.url}/d.jpg")], "key": 4}],
        {"image_url": "s3://shop/e.jpg", "color": "red", "prompt": "{color}"},
    ]
    found = orders(disk.spec(source))
    assert list(found) == ["a.jpg", "b.jpg", "c.jpg", "4", "e.jpg"]
    assert found["4"].files == (f"{disk.url}/d.jpg",)
    assert found["e.jpg"].prompt == "red"
    assert orders(disk.spec(tuple(source))) == found


def test_the_texts_of_a_list_are_prompts_for_a_model_without_pictures(disk):
    found = orders(disk.spec(["a cat", "a dog"], order_type=GenerateOrder, defaults={}))
    assert [order.prompt for order in found.values()] == ["a cat", "a dog"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", ["m.jsonl", "m.csv"])
def test_an_empty_manifest_has_no_items(store, name, content):
    store.put(name, content)
    with pytest.raises(NoItems, match=r"edits: has no items: '.*' is empty"):
        orders(store.spec(name))


def test_a_manifest_with_columns_alone_has_no_items(disk):
    disk.put("m.csv", b"image_url,prompt\n")
    disk.put("m.parquet", written("parquet", [{"image_url": "a"}])[:0] or _without_rows())
    for name in ("m.csv", "m.parquet"):
        with pytest.raises(NoItems):
            orders(disk.spec(name))


def _without_rows():
    file = io.BytesIO()
    parquet.write_table(pa.table({"image_url": pa.array([], pa.string())}), file)
    return file.getvalue()


def test_an_empty_list_has_no_items(disk):
    with pytest.raises(NoItems, match="the list is empty"):
        orders(disk.spec([]))


def test_a_manifest_that_is_not_there_is_refused(store, kind):
    with pytest.raises(PhotaInputError, match=r"^edits: '.*/m\..*' (cannot be read|is not there)"):
        orders(store.spec(f"m.{kind}"))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\xff" * 100 + b"PAR1", b"a,b\n1,2\n"])
def test_what_is_not_parquet_is_refused(disk, content):
    disk.put("m.parquet", content)
    with pytest.raises(PhotaInputError, match=r"is not a Parquet file, or it is damaged"):
        orders(disk.spec("m.parquet"))


def test_a_cut_parquet_is_refused(disk):
    whole = written("parquet", [{"image_url": f"{number}.jpg"} for number in range(500)])
    disk.put("m.parquet", whole[:20] + bytes(200) + whole[220:])
    with pytest.raises(PhotaInputError, match="is not a Parquet file, or it is damaged"):
        orders(disk.spec("m.parquet"))


def test_without_pyarrow_the_error_names_the_extra(disk, monkeypatch):
    original = builtins.__import__

    def without(name, *more):
        if name.partition(".")[0] == "pyarrow":
            raise ImportError(name)
        return original(name, *more)

    disk.put("m.parquet", written("parquet", [{"image_url": "a.jpg"}]))
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        PhotaInputError, match=r"needs pyarrow .*pip install 'airflow-provider-phota\[parquet\]'"
    ):
        orders(disk.spec("m.parquet"))


def test_reading_a_long_file_takes_little_memory(tmp_path, disk):
    """The file is read to its end, whatever its lines are like."""
    import tracemalloc

    path = tmp_path / "shop" / "m.jsonl"
    disk.put("m.jsonl", b"")
    with path.open("wb") as file:
        file.write(json.dumps({"image_url": "a.jpg"}).encode() + b"\n")
        for _ in range(60):
            file.write(b"x" * 1_000_000)
        file.write(b"\n" + json.dumps({"image_url": "b.jpg"}).encode())
    tracemalloc.start()
    try:
        with pytest.raises(
            PhotaInputError, match=r"1 of 3 rows.*\nrow 2: has more than 1000000 bytes\nNothing"
        ):
            orders(disk.spec("m.jsonl"))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
