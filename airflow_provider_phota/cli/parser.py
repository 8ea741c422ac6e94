"""Makes argparse's parser of the commands, for `python -m airflow_provider_phota`."""

from __future__ import annotations

import argparse
from typing import Any

from airflow_provider_phota.cli.commands import PHOTA, Command, Group
from airflow_provider_phota.cli.running import run_command

PROGRAM = "python -m airflow_provider_phota"


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of the whole command line."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=f"{PHOTA.help}.")
    _add_commands(parser, PHOTA)
    return parser


def _add_commands(parser: argparse.ArgumentParser, group: Group) -> None:
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for each in group.commands:
        _add_command(subparsers, each)


def _add_command(subparsers: Any, each: Command | Group) -> None:
    if isinstance(each, Group):
        _add_commands(subparsers.add_parser(each.name, help=each.help, description=each.help), each)
        return
    parser = subparsers.add_parser(each.name, help=each.help, description=f"{each.help} {each.details}")
    for argument in each.arguments:
        parser.add_argument(*argument.flags, help=argument.help, **argument.options)
    parser.set_defaults(func=lambda options: run_command(each, options))


def main(arguments: list[str] | None = None) -> int:
    """Runs a command, and returns its exit code."""
    options = make_parser().parse_args(arguments)
    code: int = options.func(options)
    return code
