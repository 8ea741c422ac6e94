"""Names those who reserve money: never alike for two Airflow installations that share a budget.

Two installations may well have the same DAG, and scheduled runs of it with the same ID.
"""

from __future__ import annotations

import hashlib

from airflow.providers.common.compat.sdk import conf

from airflow_provider_phota.compat import BASE_URL_SECTION
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.storage.paths import Place


def installation() -> str:
    """Returns what tells this Airflow installation from others: where its users open it."""
    return str(conf.get(BASE_URL_SECTION, "base_url", fallback="") or "")


def owner_name(instance: InstanceName, record: Place | None) -> str:
    """Returns the name of a task instance in budgets.

    Args:
        instance: that reserves.
        record: the ledger or the journal that knows what it pays for; None if Airflow itself does.
    """
    where = f"{record.protocol}://{record.path}" if record else ""
    digest = hashlib.sha256("\n".join((installation(), where)).encode()).hexdigest()
    return f"{instance.digest}{digest[:8]}"


def run_name(dag_id: str, run_id: str) -> str:
    """Returns the name of a DAG run in budgets."""
    return "\n".join((installation(), dag_id, run_id))
