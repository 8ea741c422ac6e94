"""Checks an operator's arguments when a DAG is parsed, before any template is rendered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown

_JINJA = re.compile(r"\{\{|\{%|\{#")


def has_template(text: str) -> bool:
    """True if Airflow would replace a part of the text when it renders it."""
    return bool(_JINJA.search(text))


def is_known(value: object) -> bool:
    """True if the value is final: neither a template nor another task's output."""
    if isinstance(value, str):
        return not has_template(value)
    if isinstance(value, Mapping):
        return all(map(is_known, value.values()))
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(is_known, value))
    if isinstance(value, PathLike) or hasattr(type(value), "joinpath"):
        return True
    # Airflow gives this method to what it resolves when the task runs: XComArg, DagParam, literal()
    return not hasattr(type(value), "resolve")


def check_not_templated(**arguments: object) -> None:
    """Refuses a template, or another task's output, for arguments that Airflow does not render.

    Raises:
        PhotaInputError: an argument is such a value.
    """
    for argument, value in arguments.items():
        if not is_known(value):
            what = shown(value) if isinstance(value, str) else f"a {type(value).__name__}"
            raise PhotaInputError(
                argument,
                "is not a templated field: give a plain value, not a template or another task's output, "
                f"got {what}.",
            )


def check_conn_id(value: object) -> None:
    """Refuses a value that cannot be the ID of an Airflow connection.

    Raises:
        PhotaInputError: it cannot be one. The text never shows a URI, which may hold the API key.
    """
    check_not_templated(phota_conn_id=value)
    if not isinstance(value, str) or not value.strip():
        raise PhotaInputError(
            "phota_conn_id", f"must be the ID of an Airflow connection, got {shown(value)}."
        )
    if "://" in value:
        raise PhotaInputError("phota_conn_id", "must be the ID of an Airflow connection, not a URI.")


def check_flags(**arguments: object) -> None:
    """Refuses a value that is not True or False.

    Raises:
        PhotaInputError: an argument is such a value.
    """
    check_not_templated(**arguments)
    for argument, value in arguments.items():
        if not isinstance(value, bool):
            raise PhotaInputError(argument, f"must be True or False, got {shown(value)}.")
