"""What OpenLineage is told of an order and of a batch. It is not needed for anything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from airflow_runs import TaskInstance

from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator, PhotaImageEditOperator

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

HERE = Path(__file__).parents[1]
ROOT = HERE.parents[1]
OPENLINEAGE = ("apache-airflow-providers-openlineage==2.20.3", "openlineage-python==1.54.0")


def edit(picture_url):
    return PhotaImageEditOperator(
        task_id="edit", prompt="a", image_urls=picture_url, wait_for_completion=True, poll_interval=0.05
    )


def test_before_anything_is_ordered_there_is_nothing_to_tell(picture_url):
    assert edit(picture_url)._spender is None


def test_an_order_that_failed_is_told_too(emulator, picture_url):
    emulator.add_faults(Fault("submit", "fail_task"))
    operator = edit(picture_url)
    with pytest.raises(Exception, match="failed"):
        operator.execute({"ti": TaskInstance()})
    spent = operator._spender.spent
    assert (spent.base_url, spent.models, spent.counts) == (
        emulator.url,
        ("phota-image-edit",),
        {"failed": 1},
    )


def test_a_batch_tells_what_became_of_its_items(emulator, picture, tmp_path):
    operator = PhotaImageEditBatchOperator(
        task_id="edit",
        edits=[{"key": key, "image_urls": f"file://{picture}", "prompt": key} for key in "ab"],
        destination=f"file://{tmp_path}/out",
        poll_interval=0.05,
    )
    operator.execute({"ti": TaskInstance()})
    spent = operator._spender.spent
    assert (spent.models, spent.counts) == (("phota-image-edit",), {"landed": 2})
    assert spent.cost.to_dict() == {"usd": 0.1, "credits": 10.0, "is_estimate": False}


SCRIPT = """
import json, sys
from airflow.providers.openlineage.extractors.manager import ExtractorManager
from openlineage.client.serde import Serde
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_runs import TaskInstance

operator = PhotaImageEditOperator(
    task_id="edit", prompt="CANARY", image_urls=sys.argv[1], wait_for_completion=True, poll_interval=0.05
)
operator.execute({"ti": TaskInstance()})
lineage = ExtractorManager().get_extractor_class(operator)(operator).extract_on_complete(None)
print(json.dumps({name: Serde.to_dict(facet) for name, facet in lineage.run_facets.items()}))
"""


@pytest.mark.slow
def test_openlineage_gets_a_run_facet(emulator, picture_url, tmp_path):
    """OpenLineage is installed next to this environment, since it would listen to every other test."""
    client, provider = (
        [sys.executable, "-m", "pip", "install", "-q", "--target", str(tmp_path)],
        OPENLINEAGE[0],
    )
    constraints = ROOT / "dev" / "constraints-airflow-3.3.txt"
    subprocess.run([*client, "--constraint", str(constraints), OPENLINEAGE[1]], check=True)
    subprocess.run([*client, "--no-deps", provider], check=True)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, picture_url],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{HERE}", "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    last = done.stdout.strip().splitlines()[-1]
    facet = json.loads(last)["phota"]
    told = {name: value for name, value in facet.items() if not name.startswith("_")}
    assert told == {
        "host": emulator.url.removeprefix("http://"),
        "models": ["phota-image-edit"],
        "counts": {"succeeded": 1},
        "cost": {"usd": 0.05, "credits": 5.0, "is_estimate": False},
    }
    assert emulator.key not in last
    assert "CANARY" not in last
