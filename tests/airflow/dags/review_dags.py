"""DAGs in which a person decides about pictures, driven by the run's conf."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
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

    def rounds_of(dag_id: str, prompt_of: Callable[[Any], Any]) -> DAG:
        """A DAG: rounds whose edits make something of the prompt."""
        with DAG(dag_id, schedule=None, render_template_as_native_obj=True) as dag:
            review_rounds(
                "portrait",
                prompt="golden hour",
                edit=lambda prompt, task_id: PhotaImageEditOperator(
                    task_id=task_id, prompt=prompt_of(prompt), **ORDER
                ),
                publish_to="{{ dag_run.conf['live'] }}",
            )
        return dag

    rounds_in_oil = rounds_of("review_rounds_in_oil", lambda prompt: f"{prompt}, in oil")
    rounds_of_one_prompt = rounds_of("review_rounds_of_one_prompt", lambda prompt: "a beach")

    def reviewing_with(dag_id: str, between: Callable[[Any], Any]) -> DAG:
        """A DAG: one edit, something between, and a review of what that returns."""
        with DAG(dag_id, schedule=None, render_template_as_native_obj=True) as dag:
            edit = PhotaImageEditOperator(task_id="edit", prompt="golden hour", **ORDER)
            PhotaReviewOperator(results=between(edit.output), **REVIEW)
        return dag

    @task
    def last(result: Any) -> Any:
        return result["files"][-1]

    @task
    def without_files(result: Any) -> Any:
        for file in result["files"]:
            Path(file["path"].removeprefix("file://")).unlink()
        return result

    @task
    def chosen(decided: Any) -> Any:
        return decided["chosen"]

    def reviewed_twice(results: Any) -> Any:
        first = PhotaReviewOperator(task_id="first", results=results, choose="pick_many")
        return chosen(first.output)

    last_alone = reviewing_with("review_last", last)
    gone = reviewing_with("review_gone", without_files)
    twice = reviewing_with("review_twice", reviewed_twice)
    of_a_tuple = reviewing_with("review_tuple", lambda result: (result,))

    with DAG("review_text", schedule=None) as text:
        order = {name: value for name, value in ORDER.items() if name != "num_outputs"}
        edit = PhotaImageEditOperator(task_id="edit", prompt="golden hour", **order)
        edit >> PhotaReviewOperator(results="{{ ti.xcom_pull(task_ids='edit') }}", **REVIEW)

    with DAG("review_gathered", schedule=None, render_template_as_native_obj=True) as gathered:
        edits = PhotaImageEditOperator.partial(task_id="edit", **ORDER).expand(prompt=["a beach", "snow"])
        each_review = PhotaReviewOperator.partial(**REVIEW).expand(results=edits.output)

        @task
        def gather(decided: Any) -> Any:
            return [each["decision"] for each in decided]

        gather(each_review.output)
