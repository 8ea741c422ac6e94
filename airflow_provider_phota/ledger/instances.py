"""What Airflow tells a running task instance about itself, as far as its ledger needs to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.compat import CLEAR_DISCARDS_STATE
from airflow_provider_phota.ledger.records import Identity

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


def identity_of(context: Context, key: str | None = None) -> Identity:
    """Whose record it is.

    Args:
        context: of the attempt.
        key: the author's name for the item of a mapped task, which stands in for its place in the list.
    """
    ti = context["ti"]
    # a loop of Airflow 3.4 runs the same task several times under one map index
    loop: Any = context.get("loop")
    return Identity(
        ti.dag_id,
        ti.run_id,
        ti.task_id,
        -1 if ti.map_index is None else ti.map_index,
        iteration=None if loop is None else int(loop.index),
        key=key,
    )


def clear_number_of(context: Context) -> int:
    """How often something of the run was cleared."""
    dag_run = context.get("dag_run")
    return getattr(dag_run, "clear_number", None) or 0


def may_have_lost_state(context: Context) -> bool:
    """True if a clear may have thrown away what earlier attempts wrote to the task state store.

    Airflow 3.4 does so, unless the person ticks "keep". A clear raises `max_tries`; in a loop that says
    nothing, and only the run's number of clears is left.
    """
    if not CLEAR_DISCARDS_STATE:
        return False
    ti: Any = context["ti"]
    is_cleared = bool(ti.max_tries != (ti.task.retries or 0))
    return is_cleared or (context.get("loop") is not None and clear_number_of(context) > 0)


def checked_key(value: object) -> str | None:
    """The author's name for an item, None for none.

    Raises:
        PhotaInputError: it is not a text that names anything.
    """
    if value is None:
        return None
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if text in ("", "None"):
        raise PhotaInputError("ledger_key", f"must be a text that names the item, got {shown(value)}.")
    return text
