"""Who may see what, and what a store that somebody has tampered with cannot make the gallery do."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import HOSTILE, address

PAGES = (
    "task/{0}",
    "run/{1}",
    "picture/{0}/after/0",
    "file/{0}/0",
    "item/{0}/1",
    "item/{0}/1/picture/after/0",
)


@pytest.fixture
def pages(landed):
    run = landed.url.rpartition("/edit")[0]
    return ["/phota/" + page.format(landed.url, run) for page in PAGES]


def test_nobody_sees_anything_without_logging_in(look, pages):
    for page in [*pages, "/phota/"]:
        seen = look(page, user=None)
        assert seen.status == 401, page
        assert "gallery_edit" not in seen.text


@pytest.mark.parametrize("name", ["STRANGER", "ONLOOKER"])
def test_who_may_not_read_the_dag_sees_nothing_of_it(look, pages, name):
    import gallery_auth

    for page in pages:
        seen = look(page, user=getattr(gallery_auth, name))
        assert seen.status == 403, page
        assert "hostile" not in seen.text


def test_the_right_to_another_dag_opens_nothing(look, pages):
    from gallery_auth import STRANGER

    for page in pages:
        assert look(f"{page}?dag_id=other_dag", user=STRANGER).status == 403


@pytest.mark.parametrize("name", ["STRANGER", "ONLOOKER"])
def test_the_latest_pictures_are_those_of_the_dags_that_one_may_read(look, landed, name):
    import gallery_auth

    seen = look("/phota/", user=getattr(gallery_auth, name))
    assert seen.status == 200
    assert "No pictures yet" in seen.text
    assert "gallery_edit" not in seen.text


def test_a_dag_that_does_not_exist_is_not_told_from_one_that_one_may_not_read(look):
    from gallery_auth import STRANGER

    assert look("/phota/task/no_dag/run/edit/-1", user=STRANGER).status == 403


TRICKS = (
    "/phota/picture/{0}/..%2f..%2fcard.json/0",
    "/phota/picture/{0}/%2e%2e%2f%2e%2e%2fetc%2fpasswd/0",
    "/phota/picture/{0}/after/%2e%2e%2f0",
    "/phota/picture/{0}//etc/passwd",
    "/phota/picture/{0}/file%3A%2F%2F%2Fetc%2Fpasswd/0",
    "/phota/static/..%2f..%2fapp.py",
    "/phota/static/%2e%2e/app.py",
    "/phota/static/../app.py",
    "/phota/static//etc/passwd",
)


@pytest.mark.parametrize("trick", TRICKS)
def test_no_path_leads_out(look, landed, trick):
    seen = look(trick.format(landed.url))
    assert seen.status in (404, 422), trick
    assert "root:" not in seen.text
    assert "def new_app" not in seen.text


def test_everything_says_that_nothing_in_it_may_run(look, landed, pages):
    for page in [*pages, "/phota/", "/phota/nothing", "/phota/static/gallery.js"]:
        headers = look(page).headers
        assert headers["x-content-type-options"] == "nosniff", page
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_hostile_words_are_only_words(look, landed):
    page = look(f"/phota/task/{landed.url}")
    assert "<img src=x" not in page.text
    assert "&lt;img src=x onerror=alert(1)&gt; {{ 7 * 7 }}" in page.text
    assert "\u202e" not in page.text
    assert "[U+202E]" in page.text
    assert len(page.text) < 40_000
    assert "<script>" not in page.text
    assert " style=" not in page.text


def test_hostile_words_of_a_card_are_only_words(look, landed):
    asked = {
        "model": "<script>alert(1)</script>",
        "prompt": HOSTILE,
        "resolution": "\u202e<b>",
        "num_outputs": 1,
        "files": ["<img src=x onerror=alert(2)>" * 100],
    }
    fields = json.loads(landed.card.read_text())
    landed.change_card(asked=asked, files=[fields["files"][0] | {"path": "x" * 10_000, "width": 10**30}])
    page = look(f"/phota/task/{landed.url}")
    assert page.status == 200
    assert "<img src=x" not in page.text
    assert "<script>alert" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "s3://other-bucket/picture.png",
        "file://{outside}",
        "{destination}/../{name}",
        "http://127.0.0.1:1/x.png",
        "",
    ],
)
def test_a_card_cannot_name_a_file_elsewhere(look, landed, tmp_path, path):
    outside = tmp_path / "outside.png"
    outside.write_bytes(next(landed.destination.glob("*.png")).read_bytes())
    path = path.format(outside=outside, destination=f"file://{landed.destination}", name=outside.name)
    files = json.loads(landed.card.read_text())["files"]
    changed = [files[0] | {"path": path}, files[1]]
    landed.change_card(files=changed)
    for returned in (None, {"phota_task_id": landed.folder.name, "files": changed}):
        with pushed(landed, "return_value", returned):
            seen = look(f"/phota/file/{landed.url}/0")
        assert seen.status == 404
        assert "root:" not in seen.text


@pytest.mark.parametrize(
    "content", [b"<svg onload='alert(1)'/>", b"<html><script>alert(1)</script>", b"", b"GIF89a"]
)
def test_what_is_not_a_picture_is_not_served_whatever_its_name(look, landed, content):
    (landed.folder / "after-0.webp").write_bytes(content)
    assert look(f"/phota/picture/{landed.url}/after/0").status == 404
    first = sorted(landed.destination.glob("*-0.png"))[0]
    whole = first.read_bytes()
    try:
        first.write_bytes(content)
        assert look(f"/phota/file/{landed.url}/0").status == 404
    finally:
        first.write_bytes(whole)


@pytest.mark.parametrize("name", ["card.json", "after-0.webp"])
def test_a_huge_file_is_not_read(look, landed, name):
    with (landed.folder / name).open("r+b") as file:
        file.truncate(100_000_000)
    page = look(
        f"/phota/task/{landed.url}" if name == "card.json" else f"/phota/picture/{landed.url}/after/0"
    )
    assert "so it is not read" in page.text


@pytest.mark.parametrize(
    "content",
    ["", "null", "[]", "{}", '{"version": 2}', "[" * 200_000, '{"version": 1, "before": 1e400}', "\ud800"],
)
def test_a_damaged_card_is_not_shown(look, landed, content):
    landed.card.write_bytes(content.encode(errors="surrogatepass"))
    page = look(f"/phota/task/{landed.url}")
    assert page.status == 200
    assert "is not readable as a card" in page.text


def test_the_card_of_another_task_is_not_shown(look, landed):
    landed.change_card(phota_task_id="task-of-somebody-else")
    assert "another PHOTA task" in look(f"/phota/task/{landed.url}").text


def test_a_link_on_the_disk_to_a_secret_is_not_followed_into_it(look, landed):
    (landed.folder / "after-0.webp").unlink()
    (landed.folder / "after-0.webp").symlink_to("/etc/passwd")
    assert look(f"/phota/picture/{landed.url}/after/0").status == 404
    landed.card.unlink()
    landed.card.symlink_to("/etc/passwd")
    assert "root:" not in look(f"/phota/task/{landed.url}").text


@pytest.mark.parametrize("what", ["file", "picture", "card"])
def test_a_link_on_the_disk_to_a_picture_elsewhere_is_not_followed(look, landed, tmp_path, what):
    whole = next(landed.destination.glob("*-0.png"))
    link = {"file": whole, "picture": landed.folder / "after-0.webp", "card": landed.card}[what]
    elsewhere = tmp_path / "elsewhere"
    link.rename(elsewhere)
    link.symlink_to(elsewhere)
    page = {"file": "file/{}/0", "picture": "picture/{}/after/0", "card": "task/{}"}[what]
    try:
        seen = look(f"/phota/{page.format(landed.url)}")
    finally:
        link.unlink()
        elsewhere.rename(link)
    assert "lies outside the folder" in seen.text


def test_a_destination_may_itself_be_a_link(look, order, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    run, _ = order("a lake", destination=f"file://{tmp_path}/link")
    url = address("gallery_edit", run.run_id)
    for page in ("picture/{}/after/0", "file/{}/0"):
        assert look(f"/phota/{page.format(url)}").status == 200


def test_a_card_that_was_changed_does_not_change_which_file_is_served(look, landed):
    files = json.loads(landed.card.read_text())["files"]
    other = landed.destination / "of-another-dag.png"
    other.write_bytes(Path(files[1]["path"].removeprefix("file://")).read_bytes())
    landed.change_card(files=[files[0] | {"path": f"file://{other}"}, files[1]])
    seen = look(f"/phota/file/{landed.url}/0")
    other.unlink()
    assert seen.content == Path(files[0]["path"].removeprefix("file://")).read_bytes()


@contextmanager
def pushed(landed, key, value):
    """Lets a task instance have pushed something else for a while."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    def replace(value):
        with create_session() as session:
            rows = session.query(XComModel).filter_by(run_id=landed.run_id, task_id="edit", key=key)
            before = XComModel.deserialize_value(rows.one())
            names = {"dag_id": "gallery_edit", "run_id": landed.run_id, "task_id": "edit"}
            XComModel.set(key=key, value=value, **names, session=session)
        return before

    before = replace(value)
    try:
        yield
    finally:
        replace(before)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "file:///etc/.phota-pictures/../passwd",
        "file:///etc/passwd?/.phota-pictures/{0}/card.json",
        "http://127.0.0.1:1/.phota-pictures/{0}/card.json",
        "gs://no-such-connection@x/.phota-pictures/{0}/card.json",
        17,
        ["file:///etc/passwd"],
        "",
    ],
)
def test_a_pushed_card_that_is_not_one_is_not_read(look, landed, url):
    phota_task_id = landed.folder.name
    with pushed(landed, "phota_card", url.format(phota_task_id) if isinstance(url, str) else url):
        page = look(f"/phota/task/{landed.url}")
        assert page.status == 200
        assert "root:" not in page.text
        assert look(f"/phota/picture/{landed.url}/after/0").status == 404


@pytest.mark.parametrize("key", ["phota_order", "phota_cost", "phota_task_id", "return_value"])
@pytest.mark.parametrize(
    "value", [None, [], {}, 1e400, "x" * 200_000, {"usd": "NaN"}, {"files": 7, "counts": 1}, [[[]]]]
)
def test_whatever_was_pushed_a_page_is_shown(look, landed, key, value):
    with pushed(landed, key, value):
        assert look(f"/phota/task/{landed.url}").status == 200
        assert look("/phota/").status == 200
        assert look(f"/phota/run/{landed.url.rpartition('/edit')[0]}").status == 200


def test_no_page_has_the_key_or_a_signature_in_it(look, landed, service, pages):
    for page in [*pages, "/phota/"]:
        seen = look(page)
        assert service.key.encode() not in seen.content
        assert b"Signature" not in seen.content
        assert b"expires=" not in seen.content


def test_pages_name_no_other_host(look, landed, pages):
    for page in [*pages[:2], "/phota/"]:
        assert not re.search("(?i)https?://", look(page).text)


def test_the_stylesheet_and_the_script_are_open_to_everybody(look):
    for name in ("gallery.css", "gallery.js", "icon.svg"):
        assert look(f"/phota/static/{name}", user=None).status == 200


def test_a_store_that_the_server_cannot_read_is_named(look, landed):
    path = f"gs://no_such_connection@bucket/out/.phota-pictures/{landed.folder.name}/card.json"
    with pushed(landed, "phota_card", path):
        page = look(f"/phota/task/{landed.url}")
        assert "API server cannot" in page.text
        assert "0.1 USD" in page.text  # what XCom knows


def test_only_files_of_the_gallery_are_there():
    static = Path(__file__).parents[3] / "airflow_provider_phota" / "plugins" / "gallery" / "static"
    assert {path.name for path in static.iterdir()} == {"answer.js", "gallery.css", "gallery.js", "icon.svg"}


def test_a_task_of_another_run_is_not_found(look, landed):
    assert look(f"/phota/task/{address('gallery_edit', 'no_such_run')}").status == 404
