"""Checks the arguments of a review when a DAG is parsed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from importlib.metadata import version

from airflow.providers.common.compat.sdk import AirflowOptionalProviderFeatureException

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.compat import HAS_HUMANS
from airflow_provider_phota.reviews.decisions import APPROVE, NONE, REJECT, Choice

_PICTURE = re.compile(r"Picture [1-9]\d*")


class OnRejected(Enum):
    """Says what becomes of a rejection."""

    SKIP = "skip"
    FAIL = "fail"


def check_can_ask(operator: str) -> None:
    """Refuses an Airflow that cannot ask people.

    Raises:
        AirflowOptionalProviderFeatureException: It says which version is needed.
    """
    if not HAS_HUMANS:
        raise AirflowOptionalProviderFeatureException(
            f"{operator} needs Airflow 3.1 or later, and this is Airflow {version('apache-airflow')}.\n"
            "It has no tasks that ask a person. Edits, landings and batches work without them."
        )


def checked_timeout(timeout: object, default: object) -> timedelta | None:
    """Returns how long a person has.

    Raises:
        PhotaInputError: It is not a time, or there is a default without one.
    """
    if timeout is None:
        if default is not None:
            raise PhotaInputError("default", "needs a timeout: it holds if nobody answers in time.")
        return None
    if isinstance(timeout, timedelta):
        limit = timeout
    elif isinstance(timeout, int | float) and not isinstance(timeout, bool):
        limit = timedelta(seconds=timeout)
    else:
        raise PhotaInputError("timeout", f"must be seconds or a timedelta, got {shown(timeout)}.")
    if limit <= timedelta(0):
        raise PhotaInputError("timeout", f"must be more than 0 seconds, got {shown(timeout)}.")
    return limit


def checked_default(choice: Choice, default: object) -> list[str] | None:
    """Returns the options that hold if nobody answers in time; None if there are none.

    Raises:
        PhotaInputError: They are not an answer to the question.
    """
    if default is None:
        return None
    words = (
        {"approve": APPROVE, "reject": REJECT, APPROVE: APPROVE, REJECT: REJECT}
        if choice is Choice.APPROVE
        else {"reject": NONE, NONE: NONE}
    )
    if isinstance(default, str) and default in words:
        return [words[default]]
    if choice is not Choice.APPROVE and isinstance(default, str) and _PICTURE.fullmatch(default):
        return [default]
    known = (
        "'approve' or 'reject'" if choice is Choice.APPROVE else "'reject' or an option such as 'Picture 1'"
    )
    raise PhotaInputError("default", f"must be {known} with choose={choice.value!r}, got {shown(default)}.")


def check_users(users: object) -> None:
    """Refuses users whom Airflow could not find.

    Raises:
        PhotaInputError: One of them has no ID or no name.
    """
    each_user = users if isinstance(users, list | tuple) else [] if users is None else [users]
    for user in each_user:
        if not (isinstance(user, Mapping) and all(isinstance(user.get(key), str) for key in ("id", "name"))):
            raise PhotaInputError(
                "assigned_users", f"must be dicts with 'id' and 'name', both strings, got {shown(user)}."
            )
