"""A thousand waits in one real triggerer while everything goes wrong around them: each one ends, once, right."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from airflow_provider_phota.api.forms import file_form
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import submit, upload
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from airflow_provider_phota.emulator import Emulator, Fault
from dev.airflow_stack import AirflowStack
from dev.postgres import PostgresCluster
from dev.processes import free_ports

pytestmark = [pytest.mark.stack, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
DAG_ID = "stack_start_many"
#: Of one run of the DAG, which has so many sensors.
WAITS = 50
RUNS = 20
#: Seconds the PHOTA tasks take: from when all waits are under way until after the last trouble.
LATENCY = (200.0, 520.0)
OLD_KEY, NEW_KEY = "emu-load-before", "emu-load-after"


@pytest.fixture
def service(tmp_path):
    with Emulator(free_ports(1)[0], LATENCY, state=tmp_path / "service.db") as emulator:
        yield emulator


@pytest.fixture
def postgres():
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture
def airflow(tmp_path, postgres, service):
    """With the connection in its database, where a triggerer has to fetch it from."""
    dags = Path(__file__).parent / "dags"
    with AirflowStack(
        tmp_path / "airflow", dags, parallelism=8, database=postgres.url, restart=True
    ) as stack:
        connection = {"connection_id": "phota_default", "conn_type": "phota"}
        stack.request("POST", "connections", json={**connection, "host": service.url, "password": OLD_KEY})
        stack.wait_for_dag(DAG_ID)
        yield stack


@pytest.fixture
def rows(postgres):
    """Ask the metadata database."""
    engine = create_engine(postgres.url, isolation_level="AUTOCOMMIT")

    def ask(sql):
        with engine.connect() as connection:
            return connection.execute(text(sql)).all()

    yield ask
    engine.dispose()


def submitted(service):
    """The ids of new PHOTA tasks, as many as there are waits."""
    with RequestsDriver(Settings(OLD_KEY, service.url)) as driver:
        form = file_form(ROOT / "example_dags" / "pictures" / "mountain-lake.jpg")
        edit = EditOrder.checked(prompt="a beach", image_urls=driver.run(upload(form)).url, local_inputs=True)
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda _: driver.run(submit(edit)).id, range(WAITS * RUNS)))


def asked_about(service):
    return {seen.path.rpartition("/")[2] for seen in service.requests() if seen.method == "GET"}


def until(reached, seconds):
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"not reached in {seconds} s"
        time.sleep(1.0)


def connection_readings(rows):
    """How often the table of connections was read by anybody."""
    time.sleep(2.0)  # PostgreSQL counts a session's readings within a second of its rest
    ((scans,),) = rows(
        "select coalesce(seq_scan, 0) + coalesce(idx_scan, 0) from pg_stat_user_tables"
        " where relname = 'connection'"
    )
    return scans


def refused(service):
    return sum(seen.status == 401 for seen in service.requests())


def refused_until_quiet(service, quiet, within):
    """How many questions were refused, once for so many seconds no other one was: a busy worker is late."""
    deadline = time.monotonic() + within
    while True:
        before = refused(service)
        time.sleep(quiet)
        if (late := refused(service)) == before:
            return late
        assert time.monotonic() < deadline, f"{late - before} questions with the old key in {quiet} s"


def storm(service, seconds, **fault):
    service.add_faults(Fault(on="task", times=None, **fault))
    time.sleep(seconds)
    service.clear_faults()


def test_every_wait_ends_right_and_once(airflow, service, rows):
    phota_task_ids = submitted(service)
    before = connection_readings(rows)
    batches = [phota_task_ids[first : first + WAITS] for first in range(0, len(phota_task_ids), WAITS)]
    run_ids = [airflow.trigger(DAG_ID, {"phota_task_ids": batch}) for batch in batches]
    until(lambda: len(asked_about(service)) == WAITS * RUNS, 180.0)
    assert all(entry.status != "completed" for entry in service.ledger()), "too slow to begin"
    assert connection_readings(rows) - before == 1  # one triggerer, a thousand waits

    storm(service, 20.0, kind="status", status=429, headers={"Retry-After": "3"})
    service.stop()
    time.sleep(60.0)
    service.start()
    time.sleep(20.0)
    storm(service, 20.0, kind="reset_before")
    time.sleep(10.0)
    connection = {"connection_id": "phota_default", "conn_type": "phota", "host": service.url}
    airflow.request("PATCH", "connections/phota_default", json={**connection, "password": NEW_KEY})
    time.sleep(10.0)  # a worker that has just read the old key may still use it, as in any rotation
    service.revoke(OLD_KEY)
    late = refused_until_quiet(service, 20.0, within=120.0)
    airflow.kill("triggerer")

    for run_id in run_ids:
        assert airflow.wait_for_run(DAG_ID, run_id, timeout=1800.0) == "success"
    assert refused(service) == late  # taken up in seconds, by all
    waited_for = {
        (run_id, f"wait_{number}"): phota_task_id
        for run_id, batch in zip(run_ids, batches, strict=True)
        for number, phota_task_id in enumerate(batch)
    }
    results = rows("select run_id, task_id, value from xcom where key = 'return_value'")
    assert {(row.run_id, row.task_id): _id_in(row.value) for row in results} == waited_for
    # an event that was lost would never, and one that was doubled would twice have started a worker
    log = rows("select event, run_id, task_id from log where event in ('running', 'success', 'failed')")
    assert Counter(row.event for row in log if row.task_id) == dict.fromkeys(
        ("running", "success"), WAITS * RUNS
    )
    assert set(Counter(log).values()) == {1}
    assert {row.try_number for row in rows("select try_number from task_instance")} == {1}
    assert rows("select id from trigger") == []


def _id_in(value):
    result = json.loads(value) if isinstance(value, str) else value
    return result["phota_task_id"]
