"""Gives the commands to Airflow's command line, by the key `cli` of the provider info."""

from __future__ import annotations

import sys
from argparse import Namespace
from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_phota.cli.commands import PHOTA, Command, Group

if TYPE_CHECKING:
    from airflow.cli.cli_config import CLICommand


def get_phota_commands() -> list[CLICommand]:
    """Returns the group `airflow phota`."""
    return [_airflow_command(PHOTA)]


def _airflow_command(each: Command | Group) -> CLICommand:
    from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand  # noqa: PLC0415  # Airflow has loaded it

    if isinstance(each, Group):
        return GroupCommand(each.name, each.help, [_airflow_command(command) for command in each.commands])
    arguments = [Arg(argument.flags, help=argument.help, **argument.options) for argument in each.arguments]
    return ActionCommand(
        each.name, each.help, partial(_run, each), arguments, description=f"{each.help} {each.details}"
    )


def _run(command: Command, options: Namespace) -> None:
    from airflow_provider_phota.cli.running import run_command  # noqa: PLC0415  # `airflow --help` stays quick

    # Airflow does not look at what a command returns
    sys.exit(run_command(command, options))
