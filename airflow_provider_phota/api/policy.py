"""Defines what a user can ask for where only another payment can bring a result."""

from __future__ import annotations

from enum import Enum

from airflow_provider_phota.api.choices import checked_choice


class Policy(Enum):
    """Says what to do if only a new payment can bring a result."""

    FAIL = "fail"
    RESUBMIT = "resubmit"
    #: resubmit if it is proven that nothing was billed
    SETTLE = "settle"


class _FailOrResubmit(Enum):
    FAIL = "fail"
    RESUBMIT = "resubmit"


def checked_policy(argument: str, value: object, *, may_settle: bool = False) -> Policy:
    """Returns the policy that a word names.

    Args:
        argument: name of the user's argument.
        value: what the user gave.
        may_settle: True if there can be a proof.

    Raises:
        PhotaInputError: The value is not one of the words; the text lists them all.
    """
    return Policy(checked_choice(Policy if may_settle else _FailOrResubmit, argument, value).value)
