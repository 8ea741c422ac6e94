"""Holds what a user decided about the cases in which only a new payment would bring a result."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_phota.api.policy import Policy, checked_policy


@dataclass(frozen=True)
class Policies:
    """Says what to do where only a new payment would bring a result.

    Attributes:
        on_ambiguous: the answer to a submit was lost.
        on_missing: the service no longer knows the paid task.
        on_expired: the paid results are no longer served.
        on_discarded: Airflow has thrown the record of earlier attempts away.
    """

    on_ambiguous: Policy = Policy.FAIL
    on_missing: Policy = Policy.FAIL
    on_expired: Policy = Policy.FAIL
    on_discarded: Policy = Policy.FAIL

    @classmethod
    def checked(cls, **policies: str) -> Policies:
        """Reads what an author gave, by the names of the attributes.

        Raises:
            PhotaInputError: One is not a policy.
        """
        return cls(
            **{
                name: checked_policy(name, value, may_settle=name == "on_ambiguous")
                for name, value in policies.items()
            }
        )
