"""DAGs in which a person decides about pictures, driven by the run's conf."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Asset, task

from airflow_provider_phota.compat import HAS_HUMANS
from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator, PhotaImageEditOperator
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

ORDER: dict[str, Any] = {
    "image_urls": "{{ dag_run.conf['picture'] }}",
    "destination": "{{ dag_run.conf['destination'] }}",
    "num_outputs": "{{ dag_run.conf['num_outputs'] }}",
    "wait_for_completion": True,
    "deferrable": True,
    "poll_interval": 0.5,
}
REVIEW: dict[str, Any] = {
    "task_id": "review",
    "publish_to": "{{ dag_run.conf['live'] }}",
    "outlets": [Asset("file:///live")],
}

if HAS_HUMANS:
    from airflow_provider_phota.operators.review import PhotaReviewOperator
    from airflow_provider_phota.operators.review_rounds import review_rounds

    def reviewing(dag_id: str, **arguments: Any) -> DAG:
        """A DAG: one edit, a review of it, and a task that comes after an approval."""
        with DAG(dag_id, schedule=None, render_template_as_native_obj=True) as dag:
            edit = PhotaImageEditOperator(task_id="edit", prompt="{{ dag_run.conf['prompt'] }}", **ORDER)
            review = PhotaReviewOperator(results=edit.output, **REVIEW | arguments)

            @task
            def after(decided: Any) -> Any:
                return decided["published"]

            after(review.output)
        return dag

    approve = reviewing("review_approve")
    fails = reviewing("review_fails", on_reject="fail")
    pick_one = reviewing("review_pick_one", choose="pick_one")
    pick_many = reviewing("review_pick_many", choose="pick_many")
    in_time = reviewing("review_in_time", timeout=2, default="approve")
    too_late = reviewing("review_too_late", timeout=2)
    keeps = reviewing("review_keeps", publish_to=None, outlets=[])
    retried = reviewing("review_retried", retries=1, retry_delay=timedelta(0))

    with DAG("review_mapped", schedule=None, render_template_as_native_obj=True) as mapped:

        @task
        def prompts(dag_run=None) -> list[str]:
            return dag_run.conf["prompts"]

        edits = PhotaImageEditOperator.partial(task_id="edit", **ORDER).expand(prompt=prompts())
        PhotaReviewOperator(results=edits.output, choose="pick_many", **REVIEW)

    with DAG("review_each", schedule=None, render_template_as_native_obj=True) as each:
        edits = PhotaImageEditOperator.partial(task_id="edit", **ORDER).expand(prompt=["a beach", "snow"])
        PhotaReviewOperator.partial(**REVIEW).expand(results=edits.output)

    with DAG("review_landed", schedule=None, render_template_as_native_obj=True) as landed:
        order = {name: value for name, value in ORDER.items() if name != "destination"}
        edit = PhotaImageEditOperator(task_id="edit", prompt="{{ dag_run.conf['prompt'] }}", **order)
        land = PhotaToObjectStorageOperator(
            task_id="land", result=edit.output, destination="{{ dag_run.conf['destination'] }}"
        )
        PhotaReviewOperator(results=land.output, **REVIEW)

    with DAG("review_not_landed", schedule=None, render_template_as_native_obj=True) as not_landed:
        edit = PhotaImageEditOperator(task_id="edit", prompt="{{ dag_run.conf['prompt'] }}", **order)
        PhotaReviewOperator(results=edit.output, **REVIEW)

    with DAG("review_batch", schedule=None, render_template_as_native_obj=True) as batch:
        edit = PhotaImageEditBatchOperator(
            task_id="edit",
            edits="{{ dag_run.conf['edits'] }}",
            prompt="{{ dag_run.conf['prompt'] }}",
            destination="{{ dag_run.conf['destination'] }}",
            max_failures=5,
        )
        PhotaReviewOperator(results=edit.output, **REVIEW)

    with DAG("review_rounds", schedule=None, render_template_as_native_obj=True) as rounds:
        outcome = review_rounds(
            "portrait",
            prompt="{{ dag_run.conf['prompt'] }}",
            edit=lambda prompt, task_id: PhotaImageEditOperator(task_id=task_id, prompt=prompt, **ORDER),
            publish_to="{{ dag_run.conf['live'] }}",
        )

        @task
        def after(decided: Any) -> Any:
            return decided["published"]

        after(outcome.output)
