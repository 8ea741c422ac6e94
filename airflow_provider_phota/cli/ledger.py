"""Shows what is on record, and how it stands."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from rich.console import RenderableType

from airflow_provider_phota.cli.accounts import hook_of
from airflow_provider_phota.cli.ends import Answers, ask_about_all
from airflow_provider_phota.cli.output import Exit, Report, table, usd_text
from airflow_provider_phota.cli.payments import Owner, Payment
from airflow_provider_phota.cli.sources import Known, read_payments
from airflow_provider_phota.cli.standing import (
    CALLS_FOR_ACTION,
    Stand,
    Standing,
    by_answer,
    by_record,
    is_past,
)

_WHAT_TO_DO = {
    Standing.AMBIGUOUS: "ambiguous: look for its task in the vendor's console; `adopt` records it",
    Standing.REFUSED: "refused: change the prompt or the pictures",
    Standing.UNKNOWN: "not known to the service: is the task of another connection?",
    Standing.EXPIRING: "expiring soon: clear its Airflow task, or `land` it",
}


def list_payments(options: Namespace) -> Report:
    """Returns the payments that a person may have to do something about, or all of them."""
    stands, known = _stands(options, lambda _: True)
    if not options.all:
        stands = [each for each in stands if each.standing in CALLS_FOR_ACTION]
    return _report(stands, known)


def show_payments(options: Namespace) -> Report:
    """Returns all payments of one task instance."""
    stands, known = _stands(options, partial(_is_meant, options))
    return _report(stands, known)


def _is_meant(options: Namespace, payment: Payment) -> bool:
    owner = payment.owner
    meant = Owner(options.dag_id, options.run_id, options.task_id)
    is_instance = (owner.dag_id, owner.run_id, owner.task_id) == (meant.dag_id, meant.run_id, meant.task_id)
    return is_instance and (options.map_index < 0 or owner.item == f"[{options.map_index}]")


def _stands(options: Namespace, is_meant: Callable[[Payment], bool]) -> tuple[list[Stand], Known]:
    hook = hook_of(options)
    known = read_payments(options, hook.settings.ledger_path)
    now = datetime.now(UTC)
    payments = [each for each in known.payments if is_meant(each)]
    ids = [each.phota_task_id for each in payments if each.phota_task_id and _is_worth_asking(each, now)]
    answers = Answers({}) if options.offline else ask_about_all(hook.settings, ids)
    if answers.problem:
        known.problems.append(answers.problem)
    return [_stand(each, answers, now) for each in payments], known


def _is_worth_asking(payment: Payment, now: datetime) -> bool:
    return not (payment.is_final or is_past(payment, now))


def _stand(payment: Payment, answers: Answers, now: datetime) -> Stand:
    phota_task_id = payment.phota_task_id
    if phota_task_id and phota_task_id in answers.tasks:
        return by_answer(payment, answers.tasks[phota_task_id], now)
    return by_record(payment, now)


def _report(stands: list[Stand], known: Known) -> Report:
    rows = [_row(each) for each in stands]
    columns = ("state", "order", "sent", "PHOTA task", "model", ">USD", "expires")
    found = {each.standing for each in stands}
    shown: list[RenderableType] = [table(columns, rows)] if rows else ["Nothing that calls for action."]
    shown += [text for standing, text in _WHAT_TO_DO.items() if standing in found]
    shown += known.remarks
    data = {
        "payments": [_data(each) for each in stands],
        "sources": known.sources,
        "problems": known.problems,
    }
    return Report(data, shown, Exit.FAILED if known.problems else Exit.DONE)


def _row(stand: Stand) -> tuple[object, ...]:
    paid = stand.payment
    expires = f"{stand.expires:%Y-%m-%d %H:%M} UTC" if stand.expires else ""
    return (
        stand.standing.value,
        paid.owner,
        f"{paid.sent:%Y-%m-%d %H:%M:%S}" if paid.sent else "",
        paid.phota_task_id,
        paid.model,
        usd_text(paid.cost.usd),
        expires,
    )


def _data(stand: Stand) -> dict[str, object]:
    return {
        **stand.payment.to_dict(),
        "state": stand.standing.value,
        "expires_at": stand.expires.isoformat() if stand.expires else None,
    }
