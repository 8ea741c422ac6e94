"""Words what a batch says when it ends or is ended.

Every text has a short first line, since that is all that Airflow's log view shows of an exception. Then it
says what the PHOTA tasks are doing, and what a retry does.
"""

from __future__ import annotations

from collections.abc import Mapping

import pendulum

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.tasks import RESULT_HOURS
from airflow_provider_phota.batch.tally import Tally
from airflow_provider_phota.journal.history import ItemState
from airflow_provider_phota.journal.rows import Status

_GOES_ON = "The next attempt goes on from the journal: it pays for nothing twice, and sends the rest."
NOTHING_PAID = "Nothing was paid for."
ALL_HOME = "What is paid for has landed, or its row says why not."
UNDER_WAY = (
    "PHOTA tasks that are under way go on and are billed. The next attempt lands them, which is free: "
    f"their results live {RESULT_HOURS} hours."
)

#: PHOTA tasks that a message names at most.
_NAMED = 20

_DOUBT = (
    "What is ambiguous may be paid for, and redo='failed' leaves it out.",
    "The rows of such items say how to settle them: by adopt, or by their keys in redo.",
)
_REDO = ("To pay for the failed items, set redo='failed' and clear this Airflow task.",)


def counts_text(counts: Mapping[str, int]) -> str:
    """Returns how many items ended how, such as "97 landed, 3 failed"."""
    return ", ".join(f"{number} {status}" for status, number in counts.items() if number) or "none has ended"


def stopped_text(reason: Exception, items: int, counts: Mapping[str, int], results: str, paid: str) -> str:
    """Returns the message of a batch that stopped before all its orders were sent.

    Args:
        reason: why it stopped.
        items: how many there are.
        counts: of the items, by the words of `Status`.
        results: where its results file is.
        paid: what the PHOTA tasks that are paid for are doing.
    """
    first, *more = str(reason).splitlines()
    return endings.lines(
        f"The batch stopped: {first}",
        *more,
        f"Of {items} items: {counts_text(counts)}. What became of each is in {results}.",
        paid,
        _GOES_ON,
    )


def failed_text(tally: Tally, counts: Mapping[str, int], results: str) -> str:
    """Returns the message of a batch of which more items have failed than may fail.

    Args:
        tally: of the items.
        counts: of the items, by the words of `Status`.
        results: where its results file is.
    """
    in_doubt = counts.get(Status.AMBIGUOUS.value, 0)
    what = "have failed or are ambiguous" if in_doubt else "have failed"
    return endings.lines(
        f"{tally.failures} of {tally.items} items {what}, and max_failures is {tally.max_failures}.",
        f"In all: {counts_text(counts)}. The reasons are in {results}.",
        _what_a_retry_does(tally, counts.get(Status.NOT_SENT.value, 0)),
        *(_DOUBT if in_doubt else ()),
        *(_REDO if tally.failures > in_doubt else ()),
        "To accept it, raise max_failures and clear this Airflow task; that pays for nothing twice.",
    )


def _what_a_retry_does(tally: Tally, not_sent: int) -> str:
    held_back = f" The {not_sent} that were not sent wait until fewer have failed." if not_sent else ""
    again = []
    if tally.can_retry:
        again.append(f"{tally.can_retry} of them are paid for: a retry tries to land them, for free.")
    if tally.to_send:
        again.append(f"{tally.to_send} of them could not be sent: a retry sends them, which is billed.")
    if again:
        return " ".join(again) + held_back
    return f"A retry cannot change that, so Airflow does not retry.{held_back}"


def stranded_text(tasks: Mapping[str, str], results: str) -> str:
    """Returns the message of a batch that has ended well, but for items that are not in it any more.

    Args:
        tasks: the PHOTA tasks that are paid for and have not landed, by the keys of their items.
        results: where the results file of the other items is.
    """
    named = ", ".join(f"{task} ({shown(key)})" for key, task in list(tasks.items())[:_NAMED])
    more = f" and {len(tasks) - _NAMED} more" if len(tasks) > _NAMED else ""
    return endings.lines(
        f"{len(tasks)} items have left the batch, are paid for, and have not landed.",
        f"Their PHOTA tasks are {named}{more}.",
        f"A retry tries to land them, for free: their results live {RESULT_HOURS} hours.",
        f"What became of the other items is in {results}.",
    )


def not_all_home_text(
    empty: Exception, counts: Mapping[str, int], stranded: Mapping[str, str], results: str
) -> str:
    """Returns the message of a batch without items, whose earlier attempts have paid for some.

    Args:
        empty: says that there are none.
        counts: of the items of the last attempt, by the words of `Status`.
        stranded: as in `stranded_text`, of items of attempts before that.
        results: where the results file is.
    """
    older = f"Items of older attempts that have not landed: {', '.join(map(shown, stranded))}."
    return endings.lines(
        "The batch has no items any more, and not all that is paid for has landed.",
        *str(empty).splitlines(),
        f"Of the last attempt's items: {counts_text(counts)}. What became of each is in {results}.",
        *((older,) if stranded else ()),
        f"A retry tries to land them, for free: their results live {RESULT_HOURS} hours. It sends nothing.",
    )


def killed_text(in_flight: int) -> str:
    """Returns what a batch says when its Airflow task is killed.

    Args:
        in_flight: how many orders are paid, or are being sent.
    """
    under_way = f"{in_flight} PHOTA tasks go on and are billed, since PHOTA cannot cancel them."
    return f"Airflow ends this batch. {under_way} {_GOES_ON}"


def held_text(key: str, state: ItemState) -> str:
    """Returns the error of an item whose last submit may have been paid for."""
    sent = state.sending
    when = pendulum.from_timestamp(sent.at).to_iso8601_string() if sent and sent.at else "an unknown time"
    return endings.lines(
        f"An order was sent at {when}, and no answer proves what became of it: it may have been billed.",
        *(sent.doubt.splitlines()[1:] if sent else ()),
        settle_text(key),
    )


def settle_text(key: str) -> str:
    """Returns what to do about an item whose submit may have been paid for."""
    return endings.lines(
        f'Look for it in the logs of this Airflow task ("Submitted PHOTA task ... for {key}"), and in the '
        "PHOTA console.",
        f"If it is there, set adopt={{{key!r}: <its ID>}} and clear this Airflow task; that pays nothing.",
        f"If it is not, set redo=[{key!r}] and clear it; that pays for the item.",
        "A retry alone changes nothing.",
    )


def not_home_text(phota_task_id: str) -> str:
    """Returns the error of an item that is paid for, and not landed yet."""
    return endings.lines(
        f"PHOTA task {phota_task_id} is paid for. The attempt ended before its pictures landed.",
        endings.MAY_GO_ON,
        "A retry, or clearing this Airflow task, lands them and pays nothing.",
    )


def hung_text(done: str, seconds: float) -> str:
    """Returns the error of an order whose pictures are in a store that hangs.

    Args:
        done: what would have been done with them.
        seconds: for which that was waited for.
    """
    return endings.lines(
        f"Pictures could not be {done}: a store gave no answer within {seconds:.0f} s.",
        "Nothing was paid for this order. Another attempt tries it again.",
    )


def landing_hung_text(phota_task_id: str, seconds: float) -> str:
    """Returns the error of an order whose pictures go to a store that hangs."""
    return endings.lines(
        f"PHOTA task {phota_task_id} did not land: a store gave no answer within {seconds:.0f} s.",
        f"It is finished and billed. {endings.RESULTS_LIVE}",
        "A retry, or clearing this Airflow task, lands its pictures and pays nothing.",
    )


def end_hung_text() -> str:
    """Returns the error of an attempt that cannot write down how it ended, since its store hangs."""
    return endings.lines(
        "How this attempt has ended could not be written down: a store gives no answer.",
        "What was paid for is in the journal. PHOTA tasks that are under way go on and are billed.",
        "A retry goes on from the journal: it pays for nothing twice, and writes the results.",
    )


def overtaken_text() -> str:
    """Returns the message of an attempt after which another one has begun."""
    return endings.lines(
        "Another attempt of this Airflow task has taken over the batch; this one sends nothing more.",
        "What it has paid for is in the journal, and the other attempt lands it.",
    )


def twin_held_text(key: str | None) -> str:
    """Returns the error of an item that asks for the same as one whose submit may have been paid for."""
    return endings.lines(
        f"It asks for the same as {shown(key) if key else 'an item that is not in the batch any more'}, "
        "and it is not known whether that was billed. Nothing was sent for this one.",
        "Once that one is adopted or paid for again, clear this task: both get the same pictures.",
        "To pay for this one alone, use redo=[<its key>].",
    )
