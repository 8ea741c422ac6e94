"""A submit whose key is refused: the poller sends it again only if the refusal proves that nothing was done."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.errors import PhotaAuthenticationError, PhotaSubmitAmbiguous
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.triggers.poller import Poller

pytestmark = pytest.mark.usefixtures("metadata_database")

SUBMITTED = "POST /v1/images/generations"
OF_A_PROXY = {"body": {"error": "unauthorized"}}


@pytest.fixture
def submit(emulator, picture_url):
    """Submits an order by a poller that finds these keys, one each time that it reads the connection."""

    def submit(*keys):
        order = EditOrder.checked(prompt="a beach", image_urls=picture_url, local_inputs=True)
        settings, left = PhotaHook().settings, iter(keys)

        async def load():
            return replace(settings, api_key=next(left))

        async def run():
            async with Poller(load) as poller:
                return await poller.run(protocol.submit(order, before_sending=lambda: begun.append(1)))

        begun.clear()
        return asyncio.run(run())

    begun = []
    submit.begun = begun
    return submit


def test_a_documented_refusal_of_an_old_key_is_repeated_with_the_new_one(emulator, submit):
    emulator.revoke("emu-old")
    task = submit("emu-old", emulator.key)
    assert [entry.id for entry in emulator.ledger()] == [task.id]
    assert (emulator.counts()[SUBMITTED], len(submit.begun)) == (2, 2)


@pytest.mark.parametrize("kind", ["status", "billed_status"])
@pytest.mark.parametrize("answer", [OF_A_PROXY, {"body": "<html>"}, {"headers": {"X-Task-Id": "task-1"}}])
def test_a_401_that_does_not_prove_that_nothing_was_done_is_not_repeated(emulator, submit, kind, answer):
    emulator.add_faults(Fault("submit", kind, status=401, **answer))
    with pytest.raises(PhotaSubmitAmbiguous):
        submit(emulator.key, "emu-new")
    assert (emulator.counts()[SUBMITTED], len(submit.begun)) == (1, 1)


def test_a_refusal_is_not_repeated_with_the_key_that_was_refused(emulator, submit):
    emulator.add_faults(Fault("submit", "status", status=401))
    with pytest.raises(PhotaAuthenticationError):
        submit(emulator.key, emulator.key)
    assert emulator.counts()[SUBMITTED] == 1
