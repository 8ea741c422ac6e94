"""Defines the commands and their arguments, once for both entry points and for the documentation.

It imports nothing but the standard library, since Airflow reads it whenever its command line starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_phota.cli.values import path


@dataclass(frozen=True)
class Argument:
    """Is one argument of a command.

    Attributes:
        flags: its spellings; one without dashes if it goes by its position.
        help: what it means.
        options: further arguments of argparse's `add_argument`.
    """

    flags: tuple[str, ...]
    help: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    """Is one command.

    Attributes:
        help: one sentence.
        run: the function that runs it, as `module:function` below this package.
        details: what else a user wants to know.
    """

    name: str
    help: str
    run: str
    arguments: tuple[Argument, ...] = ()
    details: str = ""


@dataclass(frozen=True)
class Group:
    """Is a command with commands of its own."""

    name: str
    help: str
    commands: tuple[Command | Group, ...]


def argument(*flags: str, help: str, **options: Any) -> Argument:  # noqa: A002  # argparse's own word
    return Argument(flags, help, options)


_CONNECTION = argument(
    "--conn-id", help="the Airflow connection (default: phota_default)", default="phota_default"
)
_JSON = argument("--json", help="print JSON", action="store_true")
_COMMON = (_CONNECTION, _JSON)

_PRICES = Command(
    "prices",
    "Show what each model costs the group of the account.",
    "prices:prices",
    _COMMON,
    details="Free. The group is the connection's extra `user_group`.",
)
_DOCTOR = Command(
    "doctor",
    "Check what an order needs: connection, key, balance, prices, clock, storage and ledger.",
    "doctor.doctor:doctor",
    (
        argument(
            "--path",
            help="another directory to check, such as a DAG's destination; may be repeated",
            action="append",
            type=path,
            default=[],
            metavar="URL",
        ),
        *_COMMON,
    ),
    details=(
        "Free. A line for each check: `ok`, `warning` or `failed`, and what to do. In each directory "
        "it creates, reads, lists and removes a tiny object."
    ),
)

PHOTA = Group(
    "phota",
    "See what PHOTA costs, what was paid, and bring results home",
    (_DOCTOR, _PRICES),
)


def all_commands(group: Group = PHOTA, *before: str) -> Iterator[tuple[str, Command]]:
    """Yields each command and its name, such as `ledger list`."""
    for each in group.commands:
        words = (*before, each.name)
        if isinstance(each, Group):
            yield from all_commands(each, *words)
        else:
            yield " ".join(words), each
