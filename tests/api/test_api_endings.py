"""The error of a wait has a first line that a log view shows whole, and below it what can be done."""

import pytest
from scripted import TASK_ID

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.errors import PhotaConfigurationError, PhotaNotFound, PhotaUnreachable

AWAY = PhotaUnreachable("The PHOTA service gave no usable answer: HTTP 503: down.")
ENDINGS = [
    endings.timed_out(TASK_ID, "after waiting 72000 s."),
    endings.timed_out(TASK_ID, "at its deadline.\nThe wait took 72000 s here.", str(AWAY)),
    endings.lost_sight(TASK_ID, 72000.0, AWAY),
    endings.refused(TASK_ID, PhotaConfigurationError("There is no Airflow connection 'phota_default'.")),
    endings.unreachable_over_tls(TASK_ID, 300.0, PhotaConfigurationError("The certificate is not trusted.")),
    endings.unknown(TASK_ID, PhotaNotFound("No such task.", 404)),
    endings.results_missing(TASK_ID, 72000.0),
    endings.PhotaExecutionTimeout(endings.out_of_time(TASK_ID, 72000.0), TASK_ID),
]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: type(ending).__name__)
def test_each_says_what_happened_in_a_short_first_line_and_then_what_is_paid(ending: Exception) -> None:
    first, *rest = str(ending).splitlines()
    assert len(first) < 100
    assert TASK_ID in first
    assert all(0 < len(line) <= 110 for line in rest)
    assert "billed" in str(ending)
    assert len(rest) in (1, 2, 3, 4)


def test_empty_parts_are_no_lines() -> None:
    assert endings.lines("a", "", "b") == "a\nb"
