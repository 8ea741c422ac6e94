"""Makes the environment of Airflow's components from nothing, so that nothing of the developer's leaks in."""

from __future__ import annotations

import base64
import os

from dev.airflow_major import AIRFLOW
from dev.airflow_settings import Settings

#: What a process needs to run at all. Everything else stays out: AIRFLOW_*, PYTHONPATH, PYTHONWARNINGS, keys.
PASSED_ON = ("PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH")
#: The way out to the real service, and what to trust there.
NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
LOOPBACK = "127.0.0.1,localhost"
#: For `env`: a supervisor may notice the end of its task only at its next heartbeat, with 5 s by default.
#: Leave it out where the scheduler's races are what is tested: those 5 s are what they need.
FAST_HEARTBEAT = AIRFLOW.fast_heartbeat


def environment_of(settings: Settings) -> dict[str, str]:
    """Returns the whole environment of a component of the Airflow that `settings` describe."""
    options = {f"AIRFLOW__{name}": value for name, value in _options(settings).items()}
    home = str(settings.home)
    own = {"AIRFLOW_HOME": home, "HOME": home, "PYTHONUNBUFFERED": "1", "TZ": "UTC"}
    return {**inherited(), **own, **options, **settings.extra}


def inherited() -> dict[str, str]:
    """Returns what a component may see of this process's environment; loopback never goes through a proxy."""
    network = {
        name: os.environ[name] for each in NETWORK for name in (each, each.lower()) if name in os.environ
    }
    no_proxy = ",".join(filter(None, (LOOPBACK, os.environ.get("NO_PROXY") or os.environ.get("no_proxy"))))
    basics = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**basics, **network, "NO_PROXY": no_proxy, "no_proxy": no_proxy}


def _options(settings: Settings) -> dict[str, str]:
    _, worker_logs, trigger_logs = map(str, settings.ports)
    return {
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__DAGS_FOLDER": str(settings.dags_folder),
        "CORE__EXECUTOR": settings.executor,
        "CORE__FERNET_KEY": base64.urlsafe_b64encode(settings.secret.encode()[:32]).decode(),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__MAX_ACTIVE_TASKS_PER_DAG": "1000",  # `parallelism` alone is the limit
        "CORE__PARALLELISM": str(settings.parallelism),
        "CORE__TEST_CONNECTION": "Enabled",
        "DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "DATABASE__SQL_ALCHEMY_CONN": settings.database or f"sqlite:///{settings.sqlite_file}",
        "LOGGING__BASE_LOG_FOLDER": str(settings.home / "logs"),
        "LOGGING__TRIGGER_LOG_SERVER_PORT": trigger_logs,
        "LOGGING__WORKER_LOG_SERVER_PORT": worker_logs,
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
        **AIRFLOW.options(settings),
    }
