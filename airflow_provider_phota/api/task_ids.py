"""Checks PHOTA task IDs, wherever they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.hints import RENDERED_TO_TEXT, hint_for, is_collection_repr
from airflow_provider_phota.api.shown import shown

#: What the vendor's own clients accept, taken together, except for what means a folder in a path.
TASK_ID = re.compile(r"(?!\.{1,2}\Z)(?:[A-Za-z0-9][A-Za-z0-9._:-]{0,255}|[A-Za-z0-9._~-]{1,256})")


def checked_task_id(value: object, argument: str = "phota_task_id") -> str:
    """Returns a PHOTA task ID that is fit to stand in a URL.

    Args:
        value: the ID, or the dict of a finished task, which has it.
        argument: what the user calls it.

    Raises:
        PhotaInputError: It is not a task ID.
    """
    if isinstance(value, Mapping) and "phota_task_id" in value:
        value = _id_in_result(value, argument)
    if not isinstance(value, str):
        raise PhotaInputError(
            argument, f"must be a PHOTA task ID (a string), got {shown(value)}.{hint_for(value)}"
        )
    if is_collection_repr(value):
        raise PhotaInputError(
            argument, f"is the text of a list or a dict, {shown(value)}. {RENDERED_TO_TEXT}"
        )
    if value == "None":
        raise PhotaInputError(
            argument, f"rendered to the text 'None': the template found no value. {RENDERED_TO_TEXT}"
        )
    if not TASK_ID.fullmatch(value):
        raise PhotaInputError(argument, f"is not a PHOTA task ID: {shown(value)}.")
    return value


def _id_in_result(result: Mapping[object, object], argument: str) -> object:
    phota_task_id = result["phota_task_id"]
    if phota_task_id is None and result.get("files"):
        raise PhotaInputError(
            argument,
            "is the result of an order whose pictures had landed before: nothing was submitted, so there is "
            "no PHOTA task to ask about. Its files are in the result.",
        )
    return phota_task_id
