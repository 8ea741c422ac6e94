"""The types of the operators' arguments name exactly what the operators and Airflow take."""

from __future__ import annotations

from inspect import signature

import pytest
from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_phota.operators.arguments import (
    AirflowArguments,
    BatchArguments,
    ImageArguments,
    OrderArguments,
    PayingArguments,
)
from airflow_provider_phota.operators.base import PhotaOperator
from airflow_provider_phota.operators.batch import PhotaBatchOperator
from airflow_provider_phota.operators.images import PhotaImageOperator
from airflow_provider_phota.operators.paying import PayingOperator


def arguments_of(operator: type[BaseOperator]) -> set[str]:
    return set(signature(operator.__init__).parameters) - {"self", "kwargs"}


def test_airflows_own_arguments_are_all_typed():
    assert arguments_of(BaseOperator) <= AirflowArguments.__annotations__.keys()


@pytest.mark.parametrize(
    ("operator", "types", "inherited"),
    [
        (PayingOperator, PayingArguments, AirflowArguments),
        (PhotaOperator, OrderArguments, PayingArguments),
        (PhotaImageOperator, ImageArguments, OrderArguments),
        (PhotaBatchOperator, BatchArguments, PayingArguments),
    ],
)
def test_our_own_arguments_are_all_typed(operator, types, inherited):
    own = types.__annotations__.keys() - inherited.__annotations__.keys()
    assert own == arguments_of(operator) - {"skip_existing"}  # each model has a name of its own for it
