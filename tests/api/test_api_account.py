"""An account's balance in dollars."""

from __future__ import annotations

import pytest

from airflow_provider_phota.api.account import Usage


@pytest.mark.parametrize(("units", "dollars"), [(500_000, 1.0), (0, 0.0), (1_250_000, 2.5), (-500_000, -1.0)])
def test_500_000_units_are_a_dollar(units: float, dollars: float) -> None:
    assert Usage(available=units, used=0, unlimited=False).available_usd == dollars
