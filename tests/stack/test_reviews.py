"""People decide in a real Airflow, whose scheduler and triggerer wait for them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import pytest
from stack_patience import until

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.skipif(version("apache-airflow") < "3.1", reason="this Airflow cannot ask people"),
]

#: Seconds until a question is answered: an answer that comes at once can cost Airflow 3.3 the attempt.
PAUSE = 6.0


@dataclass
class Case:
    """A run, and the folder that it publishes to."""

    airflow: object
    dag_id: str
    run_id: str
    live: Path

    def answer(self, task_id: str, *options: str, **fields: str) -> dict:
        """Answer a question once it is put, and return what was asked."""
        until(lambda: self.state(task_id) in ("awaiting_input", "deferred"), f"{task_id} never asked", 120)
        time.sleep(PAUSE)
        path = (
            f"dags/{self.dag_id}/dagRuns/{quote(self.run_id, safe='')}/taskInstances/{task_id}/-1/hitlDetails"
        )
        asked = self.airflow.request("GET", path)
        body = {"chosen_options": list(options), "params_input": fields}
        self.airflow.request("PATCH", path, json=body)
        return asked

    def state(self, task_id: str) -> str | None:
        return self.states.get(task_id)

    @property
    def states(self) -> dict[str, str]:
        return {ti.task_id: ti.state for ti in self.airflow.task_instances(self.dag_id, self.run_id)}

    def ended(self) -> str:
        return self.airflow.wait_for_run(self.dag_id, self.run_id, 180)

    def returned(self, task_id: str = "review") -> dict:
        return self.airflow.xcom(self.dag_id, self.run_id, task_id)

    @property
    def published(self) -> list[str]:
        return sorted(path.name for path in self.live.glob("*.png"))

    @property
    def tries(self) -> set[int]:
        return {
            ti.try_number
            for ti in self.airflow.task_instances(self.dag_id, self.run_id)
            if ti.state != "skipped"
        }


@pytest.fixture
def begin(wide_stack, quick_picture_url, tmp_path):
    """Starts a run: `begin("stack_review")`."""

    def begun(dag_id: str) -> Case:
        wide_stack.wait_for_dag(dag_id)
        conf = {
            "image_url": quick_picture_url,
            "destination": f"file://{tmp_path}/landed",
            "live": f"file://{tmp_path}/live",
        }
        return Case(wide_stack, dag_id, wide_stack.trigger(dag_id, conf), tmp_path / "live")

    return begun


def test_approved_pictures_are_published(begin):
    case = begin("stack_review")
    asked = case.answer("review", "Approve")
    assert case.ended() == "success"
    decided = case.returned()
    assert (decided["decision"], len(case.published)) == ("approved", 2)
    assert decided["decided_by"]["name"] == case.airflow.settings.user
    [record] = (case.live / ".phota-reviews").iterdir()
    assert json.loads(record.read_text())["published"] == decided["published"]
    assert case.returned("after") == decided["published"]
    assert "/edit/-1/after/1" in asked["body"]
    assert case.tries == {1}


def test_a_rejection_skips_what_comes_next(begin):
    case = begin("stack_review")
    case.answer("review", "Reject")
    assert case.ended() == "success"
    assert (case.states["review"], case.states["after"], case.published) == ("success", "skipped", [])
    assert case.returned()["decision"] == "rejected"


def test_a_rejection_can_fail_the_run(begin):
    case = begin("stack_review_fails")
    case.answer("review", "Reject")
    assert case.ended() == "failed"
    assert "The pictures are rejected by" in case.airflow.task_log(case.dag_id, case.run_id, "review")


def test_the_picked_picture_is_published(begin):
    case = begin("stack_review_picks")
    case.answer("review", "Picture 2")
    assert case.ended() == "success"
    assert [name[-6:] for name in case.published] == ["-1.png"]


def test_pictures_of_a_mapped_task_are_reviewed_together(begin):
    case = begin("stack_review_mapped")
    asked = case.answer("review", "Picture 1", "Picture 2")
    assert case.ended() == "success"
    assert len(case.published) == 2
    assert "/edit/1/after/0" in asked["body"]


@pytest.mark.parametrize(
    ("dag_id", "end"), [("stack_review_in_time", "success"), ("stack_review_too_late", "failed")]
)
def test_without_an_answer_the_default_holds_or_the_task_fails(begin, dag_id, end):
    case = begin(dag_id)
    assert case.ended() == end
    assert len(case.published) == (2 if end == "success" else 0)
    if end == "success":
        assert case.returned()["decided_by"] is None
    else:
        log = case.airflow.task_log(case.dag_id, case.run_id, "review")
        assert "Nobody answered in time" in log


def test_another_edit_is_reviewed_in_its_turn(begin):
    case = begin("stack_review_rounds")
    case.answer("portrait.review_1", "Edit again", prompt="a second try")
    asked = case.answer("portrait.review_2", "Approve", prompt="")
    assert case.ended() == "success"
    assert "a second try" in asked["body"]
    assert (case.states["portrait.edit_3"], case.states["portrait.review_3"]) == ("skipped", "skipped")
    assert case.returned("portrait.outcome") == case.returned("portrait.review_2")
    assert len(case.published) == 1
