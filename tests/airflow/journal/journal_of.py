"""Opens journals and pays for items, for the tests of the writer."""

from __future__ import annotations

import time
from uuid import uuid4

from airflow_provider_phota.journal.events import Ended, Intent, Paid
from airflow_provider_phota.journal.leases import BatchOwner, Try
from airflow_provider_phota.journal.patience import Patience
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.journal.writer import Journal

OWNER = BatchOwner("dag", "run", "edit")


def open_journal(folder, try_number=1, *, gathering=0.01, seconds=30.0, longest_call=30.0):
    patience = Patience(seconds, first_pause=0.05, longest_pause=0.2, longest_call=longest_call)
    return Journal.open(folder, OWNER, Try(try_number, 0), "plan", gathering=gathering, patience=patience)


def intent_of(item, generation=1, seconds=60.0):
    return Intent(item, generation, uuid4().hex, time.time(), seconds, f"fp-{item}")


def in_a_minute():
    return time.monotonic() + 60.0


async def pay(journal, item):
    intent = intent_of(item)
    await journal.intend(intent, in_a_minute())
    await journal.append(paid_for(intent))
    return intent


def paid_for(intent):
    return Paid(intent.item, intent.generation, intent.token, f"task-{intent.item}", time.time(), 4.0)


def landed(item, number=1):
    row = Row(number, f"key-{item}", Status.LANDED, phota_task_id=f"task-{item}")
    return Ended(item, 1, row)
