"""DAGs whose orders are returned by functions."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_phota.api.orders.edit import EditOrder

QUICK = {"poll_interval": 0.1}
PROMPT = "a beach {{ not_a_template }}"

with DAG("decorated_prompt", schedule=None) as decorated_prompt:

    @task.phota_edit(image_urls="{{ dag_run.conf['image_urls'] }}")
    def prompt_only(place: str) -> str:
        return f"a {place} {{{{ not_a_template }}}}"

    prompt_only("beach")

with DAG("decorated_pictures", schedule=None) as decorated_pictures:

    @task.phota_edit(prompt=PROMPT.replace("{{ not_a_template }}", "at noon"), deferrable=False, **QUICK)
    def pictures(dag_run=None) -> list[str]:
        return [dag_run.conf["image_urls"]]

    pictures()

with DAG("decorated_dict", schedule=None) as decorated_dict:

    @task.phota_edit(
        wait_for_completion=True,
        deferrable=True,
        destination="{{ dag_run.conf['destination'] }}",
        multiple_outputs=True,
        **QUICK,
    )
    def whole_order(dag_run=None) -> dict[str, object]:
        return {"prompt": "a beach", "image_urls": dag_run.conf["image_urls"], "num_outputs": 2}

    whole_order()

with DAG("decorated_order", schedule=None) as decorated_order:

    @task.phota_edit
    def typed_order(dag_run=None) -> EditOrder:
        return EditOrder(prompt="a beach", image_urls=(dag_run.conf["image_urls"],), resolution="4K")

    typed_order.override(task_id="renamed", retries=0)()

with DAG("decorated_mapped", schedule=None) as decorated_mapped:

    @task
    def places() -> list[str]:
        return ["beach", "forest"]

    @task.phota_edit(
        image_urls="{{ dag_run.conf['image_urls'] }}",
        wait_for_completion=True,
        deferrable=True,
        destination="{{ dag_run.conf['destination'] }}",
        **QUICK,
    )
    def in_each(place: str, when: str) -> str:
        return f"a {place} at {when}"

    in_each.partial(when="noon").expand(place=places())

with DAG("decorated_others", schedule=None) as decorated_others:

    @task.phota_generate(wait_for_completion=True, deferrable=True, **QUICK)
    def generated() -> str:
        return "a lighthouse"

    @task.phota_enhance(wait_for_completion=True, deferrable=True, **QUICK)
    def enhanced(dag_run=None) -> str:
        return dag_run.conf["image_urls"]

    @task.phota_batch(
        prompt="a beach", destination="{{ dag_run.conf['destination'] }}", deferrable=False, **QUICK
    )
    def batch(dag_run=None) -> list[dict[str, str]]:
        return [{"key": key, "image_urls": dag_run.conf["image_urls"]} for key in ("one", "two")]

    @task.phota_batch(
        model="phota-image",
        destination="{{ dag_run.conf['destination'] }}",
        results_name="made",
        deferrable=False,
        **QUICK,
    )
    def described() -> dict[str, object]:
        return {"orders": ["a lighthouse", "a mill"], "resolution": "4K"}

    generated()
    enhanced()
    batch()
    described()
