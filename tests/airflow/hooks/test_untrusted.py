"""A wait that cannot get through TLS: said at once in the task's log, tolerated for some minutes, kept by its ID."""

from __future__ import annotations

import asyncio
import json
import logging
import time

import pytest
import trustme
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow_runs import PICTURE

from airflow_provider_phota.emulator import Emulator
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent
from airflow_provider_phota.triggers.phota import PhotaTaskTrigger

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A company's own certificate authority, and a certificate that it signed for each host."""
    folder, made = tmp_path_factory.mktemp("authority"), trustme.CA()
    made.cert_pem.write_to_path(folder / "ca.pem")
    for name, host in (("good", "127.0.0.1"), ("other", "other.example")):
        made.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")
    return folder


@pytest.fixture(scope="module", params=["untrusted", "other host"])
def secure(request, authority):
    """A service over TLS; whether whom the environment trusts helps."""
    name = "good" if request.param == "untrusted" else "other"
    with Emulator(port=0, latency=(0.1, 0.2), seed=0, tls_cert=authority / f"{name}.pem") as service:
        yield service


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def connected(secure, authority, monkeypatch, request):
    if "other host" in request.node.name:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority / "ca.pem"))
    connection = {"conn_type": "phota", "password": secure.key, "host": secure.url}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))
    return secure


def trigger(**arguments):
    how = {"phota_conn_id": "phota_default", "poll_interval": 0.05, "timeout": 60.0, **arguments}
    return PhotaTaskTrigger("task-1", deadline=time.time() + 60.0, **how)


async def event_of(waiting):
    (event,) = [event async for event in waiting.run()]
    return WaitEvent.from_dict(event.payload)


def end_of(waiting):
    return asyncio.run(event_of(waiting))


def warnings_in(caplog):
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.WARNING and record.name.startswith("airflow_provider_phota")
    ]


def test_a_wait_in_the_triggerer_says_so_at_once_and_ends_with_what_to_do(connected, caplog):
    event = end_of(trigger(max_unreachable=0.5))
    assert event.end is WaitEnd.REFUSED
    assert event.message.startswith("Cannot ask about PHOTA task task-1: no TLS connection for ")
    for words in ("certificate", "billed", "waiting for it again is free"):
        assert words in event.message
    first, second = warnings_in(caplog)
    assert "the certificate is not trusted" in first
    assert "PHOTA task task-1 is billed and may still be running" in second


def test_every_wait_of_a_triggerer_learns_of_it(connected, caplog):
    """It is not an outage, in which one wait would ask for all of them."""

    async def together():
        return await asyncio.gather(*(event_of(trigger(max_unreachable=2.0)) for _ in range(30)))

    assert WaitEnd.FINISHED not in {event.end for event in asyncio.run(together())}
    assert len(warnings_in(caplog)) == 60


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_sensor_on_a_worker_says_so_at_once(connected, caplog, deferrable):
    waiting = PhotaTaskSensor(
        task_id="wait", phota_task_id="task-1", poke_interval=0.05, max_unreachable=0.3, deferrable=deferrable
    )
    assert not waiting.poke({}).is_done
    assert any("the certificate is not trusted" in line for line in warnings_in(caplog))
    time.sleep(0.3)
    with pytest.raises(AirflowFailException, match="no TLS connection"):
        waiting.poke({})


def test_a_wait_goes_on_once_the_environment_names_whom_to_trust(authority, monkeypatch, caplog):
    bundle = authority / "rotated.pem"
    bundle.unlink(missing_ok=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with Emulator(port=0, latency=(0.1, 0.2), seed=0, tls_cert=authority / "good.pem") as service:
        parts = {"conn_type": "phota", "password": service.key, "host": service.url}
        trusting = json.dumps(parts | {"extra": {"ca_bundle": str(authority / "ca.pem")}})
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", trusting)
        phota_task_id = PhotaHook().submit_edit("a beach", PhotaHook().upload_file(PICTURE)).id
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(parts))

        async def rotate():
            waiting = trigger()
            waiting.phota_task_id = phota_task_id
            event = asyncio.ensure_future(anext(waiting.run()))
            while not warnings_in(caplog):  # noqa: ASYNC110  # a log line sets no event
                await asyncio.sleep(0.05)
            bundle.write_bytes((authority / "ca.pem").read_bytes())
            return WaitEvent.from_dict((await event).payload)

        assert asyncio.run(rotate()).end is WaitEnd.FINISHED
    assert "environment variable SSL_CERT_FILE" in warnings_in(caplog)[0]


def test_a_missing_connection_says_that_the_task_is_paid():
    """Nothing can ask about the task until someone creates the connection; the same on a worker and in the triggerer."""
    waiting = PhotaTaskSensor(task_id="wait", phota_task_id="task-1", phota_conn_id="nobody")
    with pytest.raises(AirflowFailException) as caught:
        waiting.poke({})
    event = end_of(trigger(phota_conn_id="nobody"))
    assert str(caught.value).startswith(event.message)
    first, second, third, *_ = event.message.splitlines()
    assert first == "Cannot ask about PHOTA task task-1."
    assert "There is no Airflow connection 'nobody'" in second
    assert third.startswith("It may still be running and is billed.")
