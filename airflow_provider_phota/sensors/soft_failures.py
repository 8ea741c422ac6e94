"""Lets a sensor that would fail for good be skipped, if its author asks for that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException, BaseSensorOperator


@contextmanager
def skipping_soft_failures(sensor: BaseSensorOperator) -> Iterator[None]:
    """Skips instead of failing if the author asks for it, as the base class does around its own pokes."""
    try:
        yield
    except AirflowFailException as failure:
        if sensor.soft_fail or sensor.never_fail:
            raise AirflowSkipException(f"Skipping instead of failing: {failure}") from failure
        raise
