"""PhotaRetryPolicy below Airflow 3.3, which has no retry policies: importing it says so."""

from __future__ import annotations

import importlib

import pytest


def test_importing_it_says_what_it_takes_and_what_to_do():
    with pytest.raises(
        ImportError, match=r"PhotaRetryPolicy needs Airflow 3\.3 or later.*Leave retry_policy out"
    ):
        importlib.import_module("airflow_provider_phota.retry_policy")
