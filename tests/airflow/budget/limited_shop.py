"""An emulator, a connection with a budget, and an operator that spends it; for tests that run attempts by hand."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal

from airflow_runs import TaskInstance

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.errors import PhotaBudgetUnusable
from airflow_provider_phota.budget.options import BudgetOptions
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.operators.phota import PhotaImageGenerateOperator

PRICE = Decimal("0.03")


class Shop:
    """An emulator, a connection with a budget, and an operator that spends it."""

    def __init__(self, emulator, monkeypatch, folder):
        self.emulator, self._monkeypatch = emulator, monkeypatch
        self.ledger, self.path = folder / "ledger", folder / "budget"
        self.ledger.mkdir()
        self.connect(budget="0.10 USD / total")

    def connect(self, **extra):
        extra = {"budget_path": f"file://{self.path}", "ledger_path": f"file://{self.ledger}", **extra}
        fields = {
            "conn_type": "phota",
            "password": self.emulator.key,
            "host": self.emulator.url,
            "extra": extra,
        }
        self._monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(fields))

    def order(self, item="a", *, context=None, **arguments):
        operator = PhotaImageGenerateOperator(
            task_id="edit", **{"prompt": f"a beach {item}", "poll_interval": 0.05, **arguments}
        )
        ti = TaskInstance()
        ti.task_id = f"edit-{item}"
        context = {"ti": ti, **(context or {})}
        return operator.execute(context), context

    def purse(self, **options):
        options = BudgetOptions(
            **{
                "budget": None,
                "on_budget": "fail",
                "budget_warning": 0.8,
                "on_budget_warning": None,
                **options,
            }
        )
        return options.purse({"ti": TaskInstance()}, PhotaHook())

    def state(self, **options):
        *_, (_, _, state) = self.purse(**options).states(time.time())
        return state

    @property
    def billed(self):
        return sum(Decimal(entry.credits) / 100 for entry in self.emulator.ledger())


class Killed(BaseException):
    """What ends a process between two lines."""


def die(*_args, **_more):
    raise Killed


def after(act):
    def then_die(*arguments):
        act(*arguments)
        raise Killed

    return then_die


def unusable(*_args, **_more):
    raise PhotaBudgetUnusable("away")


def cost(usd):
    return Cost(usd)


def fires(trigger, within):
    async def first():
        return (await anext(trigger.run())).payload

    async def wait():
        try:
            return await asyncio.wait_for(first(), within)
        except TimeoutError:
            return None

    return asyncio.run(wait())
