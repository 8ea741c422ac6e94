"""Defines the commands and their arguments, once for both entry points and for the documentation.

It imports nothing but the standard library, since Airflow reads it whenever its command line starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_phota.cli.values import date, path, picture, seconds


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


#: What payments are added up by.
GROUPS = ("dag", "day", "model")

_CONNECTION = argument(
    "--conn-id", help="the Airflow connection (default: phota_default)", default="phota_default"
)
_JSON = argument("--json", help="print JSON", action="store_true")
_COMMON = (_CONNECTION, _JSON)

_INIT = Command(
    "init",
    "Write a first DAG, its test, a connection and a picture into a project.",
    "init:init",
    (
        argument("folder", help="the project (default: here)", nargs="?", default=".", metavar="FOLDER"),
        _JSON,
    ),
    details="It replaces no file that is there, and says what to do next.",
)
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

_SOURCES = (
    argument(
        "--ledger", help="the directory of a ledger (default: the connection's)", type=path, metavar="URL"
    ),
    argument(
        "--journal",
        help="the journal of a batch, a folder of journals, or the destination of a batch; may be repeated",
        action="append",
        type=path,
        default=[],
        metavar="URL",
    ),
)
_OFFLINE = argument("--offline", help="do not ask the service how tasks have ended", action="store_true")
_SPEND = Command(
    "spend",
    "Show what was spent.",
    "spend:spend",
    (
        argument("--by", help="group by dag, day or model (default: dag)", choices=GROUPS, default="dag"),
        argument("--since", help="leave out what was sent before", type=date, metavar="DATE"),
        *_SOURCES,
        _OFFLINE,
        *_COMMON,
    ),
    details=(
        "Free. It adds up what is on record in the ledger, in the journals of batches and, on Airflow 3.3 "
        "and later, in the task state store: each PHOTA task once. Where they do not know how a task has "
        "ended, the service is asked: a failed task costs nothing if its credits were given back. Orders "
        "that may have been billed are shown apart. Days are those of UTC."
    ),
)

_INSTANCE = (
    argument("dag_id", help="the DAG", metavar="DAG"),
    argument("run_id", help="the ID of the DAG run", metavar="RUN"),
    argument("task_id", help="the Airflow task", metavar="TASK"),
    argument(
        "map_index", help="the map index of a mapped task", nargs="?", type=int, default=-1, metavar="MAP"
    ),
)
_LIST = Command(
    "list",
    "List what was paid and calls for action: ambiguous, open, not landed, expiring soon.",
    "ledger:list_payments",
    (
        argument("--all", help="list everything that is on record", action="store_true"),
        *_SOURCES,
        _OFFLINE,
        *_COMMON,
    ),
    details="Free. The service is asked about each PHOTA task whose results may still live (24 hours).",
)
_SHOW = Command(
    "show",
    "Show everything that one Airflow task has paid for.",
    "ledger:show_payments",
    (*_INSTANCE, *_SOURCES, _OFFLINE, *_COMMON),
    details="Free.",
)
_ADOPT = Command(
    "adopt",
    "Record a PHOTA task that you have found for an order that may have been billed.",
    "adopt:adopt",
    (
        *_INSTANCE,
        argument("phota_task_id", help="the ID of the PHOTA task", metavar="PHOTA_ID"),
        argument(
            "--ledger",
            help="the directory of the ledger (default: the connection's)",
            type=path,
            metavar="URL",
        ),
        argument("--key", help="the ledger_key of the item of a mapped task"),
        argument("--iteration", help="the iteration of a loop of Airflow 3.4", type=int),
        argument("--fingerprint", help="which order is meant, if several may have been billed", default=""),
        *_COMMON,
    ),
    details=(
        "Free, and without a change of the DAG: the next attempt goes on with the task. First the service is "
        "asked if it knows the task. An item of a batch is adopted by the batch's argument `adopt`."
    ),
)

_SETTLE = Command(
    "settle",
    "Settle what is reserved in budgets, and show how they stand.",
    "settle:settle",
    (
        argument(
            "--give-back",
            help="a reservation that you know was not billed, as this command names it; may be repeated",
            action="append",
            default=[],
            metavar="RESERVATION",
        ),
        *_SOURCES,
        *_COMMON,
    ),
    details=(
        "Free. What attempts that are over have left reserved becomes what it has cost, by the ledger, the "
        "journals of batches and, on Airflow 3.3 and later, the task state store; and what failed tasks have "
        "given back can be spent again. What is not clear stays reserved. It needs Airflow's metadata "
        "database, since only that tells whether an Airflow task is over."
    ),
)

_TIMEOUT = argument(
    "--timeout", help="seconds to wait for the result, at most (default: 3600)", type=seconds, default=3600.0
)
_LAND = Command(
    "land",
    "Bring the pictures of a paid PHOTA task home.",
    "land:land_task",
    (
        argument("phota_task_id", help="the ID of the PHOTA task", metavar="PHOTA_ID"),
        argument(
            "destination", help="an object-storage directory, or a folder", metavar="DESTINATION", type=path
        ),
        _TIMEOUT,
        *_COMMON,
    ),
    details="Free. It waits for a task that is still running. A file that is there already stays.",
)
_EDIT = Command(
    "edit",
    "Edit one picture: the quickest try of a prompt.",
    "edit:edit",
    (
        argument(
            "picture",
            help="a file, an object-storage URL, or an http(s) URL that the service can read",
            type=picture,
            metavar="PICTURE",
        ),
        argument("prompt", help="what to change", metavar="PROMPT"),
        argument(
            "--to",
            help="where the pictures go: a folder or an object-storage directory (default: here)",
            type=path,
            default=".",
            metavar="DESTINATION",
        ),
        argument("--resolution", help="1K, or 4K at double the price (default: 1K)", default="1K"),
        argument("--num-outputs", help="how many pictures to make (default: 1)", type=int, default=1),
        argument(
            "--profile-id",
            help="a profile that keeps the likeness of a person; may be repeated",
            action="append",
            default=[],
        ),
        argument("--yes", help="do not ask before paying", action="store_true"),
        _TIMEOUT,
        *_COMMON,
    ),
    details=(
        "Billed. It says what it costs and asks, then submits, waits and lands. The ID is shown as soon as "
        "it is known. After Ctrl-C the PHOTA task goes on, and `land` brings it home. If the connection has "
        "a ledger_path, the order is recorded there."
    ),
)

PHOTA = Group(
    "phota",
    "See what PHOTA costs, what was paid, and bring results home",
    (
        _INIT,
        _DOCTOR,
        _PRICES,
        _SPEND,
        Group("ledger", "See what is on record, and how it stands", (_LIST, _SHOW)),
        _ADOPT,
        _SETTLE,
        _LAND,
        _EDIT,
    ),
)


def all_commands(group: Group = PHOTA, *before: str) -> Iterator[tuple[str, Command]]:
    """Yields each command and its name, such as `ledger list`."""
    for each in group.commands:
        words = (*before, each.name)
        if isinstance(each, Group):
            yield from all_commands(each, *words)
        else:
            yield " ".join(words), each
