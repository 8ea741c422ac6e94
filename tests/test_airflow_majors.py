"""What the development stack knows of Airflow 2 and 3, whichever is installed; and the fault matrix in each."""

from __future__ import annotations

import pytest

from dev.airflow_2 import Airflow2
from dev.airflow_3 import Airflow3, Airflow34
from dev.airflow_components import commands_of
from dev.airflow_major import AIRFLOW, of_version
from tests.chaos.cases import HELD, STATELESS, Case, End
from tests.chaos.matrix import GROUPS

CASES = [case for group in GROUPS.values() for case in group]


def test_an_airflow_2_log_is_read_line_by_line():
    content = str([("host", "first 'line'\nsecond"), ("other", "third")])
    assert [str(each) for each in Airflow2().messages(content)] == [
        "- - first 'line'",
        "- - second",
        "- - third",
    ]


def test_an_airflow_3_log_keeps_its_fields():
    entries = ["plain", {"timestamp": "12:00", "level": "info", "event": "Submitted", "edit": 1}]
    assert [str(each) for each in Airflow3().messages(entries)] == [
        "- - plain",
        '12:00 info Submitted {"edit": 1}',
    ]


@pytest.mark.parametrize(
    ("version", "major"),
    [
        ("2.11.2", Airflow2),
        ("3.0.6", Airflow3),
        ("3.3.2", Airflow3),
        ("3.4.0b2", Airflow34),
        ("3.4.0", Airflow34),
        ("3.10.0", Airflow34),
    ],
)
def test_an_airflow_is_known_by_its_version(version, major):
    assert type(of_version(version)) is major


@pytest.mark.parametrize("major", [Airflow2(), Airflow3(), Airflow34()], ids=["2", "3", "3.4"])
def test_the_web_server_and_what_has_a_heartbeat_are_components(major):
    assert {"api-server", "scheduler", "triggerer"} <= set(major.components)


def test_each_component_runs_once_under_its_own_name():
    assert set(commands_of({})) == set(AIRFLOW.components)


def test_components_that_run_twice_are_numbered_and_celery_tells_its_workers_apart():
    commands = commands_of({"triggerer": 2, "celery-worker": 2})
    assert "triggerer" not in commands
    assert commands["triggerer-1"] == commands["triggerer-2"] == AIRFLOW.components["triggerer"]
    assert [commands[f"celery-worker-{number}"][-1] for number in (1, 2)] == [
        "celery-worker-1",
        "celery-worker-2",
    ]


def test_a_component_that_this_airflow_does_not_have_is_refused():
    with pytest.raises(ValueError, match="not a component of this Airflow: triggrer"):
        commands_of({"triggrer": 2})


def test_with_task_state_each_case_is_run_as_it_stands():
    assert [case.in_an_airflow(with_task_state=True) for case in CASES] == CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.row} {case.title}")
def test_where_a_clear_discards_task_state_a_cleared_case_without_a_journal_may_be_held(case: Case):
    run = case.in_an_airflow(with_task_state=True, keeps_cleared_state=False)
    assert run is not None
    assert run.may_end("both") == case.may_end("both")
    if not case.clears:
        assert run == case
    elif End.HELD not in case.ends:
        assert run.may_end("state") == HELD


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.row} {case.title}")
def test_without_task_state_a_case_is_run_with_a_journal_alone(case: Case):
    run = case.in_an_airflow(with_task_state=False)
    if case.at == "between_stores":
        assert run is None
    else:
        assert run is not None
        assert set(run.ledgers) <= STATELESS
        alone = case.ends_with_journal_alone or case.may_end("both")
        assert run.may_end(run.ledgers[0]) == alone
