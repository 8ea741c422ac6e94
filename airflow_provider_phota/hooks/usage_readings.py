"""Reads how much of an account is used, in a short time or not at all: no order waits for it."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.account import Usage
from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.storage.calls import finish_within

log = logging.getLogger(__name__)

#: Seconds that a reading may take.
LONGEST_READING = 5.0
_ONCE = Backoff(tries=1)
#: The last reading by connections and the services that they lead to, and when it was made.
_LAST: dict[tuple[str, str], tuple[float, Usage | None]] = {}
_READING = threading.Lock()


def read_usage(hook: PhotaHook, max_age: float = 0.0) -> Usage | None:
    """Returns how much of the account is used.

    Args:
        hook: of its connection.
        max_age: seconds for which a reading of this process is good enough, whatever came of it.

    Returns:
        None if the service did not say so in time.
    """
    name = hook.phota_conn_id, hook.settings.base_url
    with _READING:
        at, usage = _LAST.get(name, (0.0, None))
        if not at or time.monotonic() - at > max_age:
            usage = _read(hook)
            _LAST[name] = time.monotonic(), usage
        return usage


def _read(hook: PhotaHook) -> Usage | None:
    try:
        return finish_within(LONGEST_READING, partial(hook.run, protocol.get_usage(_ONCE)))
    except (PhotaError, TimeoutError) as error:
        log.info("The balance is not known (%s).", type(error).__name__)
        return None
