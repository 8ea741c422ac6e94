"""What a review must not do: run what others have written, replace a file, publish what nobody has seen."""

from __future__ import annotations

import pytest

from tests.persons import Answer

APPROVES = Answer(["Approve"])
HOSTILE = (
    "<img src=x onerror=alert(1)> | [a](javascript:alert(1)) ![b](https://evil.example/b) `c`\n# d \u202ehostile "
    + "long " * 2_000
)


def test_a_hostile_prompt_stays_words(shop, person):
    with person(APPROVES) as anna:
        run = shop.run("review_approve", prompt=HOSTILE)
    assert run.state == "success"
    body = anna.asked[0]["body"]
    row = next(line for line in body.splitlines() if line.startswith("| Picture 1 "))
    assert row.count(" | ") == 4
    prompt = row.split(" | ")[3]
    for mark in ("<", "`", "[", "![", "https://", "\u202e"):
        assert mark not in prompt, mark
    assert "[U+202E]" in prompt.replace("&#91;", "[").replace("&#93;", "]")
    assert len(body) < 3_000


def test_a_file_of_the_same_name_is_found_before_anybody_is_asked_and_never_replaced(
    shop, person, monkeypatch
):
    shop.live.mkdir()
    taken = []

    def take(publish):
        def before(self, pictures):
            taken.append(shop.live / pictures[0].file.path.rpartition("/")[2])
            taken[0].write_bytes(b"another picture")
            return publish(self, pictures)

        return before

    from airflow_provider_phota.reviews.publishing import Shelf

    monkeypatch.setattr(Shelf, "check", take(Shelf.check))
    with person(APPROVES) as anna:
        run = shop.run("review_approve")
    assert (run.states["review"], anna.asked) == (["failed"], [])
    assert "has another file of the name" in run.xcom("review", "phota_problem")["message"]
    assert taken[0].read_bytes() == b"another picture"


def test_a_picture_that_has_changed_since_it_landed_is_not_published(shop, person):
    def change():
        for path in shop.landed.glob("*.png"):
            path.write_bytes(path.read_bytes()[:-20] + b"x" * 20)

    with person(APPROVES, before=change):
        run = shop.run("review_approve")
    assert run.states["review"] == ["failed"]
    assert "its content has changed" in run.xcom("review", "phota_problem")["message"]
    assert shop.published == []


def test_a_store_that_fails_after_the_answer_is_tried_again_and_nobody_is_asked_again(
    shop, person, monkeypatch
):
    from airflow_provider_phota.reviews import copies

    copy, failures = copies._copy, [OSError(28, "full")]

    def copy_in_the_end(file, target):
        if failures:
            raise failures.pop()
        copy(file, target)

    monkeypatch.setattr(copies, "_copy", copy_in_the_end)
    with person(APPROVES, Answer(["Reject"])) as anna:
        run = shop.run("review_retried", num_outputs=2)
    assert run.state == "success"
    assert len(anna.asked) == 1
    assert len(shop.published) == 2
    assert run.xcom("review")["decided_by"]["id"] == "anna"
    [record] = shop.records
    assert record["is_done"]


def test_pictures_that_are_gone_are_found_before_anybody_is_asked(shop, person):
    with person(APPROVES) as anna:
        run = shop.run("review_gone")
    assert (run.states["review"], anna.asked) == (["failed"], [])
    problem = run.xcom("review", "phota_problem")["message"]
    assert "is not there any more, so that it cannot be published." in problem
    assert "Nobody was asked yet." in problem
    assert "Airflow does not retry this." in problem


@pytest.mark.parametrize("dag_id", ["review_approve", "review_each", "review_tuple", "review_text"])
def test_rendered_fields_have_no_urls_by_which_anybody_could_read_the_pictures(shop, person, dag_id):
    with person(APPROVES, APPROVES):
        run = shop.run(dag_id)
    rendered = rendered_fields(dag_id, run.run_id)
    assert "'phota_task_id': 'task-" in rendered
    assert "sig=" not in rendered
    if dag_id == "review_text":
        assert "render_template_as_native_obj=True" in run.xcom("review", "phota_problem")["message"]
    else:
        assert run.state == "success"


def rendered_fields(dag_id: str, run_id: str) -> str:
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.query(RenderedTaskInstanceFields).filter_by(
            dag_id=dag_id, run_id=run_id, task_id="review"
        )
        return str([each.rendered_fields for each in found])


@pytest.mark.parametrize("results", ["task-1", [], [None], {"total": 1, "to_pay": 1}, 7, {"images": []}])
def test_what_has_no_pictures_is_refused(results):
    from airflow_provider_phota.api.errors import PhotaInputError
    from airflow_provider_phota.reviews.pictures import read_pictures

    with pytest.raises(PhotaInputError, match=r"^results: "):
        read_pictures(results)
