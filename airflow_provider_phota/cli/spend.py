"""Shows what was spent, by what ledgers, journals and the service say."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce

from rich.console import RenderableType

from airflow_provider_phota.api.costs import final_cost
from airflow_provider_phota.cli.accounts import hook_of
from airflow_provider_phota.cli.ends import Answers, ask_about_all
from airflow_provider_phota.cli.output import Exit, Report, table, usd_text
from airflow_provider_phota.cli.payments import Payment
from airflow_provider_phota.cli.sources import Known, read_payments

_NOT_KNOWN = "(not known)"
#: How payments are grouped, by the word after `--by`.
GROUPINGS: Mapping[str, Callable[[Payment], str]] = {
    "dag": lambda payment: payment.owner.dag_id,
    "day": lambda payment: payment.sent.date().isoformat() if payment.sent else _NOT_KNOWN,
    "model": lambda payment: payment.model or _NOT_KNOWN,
}


@dataclass(frozen=True)
class Sum:
    """Adds up payments.

    Attributes:
        tasks: how many.
        usd: of those whose price is known.
        credits: of those of which the service has said it.
        unpriced: how many have no known price.
        estimated: how many may turn out to cost something else.
    """

    tasks: int = 0
    usd: Decimal = Decimal(0)
    credits: float = 0.0
    unpriced: int = 0
    estimated: int = 0

    def plus(self, payment: Payment) -> Sum:
        cost = payment.cost
        return Sum(
            self.tasks + 1,
            self.usd + (cost.usd or 0),
            self.credits + (cost.credits or 0),
            self.unpriced + (cost.usd is None),
            self.estimated + cost.is_estimate,
        )

    def to_dict(self) -> dict[str, float]:
        return {
            "tasks": self.tasks,
            "usd": float(self.usd),
            "credits": self.credits,
            "unpriced": self.unpriced,
            "estimated": self.estimated,
        }


def spend(options: Namespace) -> Report:
    """Returns what was spent, and apart from it what may have been."""
    hook = hook_of(options)
    known = read_payments(options, hook.settings.ledger_path)
    since = options.since.timestamp() if options.since else 0.0
    payments = [each for each in known.payments if each.sent_at >= since]
    open_ids = [each.phota_task_id for each in payments if each.phota_task_id and not each.is_final]
    answers = Answers({}) if options.offline else ask_about_all(hook.settings, open_ids)
    paid = [_in_the_end(each, answers) for each in payments if each.phota_task_id]
    doubtful = [each for each in payments if not each.phota_task_id]
    problems = [*known.problems, *([answers.problem] if answers.problem else [])]
    return _report(_sums(paid, options.by), paid, doubtful, replace(known, problems=problems), options.by)


def _in_the_end(payment: Payment, answers: Answers) -> Payment:
    task = answers.tasks.get(payment.phota_task_id or "")
    if task is None:
        return payment
    return replace(payment, model=payment.model or task.model, cost=final_cost(payment.cost, task))


def _sums(payments: Iterable[Payment], by: str) -> dict[str, Sum]:
    sums: dict[str, Sum] = defaultdict(Sum)
    for each in payments:
        group = GROUPINGS[by](each)
        sums[group] = sums[group].plus(each)
    return dict(sorted(sums.items()))


def _report(
    sums: Mapping[str, Sum], paid: list[Payment], doubtful: list[Payment], known: Known, by: str
) -> Report:
    total = reduce(Sum.plus, paid, Sum())
    may_be = reduce(Sum.plus, doubtful, Sum())
    data = {
        "by": by,
        "groups": {name: each.to_dict() for name, each in sums.items()},
        "total": total.to_dict(),
        "ambiguous": {**may_be.to_dict(), "orders": [each.to_dict() for each in doubtful]},
        "sources": known.sources,
        "problems": known.problems,
    }
    rows = [_row(name, each) for name, each in (*sums.items(), ("total", total))]
    shown = [table((by, ">tasks", ">USD", ">credits", ""), rows), *_doubts(may_be, doubtful)]
    shown += known.remarks
    return Report(data, shown, Exit.FAILED if known.problems else Exit.DONE)


def _row(name: str, amount: Sum) -> tuple[object, ...]:
    remarks = [f"{amount.unpriced} without a known price" if amount.unpriced else ""]
    remarks += [f"{amount.estimated} estimated" if amount.estimated else ""]
    return name, amount.tasks, usd_text(amount.usd), f"{amount.credits:g}", ", ".join(filter(None, remarks))


def _doubts(may_be: Sum, doubtful: list[Payment]) -> list[RenderableType]:
    if not doubtful:
        return []
    rows = [(each.owner, each.sent, each.model, usd_text(each.cost.usd)) for each in doubtful]
    return [
        f"\nNot in these sums: {may_be.tasks} orders that may have been billed, {usd_text(may_be.usd)} USD.",
        table(("order", "sent", "model", ">USD"), rows),
        "Look for them in the vendor's console; `adopt` records a task that you find.",
    ]
