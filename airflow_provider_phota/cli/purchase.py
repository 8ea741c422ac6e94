"""Pays for one order in a terminal: it is on record before it is sent, and its ID cannot get lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaSubmitAmbiguous
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.budget.options import limits_of
from airflow_provider_phota.budget.owners import owner_name
from airflow_provider_phota.budget.purse import Purse
from airflow_provider_phota.cli.output import say
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.prepared import PreparedOrder
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.messages import what_to_do
from airflow_provider_phota.ledger.object_storage import ObjectStorageStore
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.storage.paths import Place, checked_path
from airflow_provider_phota.submitting.submission import PaidTask, Submission

#: What the ledger has in the place of a DAG.
DAG_ID = "(command line)"
_NO_ID = (
    "Look for it in the vendor's console. If it is there, `land` brings its pictures home, which is free.\n"
    "To run the command again pays once more."
)


def pay(prepared: PreparedOrder, published: Order) -> PaidTask:
    """Submits an order. Billed.

    Args:
        prepared: what is asked for.
        published: the same with files that the service can read.

    Raises:
        PhotaNotBilled: The service refused the order, or could not be reached.
        PhotaSubmitAmbiguous: A task may have been created and billed.
        PhotaLedgerError: The connection has a ledger that cannot be written; nothing was sent.
    """
    run_id = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}-{uuid4().hex[:8]}"
    name = InstanceName(DAG_ID, run_id, "edit", -1)
    submission = Submission(
        hook=prepared.hook,
        ledger=_ledger(prepared.hook, name),
        identity=prepared.identity,
        publish=lambda: published,
        order=prepared.order,
        purse=_purse(prepared.hook, name),
    )
    try:
        return submission.place()
    except PhotaSubmitAmbiguous as error:
        # what a DAG's author can do is of no use here
        text = str(error).removesuffix(what_to_do(submission.try_number)).rstrip()
        raise PhotaSubmitAmbiguous(f"{text}\n{_NO_ID}") from None


def _ledger(hook: PhotaHook, name: InstanceName) -> Ledger:
    """Returns the ledger of the connection, in which each such order is a run of its own."""
    path = hook.settings.ledger_path
    if not path:
        return Ledger([])
    return Ledger([ObjectStorageStore(checked_path("ledger_path", path), name, may_begin=True)])


def _purse(hook: PhotaHook, name: InstanceName) -> Purse:
    """Returns the budget of the connection, in which the order counts like any other."""
    path, rate = hook.settings.ledger_path, hook.settings.credits_per_usd
    owner = owner_name(name, Place.of(checked_path("ledger_path", path)) if path else None)
    return Purse(tuple(limits_of(hook)), owner=owner, run=name.run_id, credits_per_usd=rate)


@dataclass
class Held:
    """Says whether Ctrl-C came."""

    came: bool = False


@contextmanager
def interrupts_held_back() -> Iterator[Held]:
    """Lets Ctrl-C wait for the block's end: an answer that nobody reads has an ID that nobody knows."""
    held = Held()

    def note(_: int, __: FrameType | None) -> None:
        held.came = True
        say("The order is sent: its ID comes first, so that it is not lost.")

    before = signal.signal(signal.SIGINT, note)
    try:
        yield held
    finally:
        signal.signal(signal.SIGINT, before)
