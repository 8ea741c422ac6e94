"""Runs an Airflow with CeleryExecutor: a broker, and two of each component of which there can be two."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path

import psycopg2
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url

from dev.airflow_major import AIRFLOW
from dev.airflow_stack import AirflowStack
from dev.postgres import PostgresCluster
from dev.redis_server import RedisServer
from tests.chaos.batches.laboratory import BatchLaboratory
from tests.chaos.celery.clock import environment_with_clock
from tests.chaos.celery.queue import Queue
from tests.chaos.laboratory import ROOT
from tests.chaos.places import BucketPlace

INSTANCES = {"scheduler": 2, "triggerer": 2, "celery-worker": 2}
WORKERS = ("celery-worker-1", "celery-worker-2")
#: Airflow tasks that a worker runs at once.
SLOTS = 8
#: Seconds after which Airflow sends a task again whose message is gone; a dead worker or broker takes some along.
QUEUED_LIMIT = 60
#: Seconds without a heartbeat after which a triggerer counts as dead. Heartbeats are 5 s apart, and get 10 s old;
#: with less, two busy triggerers would take each trigger from one another without end.
TRIGGERER_LIMIT = 20
READY_LIMIT = 180.0
_HERE = Path(__file__).parent
_CUT = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class CeleryLaboratory(BatchLaboratory):
    """Runs all servers that the rows need. It is a context manager."""

    service_options = ("--latency", "20..30", "--pictures", "small")
    awaited_dag = "chaos_both_deferred_many"

    def __init__(self, items: int) -> None:
        super().__init__("postgres", items)
        self.broker = RedisServer()

    @cached_property
    def landings(self) -> BucketPlace:
        """The bucket in which single edits land."""
        self.s3.make_bucket("landings")
        return BucketPlace(self.s3, "landings")

    def _stack(self) -> AirflowStack:
        self._open.enter_context(self.broker)
        return AirflowStack(
            self.folder / "airflow",
            _HERE / "dags",
            env=self._environment(),
            parallelism=SLOTS * len(WORKERS),
            database=self.cluster.url,
            executor="CeleryExecutor",
            instances=INSTANCES,
            restart=True,
        )

    def _environment(self) -> Mapping[str, str]:
        celery = {
            "BROKER_URL": self.broker.url,
            "RESULT_BACKEND": f"db+{self.cluster.url}",
            "WORKER_CONCURRENCY": str(SLOTS),
            # what is not acknowledged may be sent again as late as that; see `queue.py` for sooner
            "TASK_ACKS_LATE": "True",
        }
        return {
            **AIRFLOW.early_notice,
            **{f"AIRFLOW__CELERY__{name}": value for name, value in celery.items()},
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": str(TRIGGERER_LIMIT),
            "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": str(QUEUED_LIMIT),
            "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
            "AIRFLOW__SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES": "5",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests/chaos/dags'}",
            "CHAOS_ROOT": str(ROOT),
            **self._connections(),
        }

    @property
    def cluster(self) -> PostgresCluster:
        if self.postgres is None:
            raise RuntimeError("the laboratory does not run")
        return self.postgres

    @cached_property
    def queue(self) -> Queue:
        return Queue(self.broker.url)

    def settle(self, since: datetime) -> None:
        """Waits until all components run again, and both workers take tasks."""
        super().settle(since)
        self.wait_for_workers()

    def wait_for_workers(self) -> None:
        """Returns when both workers answer."""
        deadline = time.monotonic() + READY_LIMIT
        while self._answering_workers() < len(WORKERS):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all workers answer, see {self.airflow.component_logs}")
            time.sleep(0.5)

    def _answering_workers(self) -> int:
        # a pool of connections would keep those that died with the broker
        with Celery(broker=self.broker.url, broker_pool_limit=0) as app:
            try:
                return len(app.control.ping(timeout=2.0))
            except (OSError, RedisError, OperationalError):
                return 0

    def cut_database(self) -> int:
        """Ends every connection to the database, and returns how many that were."""
        url = make_url(self.cluster.url)
        connection = psycopg2.connect(host=url.host, port=url.port, user=url.username, dbname=url.database)
        with connection, connection.cursor() as cursor:
            cursor.execute(_CUT)
            (count,) = cursor.fetchone()
        connection.close()
        return count

    @contextmanager
    def wrong_clock(self, worker: str, seconds: int) -> Iterator[None]:
        """Restarts a worker with a clock that is wrong by some seconds, and with a right one in the end."""
        self._restart_worker(worker, environment_with_clock(seconds))
        try:
            yield
        finally:
            self._restart_worker(worker, {})

    def _restart_worker(self, worker: str, env: Mapping[str, str]) -> None:
        self.airflow.use_environment(worker, env)
        self.airflow.restart(worker)
        self.wait_for_workers()
