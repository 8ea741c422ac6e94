"""Builds the environment of Airflow's components, without the developer's own variables."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev.airflow_major import AIRFLOW
from dev.processes import free_ports

#: Variables that a process needs. All others stay out: AIRFLOW_*, PYTHONPATH, PYTHONWARNINGS, keys.
PASSED_ON = ("PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH")
#: Variables for the way to the real service, and for the certificates to trust there.
NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
LOOPBACK = "127.0.0.1,localhost"
#: Options for `env`. Without them, a supervisor may notice the end of its task up to 5 s late. Tests of the
#: scheduler's races leave them out, since the races need those 5 s.
FAST_HEARTBEAT = AIRFLOW.fast_heartbeat


@dataclass(frozen=True)
class Settings:
    """Says where one Airflow lives, and how its components are set up."""

    home: Path
    dags_folder: Path
    executor: str
    parallelism: int
    database: str | None
    extra: Mapping[str, str]
    user: str = "admin"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)
    ports: tuple[int, ...] = field(default_factory=lambda: tuple(free_ports(3)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def sqlite_file(self) -> Path:
        return self.home / "airflow.db"

    def environment(self) -> dict[str, str]:
        options = {f"AIRFLOW__{name}": value for name, value in self._options().items()}
        own = {"AIRFLOW_HOME": str(self.home), "HOME": str(self.home), "PYTHONUNBUFFERED": "1", "TZ": "UTC"}
        return {**inherited(), **own, **options, **self.extra}

    def _options(self) -> dict[str, str]:
        _, worker_logs, trigger_logs = map(str, self.ports)
        return {
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__DAGS_FOLDER": str(self.dags_folder),
            "CORE__EXECUTOR": self.executor,
            "CORE__FERNET_KEY": base64.urlsafe_b64encode(self.secret.encode()[:32]).decode(),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__MAX_ACTIVE_TASKS_PER_DAG": "1000",  # `parallelism` alone is the limit
            "CORE__PARALLELISM": str(self.parallelism),
            "CORE__TEST_CONNECTION": "Enabled",
            "DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
            "DATABASE__SQL_ALCHEMY_CONN": self.database or f"sqlite:///{self.sqlite_file}",
            "LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            "LOGGING__TRIGGER_LOG_SERVER_PORT": trigger_logs,
            "LOGGING__WORKER_LOG_SERVER_PORT": worker_logs,
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
            **AIRFLOW.options(self),
        }


def inherited() -> dict[str, str]:
    """Returns the variables of this process that a component may see. Loopback never goes through a proxy."""
    network = {
        name: os.environ[name] for each in NETWORK for name in (each, each.lower()) if name in os.environ
    }
    no_proxy = ",".join(filter(None, (LOOPBACK, os.environ.get("NO_PROXY") or os.environ.get("no_proxy"))))
    basics = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**basics, **network, "NO_PROXY": no_proxy, "no_proxy": no_proxy}
