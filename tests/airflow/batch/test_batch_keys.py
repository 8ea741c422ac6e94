"""A key that was replaced since the batch began: its threads find the new one, as its event loop does."""

from __future__ import annotations

import json

import pytest

from airflow_provider_phota.emulator import Fault

OLD_KEY = "emu-old-CANARY"


@pytest.fixture
def run(shop, monkeypatch):
    """Runs a batch whose hook has read a key that is refused since then."""

    def replace(key):
        whole = {"conn_type": "phota", "password": key, "host": shop.emulator.url}
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(whole))

    def run(**arguments):
        operator = shop.operator(**arguments)
        replace(OLD_KEY)
        assert operator._hook.settings.api_key == OLD_KEY
        replace(shop.emulator.key)
        shop.emulator.revoke(OLD_KEY)
        operator.execute(shop.context())

    return run


def refused(shop, what):
    return [each for each in shop.emulator.requests() if each.status == 401 and what in each.path]


def test_pictures_are_uploaded_with_the_new_key(shop, run):
    run(edits=f"file://{shop.add_pictures(5).folder}/inbox")
    assert (shop.statuses, shop.billed) == ({"landed": 5}, 5)
    assert 1 <= len(refused(shop, "upload")) <= 5


def test_fresh_urls_of_results_are_asked_for_with_the_new_key(shop, run, picture_url):
    shop.emulator.add_faults(Fault("result", "status", status=403))
    run(edits=[{"key": "lake", "image_urls": picture_url, "prompt": "a beach"}], prompt=None)
    assert (shop.statuses, shop.billed) == ({"landed": 1}, 1)
    assert len(refused(shop, "tasks")) == 1
