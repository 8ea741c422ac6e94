"""Policies: what a user can ask for where only another payment can bring a result."""

import pytest

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.policy import Policy, checked_policy


def test_only_where_there_can_be_a_proof_a_policy_may_be_to_settle() -> None:
    assert checked_policy("on_missing", "resubmit") is Policy.RESUBMIT
    assert checked_policy("on_ambiguous", "settle", may_settle=True) is Policy.SETTLE
    with pytest.raises(PhotaInputError, match="on_missing: must be 'fail' or 'resubmit', got 'settle'"):
        checked_policy("on_missing", "settle")
