"""The links of task instances, as a real Airflow's REST API shows them: while they wait, and at the end."""

from __future__ import annotations

import shutil
from contextlib import suppress
from urllib.parse import quote, urljoin

import pytest
import requests
from conftest import CONSOLE, PICTURE
from stack_canary import CANARY
from stack_patience import until

from airflow_provider_phota.compat import HAS_VIEWS
from airflow_provider_phota.emulator import Fault

pytestmark = pytest.mark.stack

DAG = "stack_links"
INSTANCES = [
    *[(name, -1) for name in ("lands", "lands_in_console", "fails", "sensor", "batch")],
    *[("mapped", 0), ("mapped", 1)],
]
FAILED = [("fails", -1), ("mapped", 1)]


def links_of(stack, run_id, task_id, map_index):
    path = f"dags/{DAG}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}/links"
    answer = stack.request("GET", path, params={"map_index": map_index})
    return answer.get("extra_links", answer)  # Airflow 3, Airflow 2


def submitted(emulator, picture_url):
    """The ID of a PHOTA task that nobody in Airflow has submitted."""
    order = {"model": "phota-image-edit", "prompt": "a sensor waits for it", "image_urls": [picture_url]}
    headers = {"Authorization": f"Bearer {CANARY}"}
    url = f"{emulator.url}/v1/images/generations"
    return requests.post(url, json=order, headers=headers, timeout=30).json()["id"]


@pytest.fixture(scope="module")
def run_id(stack, emulator, picture_url, tmp_path_factory):
    """A run whose instances all wait for longer than it takes to look at them."""
    emulator.add_faults(
        Fault(on="submit", kind="fail_task", match={"prompt": "for the sake of its links"}, times=None)
    )
    for prompt in ("a sensor waits for it", "of a batch"):
        emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0, match={"prompt": prompt}))
    shop = tmp_path_factory.mktemp("links")
    (shop / "inbox").mkdir()
    shutil.copy(PICTURE, shop / "inbox")
    stack.wait_for_dag(DAG)
    conf = {
        "picture": picture_url,
        "phota_task_id": submitted(emulator, picture_url),
        "inbox": f"file://{shop}/inbox",
        "destination": f"file://{shop}/out",
    }
    yield stack.trigger(DAG, conf)
    emulator.clear_faults()


@pytest.fixture(scope="module")
def while_deferred(stack, run_id):
    """The links of each instance when it was first seen deferred."""
    seen = {}

    def have_all_been_seen():
        for ti in stack.task_instances(DAG, run_id):
            name = (ti.task_id, ti.map_index)
            if ti.state == "deferred" and name not in seen:
                seen[name] = links_of(stack, run_id, *name)
        return seen.keys() == set(INSTANCES)

    with suppress(AssertionError):
        until(have_all_been_seen, "not all were deferred", timeout=240.0)
    assert sorted(seen) == sorted(INSTANCES)
    return seen


@pytest.fixture(scope="module")
def at_the_end(stack, run_id, while_deferred):
    assert stack.wait_for_run(DAG, run_id, timeout=240.0) == "failed"
    states = {(ti.task_id, ti.map_index): ti.state for ti in stack.task_instances(DAG, run_id)}
    assert states == {name: "failed" if name in FAILED else "success" for name in INSTANCES}
    return {name: links_of(stack, run_id, *name) for name in INSTANCES}


@pytest.fixture(scope="module", params=["while deferred", "at the end"])
def links(request, while_deferred, at_the_end):
    return while_deferred if request.param == "while deferred" else at_the_end


def page_of(run_id, task_id, map_index):
    """The page of an instance in the gallery, where there is a gallery."""
    return f"/phota/task/{DAG}/{quote(run_id, safe='')}/{task_id}/{map_index}" if HAS_VIEWS else None


@pytest.mark.parametrize("name", INSTANCES)
def test_the_pictures_have_a_link(links, run_id, name):
    assert links[name].get("Pictures") == page_of(run_id, *name)
    assert ("Pictures" in links[name]) is HAS_VIEWS


@pytest.mark.parametrize("name", [name for name in INSTANCES if name[0] not in ("lands", "batch")])
def test_the_phota_task_leads_to_the_console(stack, links, conf_of, run_id, name):
    phota_task_id = conf_of["phota_task_id"] if name[0] == "sensor" else id_of(stack, run_id, name)
    assert links[name]["PHOTA task"] == CONSOLE.format(phota_task_id=phota_task_id)


@pytest.fixture(scope="module")
def conf_of(stack, run_id):
    return stack.request("GET", f"dags/{DAG}/dagRuns/{quote(run_id, safe='')}")["conf"]


def id_of(stack, run_id, name):
    return stack.xcom(DAG, run_id, name[0], "phota_task_id", name[1])


def test_without_a_console_it_leads_to_the_gallery(links, run_id):
    assert links["lands", -1]["PHOTA task"] == page_of(run_id, "lands", -1)


def test_a_batch_has_no_single_phota_task(links):
    assert "PHOTA task" not in links["batch", -1]


@pytest.mark.skipif(not HAS_VIEWS, reason="there is no gallery")
@pytest.mark.parametrize(("name", "words"), [(("lands", -1), "it lands"), (("mapped", 0), "the first one")])
def test_behind_a_link_is_the_page_of_that_instance(stack, at_the_end, name, words):
    url = urljoin(stack.url, at_the_end[name]["Pictures"])
    assert requests.get(url, timeout=30).status_code == 401
    login = {"username": stack.settings.user, "password": stack.settings.password}
    token = requests.post(f"{stack.url}/auth/token", json=login, timeout=30).json()["access_token"]
    page = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert (page.status_code, words in page.text) == (200, True)
