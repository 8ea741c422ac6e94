"""Checks the arguments of a review when a DAG is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import Enum
from importlib.metadata import version
from typing import Any

from airflow.providers.common.compat.sdk import AirflowOptionalProviderFeatureException

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.compat import HAS_HUMANS
from airflow_provider_phota.reviews.decisions import APPROVE, NONE, REJECT, Choice

#: Arguments of Airflow's own operator for questions, and what this one has instead.
_OF_AIRFLOW = {
    "options": "they follow from the pictures: use choose",
    "multiple": "use choose='pick_many'",
    "defaults": "use default",
    "response_timeout": "use timeout",
    "body": "it is written for you, from the pictures: use subject",
}
#: The longest time a person can have. Later dates than some can be neither computed nor stored.
_LONGEST = timedelta(days=3650)
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


def check_not_airflows(arguments: Iterable[str]) -> None:
    """Refuses what Airflow's own operator for questions takes, and this one does not.

    Raises:
        PhotaInputError: It says what to use instead.
    """
    for argument in arguments:
        if argument in _OF_AIRFLOW:
            raise PhotaInputError(argument, f"is not an argument of a review; {_OF_AIRFLOW[argument]}.")


def checked_timeout(timeout: object, default: object) -> timedelta | None:
    """Returns how long a person has.

    Raises:
        PhotaInputError: It is not a time, or too long, or there is a default without one.
    """
    if timeout is None:
        if default is not None:
            raise PhotaInputError("default", "needs a timeout: it holds if nobody answers in time.")
        return None
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise PhotaInputError("timeout", f"must be seconds or a timedelta, got {shown(timeout)}.")
    if not 0 < seconds <= _LONGEST.total_seconds():  # not a number is neither
        raise PhotaInputError(
            "timeout", f"must be more than 0 seconds and at most {_LONGEST.days} days, got {shown(timeout)}."
        )
    return timedelta(seconds=seconds)


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
        PhotaInputError: One of them has no ID or no name, or there are none.
    """
    if users is None:
        return
    each_user = users if isinstance(users, list | tuple) else [users]
    if not each_user:
        raise PhotaInputError(
            "assigned_users",
            "is empty, and Airflow would let everybody answer. Leave it out if that is what you want.",
        )
    for user in each_user:
        if not (isinstance(user, Mapping) and all(_is_name(user.get(key)) for key in ("id", "name"))):
            raise PhotaInputError(
                "assigned_users",
                f"must be dicts with 'id' and 'name', both strings that are not empty, got {shown(user)}.",
            )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def checked_notifiers(notifiers: Any) -> list[Any]:
    """Returns what is called when the question is put.

    Raises:
        PhotaInputError: One of them cannot be called.
    """
    if notifiers is None:
        return []
    each_notifier = list(notifiers) if isinstance(notifiers, list | tuple) else [notifiers]
    for notifier in each_notifier:
        if not callable(notifier) or isinstance(notifier, type):
            raise PhotaInputError("notifiers", f"must be Airflow's notifiers, got {shown(notifier)}.")
    return each_notifier
