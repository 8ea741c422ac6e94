"""Settles what is reserved in budgets, as far as ledgers, journals and the service know what became of it."""

from __future__ import annotations

import time
from argparse import Namespace
from decimal import Decimal

from rich.console import RenderableType

from airflow_provider_phota.api.costs import final_cost
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.budget.state import BudgetState, still_running
from airflow_provider_phota.cli.accounts import hook_of
from airflow_provider_phota.cli.budget_logs import Book, books_in
from airflow_provider_phota.cli.ends import ask_about_all
from airflow_provider_phota.cli.output import Exit, Report, table, usd_text
from airflow_provider_phota.cli.sources import read_payments
from airflow_provider_phota.cli.verdicts import Settled, Verdicts
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.storage.paths import Place, checked_path


def settle(options: Namespace) -> Report:
    """Settles what can be settled, and returns how all budgets stand then.

    Raises:
        PhotaInputError: The connection has no budget_path.
        PhotaBudgetUnusable: A log cannot be read or written.
        PhotaLedgerError: Airflow's metadata database cannot be read.
    """
    hook = hook_of(options)
    if not hook.settings.budget_path:
        raise PhotaInputError("budget_path", f"is not set: connection {options.conn_id!r} has no budget.")
    known = read_payments(options, hook.settings.ledger_path)
    verdicts = Verdicts(known.owned, known.ledger, known.journals, is_whole=not known.problems)
    path = Place.of(checked_path("budget_path", hook.settings.budget_path))
    rows, kept = [], []
    for book in books_in(path):
        reserved = book.log.state().open
        book.log.settle({token: Decimal(0) for token in options.give_back if token in reserved})
        kept += [(book, *each) for each in _settle_open(book, verdicts, hook)]
        _end_running(book, verdicts, hook)
        rows.append((book, book.log.state()))
    return _report(rows, kept, known.remarks, Exit.FAILED if known.problems else Exit.DONE)


def _settle_open(book: Book, verdicts: Verdicts, hook: PhotaHook) -> list[tuple[str, Decimal, str]]:
    """Settles what is reserved, and returns what stays reserved, how much, and why."""
    state, rate = book.log.state(), hook.settings.credits_per_usd
    kept = []
    for verdict in verdicts.of(state.open, time.time()):
        if isinstance(verdict, Settled):
            amount, keep = verdict.amounts(book.unit, rate)
            book.log.settle({verdict.token: amount}, runs_from=verdict.runs_from, keep=keep)
        else:
            kept.append((verdict.token, state.open[verdict.token].amount, verdict.why))
    return kept


def _end_running(book: Book, verdicts: Verdicts, hook: PhotaHook) -> None:
    """Asks how tasks have ended whose end the log does not know. What they gave back can be spent again."""
    entries = {
        payment: entry
        for payment in still_running(book.log.state().running, time.time())
        if (entry := verdicts.paid(payment))
    }
    if not entries:
        return
    answers = ask_about_all(hook.settings, [each.phota_task_id or "" for each in entries.values()])
    for payment, entry in entries.items():
        task = answers.tasks.get(entry.phota_task_id or "")
        if task and task.is_finished:
            final, rate = final_cost(entry.cost, task), hook.settings.credits_per_usd
            book.log.end(payment, book.unit.given_back(entry.cost, final, rate))


def _report(
    rows: list[tuple[Book, BudgetState]],
    kept: list[tuple[Book, str, Decimal, str]],
    remarks: list[str],
    code: Exit,
) -> Report:
    shown: list[RenderableType] = [
        table(
            ("budget", "window", "unit", ">spent", ">reserved"),
            (
                (book.whose, book.window, book.unit.value, usd_text(state.spent), usd_text(state.reserved))
                for book, state in rows
            ),
        ),
        *(
            f"{amount.normalize():f} {book.unit.value} stay reserved: {why} ({token})."
            for book, token, amount, why in kept
        ),
        *remarks,
    ]
    data = {
        "budgets": [
            {
                "budget": book.whose,
                "window": book.window,
                "unit": book.unit.value,
                "spent": float(state.spent),
                "reserved": float(state.reserved),
            }
            for book, state in rows
        ],
        "kept": [
            {"reservation": token, "amount": float(amount), "unit": book.unit.value, "why": why}
            for book, token, amount, why in kept
        ],
    }
    if not rows:
        shown = ["Nothing was reserved or spent yet.", *remarks]
    return Report(data, shown, code)
