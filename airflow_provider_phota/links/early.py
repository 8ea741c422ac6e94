"""Pushes links as soon as they are known: Airflow itself writes them only when an attempt ends or defers.

A link is a convenience: whatever goes wrong with it, the attempt goes on.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_phota.api.console import console_page
from airflow_provider_phota.api.errors import PhotaError, PhotaInputError
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.compat import HAS_VIEWS
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.links.phota import PhotaTaskLink, PicturesLink, gallery_page

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)


def push_pictures_link(context: Context) -> None:
    """Pushes the link to the pictures of the running task instance."""
    if HAS_VIEWS:
        _push(context, PicturesLink.xcom_key)


def push_task_link(context: Context, hook: PhotaHook, phota_task: object) -> None:
    """Pushes the link to a PHOTA task, if there is a page about it.

    Args:
        context: of the running task instance.
        hook: of the account that the PHOTA task belongs to.
        phota_task: its ID, or the dict of a finished one. Another value is an error that is somebody else's.
    """
    try:
        phota_task_id = checked_task_id(phota_task)
    except PhotaInputError:
        return
    url = _console_page(hook, phota_task_id)
    if url or HAS_VIEWS:
        _push(context, PhotaTaskLink.xcom_key, url)


def push_links(context: Context, hook: PhotaHook, phota_task: object) -> None:
    """Pushes the links of a task instance that does not submit, and knows its PHOTA task from the start.

    The arguments are those of `push_task_link`.
    """
    push_pictures_link(context)
    push_task_link(context, hook, phota_task)


def _console_page(hook: PhotaHook, phota_task_id: str) -> str:
    try:
        template = hook.settings.console_url
    except PhotaError:  # whoever asks the service with this connection says what is wrong with it
        return ""
    return console_page(template, phota_task_id) if template else ""


def _push(context: Context, key: str, url: str = "") -> None:
    try:
        ti = context["ti"]
        ti.xcom_push(key=key, value=url or gallery_page(ti))
    except Exception as error:  # Airflow's errors have no common class, and none of them is worth an attempt
        log.info("The link in XCom %r is missing for now: %s", key, type(error).__name__)
