"""Runs a command, and turns its errors into messages and exit codes."""

from __future__ import annotations

import logging
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from typing import IO

from airflow_provider_phota.api.errors import (
    PhotaError,
    PhotaInputError,
    PhotaSubmitAmbiguous,
    PhotaTaskError,
    PhotaTaskUnknown,
)
from airflow_provider_phota.cli.commands import Command
from airflow_provider_phota.cli.output import Exit, Report, show
from airflow_provider_phota.compat import read_connections_like_a_server

#: The first class that fits decides.
_CODES: tuple[tuple[type[PhotaError], Exit], ...] = (
    (PhotaInputError, Exit.BAD_INPUT),
    (PhotaSubmitAmbiguous, Exit.MAYBE_PAID),
    (PhotaTaskUnknown, Exit.FAILED),
    (PhotaTaskError, Exit.PAID),
    (PhotaError, Exit.FAILED),
)


def run_command(command: Command, options: Namespace) -> int:
    """Runs a command, shows what it found, and returns its exit code."""
    read_connections_like_a_server()
    with _nothing_else_on(sys.stdout) as out:
        report = _report(command, options)
        show(report, out, as_json=options.json)
    return int(report.code)


def _report(command: Command, options: Namespace) -> Report:
    try:
        report: Report = function_of(command)(options)
    except PhotaError as error:
        return error_report(error)
    except KeyboardInterrupt:
        return Report({"error": "Interrupted."}, ["Interrupted."], Exit.INTERRUPTED, is_error=True)
    return report


def error_report(error: PhotaError) -> Report:
    """Returns what is shown of an error; the text of this package's errors never holds a secret."""
    code = next(code for kind, code in _CODES if isinstance(error, kind))
    return Report({"error": str(error), "money": error.money.value}, [str(error)], code, is_error=True)


def function_of(command: Command) -> Callable[[Namespace], Report]:
    """Returns the function of a command."""
    module, _, name = command.run.partition(":")
    function: Callable[[Namespace], Report] = getattr(import_module(f"{__package__}.{module}"), name)
    return function


@contextmanager
def _nothing_else_on(out: IO[str]) -> Iterator[IO[str]]:
    """Keeps what is logged from the output, and leaves out what is only said for a log."""
    for handler in logging.root.handlers:
        # Airflow 2's handlers go by sys.stdout, and have no stream of their own
        if isinstance(handler, logging.StreamHandler) and vars(handler).get("stream") is out:
            handler.setStream(sys.stderr)
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        with redirect_stdout(sys.stderr):
            yield out
    finally:
        logging.disable(before)
