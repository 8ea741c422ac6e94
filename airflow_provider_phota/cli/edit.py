"""Edits one picture from the terminal: the quickest try of a prompt."""

from __future__ import annotations

import sys
from argparse import Namespace

from rich.prompt import Confirm

from airflow_provider_phota.api.costs import final_cost
from airflow_provider_phota.api.endings import goes_on, lines
from airflow_provider_phota.api.errors import Money, PhotaError, PhotaInputError, PhotaTaskFailed
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.cli.accounts import hook_of
from airflow_provider_phota.cli.homecoming import bring_home, how_to_land, landing_at
from airflow_provider_phota.cli.land import landed_report
from airflow_provider_phota.cli.output import Exit, Report, console, say
from airflow_provider_phota.cli.purchase import interrupts_held_back, pay
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.hooks.price_lists import quote
from airflow_provider_phota.inputs.prepared import PreparedOrder
from airflow_provider_phota.inputs.publisher import Publisher
from airflow_provider_phota.results.prechecks import check_can_land
from airflow_provider_phota.submitting.submission import PaidTask

_NOT_SENT = "Nothing was sent."


def edit(options: Namespace) -> Report:
    """Pays for one edit, waits for it, and lands its pictures.

    Raises:
        PhotaInputError: An argument is wrong; nothing was sent.
        PhotaError: It says what is paid.
    """
    hook = hook_of(options)
    order, landing = _order(options, hook), landing_at(options.to)
    prepared = PreparedOrder.of(order, Publisher(hook))
    check_can_land(landing)
    if not _is_agreed(_price(order, hook), options):
        return Report({"error": _NOT_SENT}, [_NOT_SENT], Exit.FAILED, is_error=True)
    published = prepared.publish()
    with interrupts_held_back() as held:
        paid = pay(prepared, published)
        say(f"PHOTA task {paid.phota_task_id} is paid for.")
    try:
        if held.came:
            raise KeyboardInterrupt
        task, files = bring_home(hook, paid.phota_task_id, landing, options.timeout, paid.seen)
        paid.charge.end(final_cost(paid.cost, task))
    except PhotaError as error:
        return _not_home(paid, options, error)
    except KeyboardInterrupt:
        return _not_home(paid, options)
    return landed_report(files, task, paid.cost)


def _not_home(paid: PaidTask, options: Namespace, error: PhotaError | None = None) -> Report:
    """Returns what is paid, and what to do; it ended by Ctrl-C if there is no error."""
    can_land = not isinstance(error, PhotaTaskFailed)
    how = how_to_land(paid.phota_task_id, options.conn_id, options.to) if can_land else ""
    text = lines(str(error) if error else goes_on(paid.phota_task_id), how)
    data = {"error": text, "money": Money.BILLED.value, "phota_task_id": paid.phota_task_id}
    return Report(data, [text], Exit.PAID if error else Exit.INTERRUPTED, is_error=True)


def _price(order: EditOrder, hook: PhotaHook) -> str:
    cost = quote(hook, order).expected
    pictures = f"{order.num_outputs} pictures" if order.num_outputs > 1 else "One picture"
    return f"{pictures} at {order.resolution} cost{'' if order.num_outputs > 1 else 's'} {cost}."


def _is_agreed(price: str, options: Namespace) -> bool:
    """Says what an order costs, and returns True if it is to be paid.

    Raises:
        PhotaInputError: There is nobody to ask.
    """
    if options.yes:
        say(price)
        return True
    if not sys.stdin.isatty():
        raise PhotaInputError("--yes", f"is needed where nobody can be asked. {price}")
    return Confirm.ask(f"{price} Pay for it?", console=console(sys.stderr), default=False)


def _order(options: Namespace, hook: PhotaHook) -> EditOrder:
    return EditOrder.checked(
        prompt=options.prompt,
        image_urls=options.picture,
        num_outputs=options.num_outputs,
        resolution=options.resolution,
        profile_ids=options.profile_id or None,
        local_inputs=hook.settings.is_loopback,
        stored_inputs=True,
    )
