"""Keeps what a wait in mode `reschedule` has seen, since each of its pokes is a process of its own.

Airflow 3.3 and later have a place for it, the task's state. On an older Airflow each poke begins anew.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_phota.polling.state import Memory, WaitState

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

#: The key in the task's state. The ledger of an operator has another one.
KEY = "airflow_provider_phota_wait"


def resume(context: Context, state: WaitState) -> None:
    """Lets a wait go on with what earlier pokes of this attempt have seen, if that is known. Raises nothing.

    A retry begins anew: else what ended the attempt before would end it at once.
    """
    store = context.get("task_state_store")
    try:
        kept = None if store is None else store.get(KEY)
        if isinstance(kept, Mapping) and kept.get("of") == _name_of(context, state):
            state.resume(Memory.from_dict(kept))
    except Exception as error:  # of Airflow's API, or because it is not a memory
        log.warning("What earlier pokes have seen could not be read (%s).", type(error).__name__)


def remember(context: Context, state: WaitState) -> None:
    """Keeps what a wait has seen, for the next poke of this attempt. Raises nothing."""
    store = context.get("task_state_store")
    if store is None:
        return
    try:
        store.set(KEY, {"of": _name_of(context, state), **state.memory.to_dict()})
    except Exception as error:  # of Airflow's API
        log.warning("What this poke has seen could not be kept (%s).", type(error).__name__)


def _name_of(context: Context, state: WaitState) -> list[Any]:
    return [state.phota_task_id, context["ti"].try_number]
