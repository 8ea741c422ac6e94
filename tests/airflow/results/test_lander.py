"""A lander: many orders over one set of connections, each as if it were alone."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from airflow_provider_phota.api.errors import PhotaLandingError, PhotaResultsExpired
from airflow_provider_phota.api.tasks import Image
from airflow_provider_phota.downloads import downloads
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.results.lander import Lander, land_with_fresh_urls
from airflow_provider_phota.results.options import LandingOptions
from airflow_provider_phota.results.result import ResultImages

pytestmark = [
    pytest.mark.usefixtures("metadata_database"),
    # that a connection is dropped because too few are kept is only a warning in a log of urllib3
    pytest.mark.filterwarnings("error"),
]

ORDERS = 6


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    monkeypatch.setattr(downloads, "DEFAULT_TIMING", downloads.Timing(pause=0.01))


@pytest.fixture
def hook(emulator):
    return PhotaHook()


@pytest.fixture
def finished(emulator, hook, picture_url):
    """The results of several orders of two pictures each."""
    ids = [hook.submit_edit(f"a beach {n}", picture_url, num_outputs=2).id for n in range(ORDERS)]
    return [ResultImages.of_task(finished_task(hook, each)) for each in ids]


def finished_task(hook, phota_task_id):
    while not (task := hook.get_task(phota_task_id)).is_finished:
        time.sleep(0.05)
    return task


@pytest.fixture
def landing(tmp_path):
    return LandingOptions(f"file://{tmp_path}/out").landing(pictures=2)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def names_of(*results):
    return sorted(f"{each.phota_task_id}-{index}.png" for each in results for index in range(2))


def watchdogs():
    return [thread for thread in threading.enumerate() if thread.name == "phota-watchdog"]


def test_many_threads_land_many_orders_with_one_watchdog(finished, landing, hook, tmp_path, caplog):
    with Lander(hook.settings, orders=ORDERS) as lander, ThreadPoolExecutor(ORDERS) as pool:
        landed = list(pool.map(lambda results: lander.land(results, landing), finished))
        assert len(watchdogs()) == 1
    assert watchdogs() == []
    assert names(tmp_path / "out") == names_of(*finished)
    for results, files in zip(finished, landed, strict=True):
        assert [file.path.rpartition("/")[2] for file in files] == names_of(results)
    assert "Connection pool is full" not in caplog.text


def test_an_order_that_fails_leaves_the_others_alone(emulator, finished, landing, hook, tmp_path):
    bad, *good = finished
    emulator.add_faults(Fault(on="result", kind="html", times=None, match={"task_id": bad.phota_task_id}))
    with Lander(hook.settings) as lander:
        for results in good[:2]:
            lander.land(results, landing)
        with pytest.raises(PhotaLandingError, match=f"PHOTA task {bad.phota_task_id} did not land"):
            lander.land(bad, landing)
        for results in good[2:]:
            lander.land(results, landing)
    assert names(tmp_path / "out") == names_of(*good)


def test_what_is_broken_off_is_an_error_for_every_order(emulator, finished, landing, hook, tmp_path):
    """One download of each order is under way and hangs; its other one has not begun."""
    emulator.add_faults(Fault(on="result", kind="slow_body", seconds=60.0, times=None))
    with Lander(hook.settings, at_once=1, orders=ORDERS) as lander, ThreadPoolExecutor(ORDERS) as pool:
        waiting = [pool.submit(lander.land, results, landing) for results in finished]
        while emulator.counts().get("GET /results/{task_id}/{index}.png", 0) < ORDERS:
            threading.Event().wait(0.01)
        lander.break_off()
        for future in waiting:
            with pytest.raises(
                PhotaLandingError, match=r"(?s)was broken off on its way.*trying again is free"
            ):
                future.result()
        emulator.clear_faults()
        with pytest.raises(PhotaLandingError, match="broken off"):
            lander.land(finished[0], landing)
    assert names(tmp_path) == []


def test_leaving_the_block_by_an_error_breaks_off(emulator, finished, landing, hook, tmp_path):
    emulator.add_faults(Fault(on="result", kind="slow_body", seconds=60.0, times=None))
    with ThreadPoolExecutor(1) as pool:

        def leave():
            with Lander(hook.settings) as lander:
                waiting.append(pool.submit(lander.land, finished[0], landing))
                while not emulator.counts().get("GET /results/{task_id}/{index}.png"):
                    threading.Event().wait(0.01)
                raise KeyboardInterrupt

        waiting = []
        with pytest.raises(KeyboardInterrupt):
            leave()
        with pytest.raises(PhotaLandingError, match="broken off"):
            waiting[0].result()
    assert names(tmp_path) == []


def stale(results):
    """The same results with URLs whose signatures are no longer good."""
    images = [Image(image.url + "0", image.content_type) for image in results.images]
    return ResultImages(results.phota_task_id, images, results.expires_at)


def test_urls_that_are_not_served_are_asked_for_once_without_airflow(finished, landing, hook, tmp_path):
    asked = []

    def ask(phota_task_id):
        asked.append(phota_task_id)
        return hook.get_task(phota_task_id)

    with Lander(hook.settings) as lander:
        land = partial(lander.land, landing=landing)
        land_with_fresh_urls(land, finished[0], ask)
        assert asked == []
        land_with_fresh_urls(land, stale(finished[1]), ask)
    assert asked == [finished[1].phota_task_id]
    assert names(tmp_path / "out") == names_of(*finished[:2])


def test_results_that_have_expired_are_asked_for_once_too(emulator, finished, landing, hook):
    asked = []

    def ask(phota_task_id):
        asked.append(phota_task_id)
        return hook.get_task(phota_task_id)

    emulator.advance(25 * 3600)
    with Lander(hook.settings) as lander, pytest.raises(PhotaResultsExpired, match="no longer served"):
        land_with_fresh_urls(partial(lander.land, landing=landing), finished[0], ask)
    assert asked == [finished[0].phota_task_id]
