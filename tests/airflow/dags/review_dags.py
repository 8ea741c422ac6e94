"""DAGs in which a person decides about pictures, driven by the run's conf."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG, Asset, task

from airflow_provider_phota.compat import HAS_HUMANS
from airflow_provider_phota.operators.phota import PhotaImageEditOperator

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
