"""The commands are defined once: both parsers and the reference follow from that."""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from airflow_provider_phota.cli.commands import Group, all_commands
from airflow_provider_phota.cli.parser import make_parser
from airflow_provider_phota.cli.running import function_of
from airflow_provider_phota.cli.spend import GROUPINGS
from airflow_provider_phota.cli.values import date, path, seconds
from dev.cli_reference import PAGE, with_reference

COMMANDS = dict(all_commands())
every_command = pytest.mark.parametrize("name", COMMANDS)


@every_command
def test_each_command_has_a_function_and_prints_json_on_request(name):
    assert callable(function_of(COMMANDS[name]))
    assert "--json" in {flag for argument in COMMANDS[name].arguments for flag in argument.flags}


@every_command
def test_each_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as end:
        make_parser().parse_args([*name.split(), "--help"])
    assert end.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert COMMANDS[name].help in shown
    assert COMMANDS[name].help.endswith(".")


def test_a_call_without_a_command_is_refused(capsys):
    with pytest.raises(SystemExit) as end:
        make_parser().parse_args([])
    assert end.value.code == 2


def test_the_reference_is_current():
    assert with_reference(PAGE.read_text()) == PAGE.read_text(), "run: .venv/bin/python -m dev.cli_reference"


def test_what_payments_are_grouped_by_is_what_the_argument_takes():
    (by,) = (each for each in COMMANDS["spend"].arguments if each.flags == ("--by",))
    assert by.options["choices"] == tuple(GROUPINGS)


def test_reading_the_definition_loads_nothing_else(tmp_path):
    """Airflow reads it whenever its own command line starts."""
    code = (
        "import sys, airflow_provider_phota.provider_info, airflow_provider_phota.cli.airflow_commands; "
        "print(sorted({'airflow', 'rich', 'requests', 'aiohttp', 'PIL', 'fsspec'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]"


def test_no_name_is_given_twice():
    def names(group: Group) -> list[str]:
        return [each.name for each in group.commands]

    from airflow_provider_phota.cli.commands import PHOTA

    assert len(names(PHOTA)) == len(set(names(PHOTA)))


# values -----------------------------------------------------------------------------------------------------


def test_a_date_is_meant_in_utc():
    assert date("2026-11-01") == datetime(2026, 11, 1, tzinfo=UTC)
    assert date("2026-11-01T02:00:00+02:00") == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01"])
def test_what_is_not_a_date_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a date"):
        date(text)


def test_a_path_of_this_machine_becomes_a_url(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert path("s3://bucket/key") == "s3://bucket/key"
    assert path("edits") == f"file://{tmp_path}/edits"
    assert path("/data/a b%c") == "file:///data/a b%c"


def test_an_empty_path_is_refused():
    with pytest.raises(argparse.ArgumentTypeError):
        path(" ")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon", "1e9"])
def test_what_is_not_a_time_span_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        seconds(text)
