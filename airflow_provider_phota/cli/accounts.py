"""Asks the service with the account of the connection that a command names."""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.hooks.phota import PhotaHook

#: A person who waits rather asks again than waits for a minute.
ONCE = Backoff(tries=1)


def hook_of(options: Namespace) -> PhotaHook:
    """Returns the hook of the connection, which is read.

    Raises:
        PhotaConfigurationError: It does not exist, or is malformed.
    """
    hook = PhotaHook(options.conn_id)
    _ = hook.settings
    return hook
