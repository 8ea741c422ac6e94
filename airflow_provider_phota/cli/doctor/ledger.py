"""Checks that a retry will know what an earlier attempt has paid for."""

from __future__ import annotations

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.cli.doctor.findings import Finding
from airflow_provider_phota.compat import HAS_TASK_STATE
from airflow_provider_phota.ledger.ledger import LONGEST_CALL
from airflow_provider_phota.ledger.records import UnreadableRecord
from airflow_provider_phota.ledger.roots import Root
from airflow_provider_phota.storage.calls import finish_within
from airflow_provider_phota.storage.paths import Place, checked_path
from airflow_provider_phota.storage.rights import Right, explain

_NONE = (
    "there is none, so a retry pays again. Set the extra ledger_path to a directory of an object store, "
    "or give operators retries=0"
)


def ledger_finding(ledger_path: str | None) -> Finding:
    """Returns whether there is a ledger, and whether it was begun."""
    if ledger_path:
        return _of_object_storage(ledger_path)
    if not HAS_TASK_STATE:
        return Finding.warning("ledger", _NONE)
    return Finding.ok("ledger", "Airflow's task state store. Batches keep a journal of their own")


def _of_object_storage(ledger_path: str) -> Finding:
    try:
        root = Root(Place.of(checked_path("ledger_path", ledger_path)))
        is_begun = finish_within(LONGEST_CALL, root.is_begun)
    except (PhotaInputError, UnreadableRecord) as problem:
        return Finding.failed("ledger", str(problem))
    except Exception as error:  # of whatever library the store speaks by
        return Finding.failed("ledger", f"it cannot be looked at ({_reason(error, root)})")
    if is_begun:
        return Finding.ok("ledger", f"{root.place} is a ledger")
    return Finding.warning(
        "ledger",
        f"{root.place} was not begun: the first task that uses it begins it. If one has used it before, the "
        "path is wrong or the disk is not mounted",
    )


def _reason(error: Exception, root: Root) -> str:
    late = isinstance(error, TimeoutError)
    return "no answer in time" if late else explain(error, root.place, Right.READ, Right.LIST)
