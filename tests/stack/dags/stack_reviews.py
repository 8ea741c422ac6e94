"""Edits that a person decides about."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_phota.compat import HAS_HUMANS
from airflow_provider_phota.operators.phota import PhotaImageEditOperator

ORDER: dict[str, Any] = {
    "image_urls": "{{ dag_run.conf['image_url'] }}",
    "destination": "{{ dag_run.conf['destination'] }}",
    "phota_conn_id": "phota_quick",
    "wait_for_completion": True,
    "deferrable": True,
}
LIVE = "{{ dag_run.conf['live'] }}"


@task
def after(decided: Any) -> Any:
    return decided["published"]


if HAS_HUMANS:
    from airflow_provider_phota.operators.review import PhotaReviewOperator
    from airflow_provider_phota.operators.review_rounds import review_rounds

    REVIEWS: dict[str, dict[str, Any]] = {
        "stack_review": {},
        "stack_review_fails": {"on_reject": "fail"},
        "stack_review_picks": {"choose": "pick_one"},
        "stack_review_in_time": {"timeout": 15, "default": "approve"},
        "stack_review_too_late": {"timeout": 15},
    }
    for name, arguments in REVIEWS.items():
        with DAG(name, schedule=None):
            edit = PhotaImageEditOperator(task_id="edit", prompt="a reviewed beach", num_outputs=2, **ORDER)
            after(
                PhotaReviewOperator(
                    task_id="review", results=edit.output, publish_to=LIVE, **arguments
                ).output
            )

    with DAG("stack_review_mapped", schedule=None):
        edits = PhotaImageEditOperator.partial(task_id="edit", **ORDER).expand(prompt=["a beach", "snow"])
        PhotaReviewOperator(task_id="review", results=edits.output, choose="pick_many", publish_to=LIVE)

    with DAG("stack_review_rounds", schedule=None):
        rounds = review_rounds(
            "portrait",
            prompt="a first try",
            edit=lambda prompt, task_id: PhotaImageEditOperator(task_id=task_id, prompt=prompt, **ORDER),
            publish_to=LIVE,
        )
        after(rounds.output)
