"""Lists the fault matrix, one case a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.chaos.cases import DEFERRED, DELIVERED, EITHER, ENDED, HELD, UNSENT, WAYS_TO_WAIT, WITH_PATH, Case
from tests.chaos.roots import AWAY, EMPTIED, FAILING, FORBIDDEN, HANGS, UNANSWERED

WAITS = ("worker", "deferred")


def on_submit(kind: str, **more: Any) -> dict[str, Any]:
    return {"on": "submit", "kind": kind, **more}


HANGS_BILLED = on_submit("hang", seconds=4.0, created=True)
HANGS_UNSEEN = on_submit("hang", seconds=4.0, created=False)
#: What happens to a store in words, its name in `roots.py`, and the stores it can happen to.
FAULTS = (
    ("hangs", HANGS, ("s3",)),
    ("refuses (403)", FORBIDDEN, ("s3",)),
    ("fails (500)", FAILING, ("s3",)),
    ("is away", AWAY, ("file", "s3")),
    ("is away, an empty directory in its place,", EMPTIED, ("file",)),
)
#: The answer takes three seconds, but the PHOTA task is created at once.
SLOW = on_submit("slow_body", seconds=3.0)

KILLS = (
    Case("21", "SIGKILL task before intent", "before_intent", "kill_task", modes=WAYS_TO_WAIT, repeated=True),
    Case("22", "SIGKILL task after intent, before POST", "after_intent", "kill_task", HELD, modes=WAYS_TO_WAIT, repeated=True),
    Case("23", "SIGKILL task, POST in flight, billed", "in_flight", "kill_task", HELD, faults=(HANGS_BILLED,), modes=WAYS_TO_WAIT, repeated=True),
    Case("23", "SIGKILL task, POST in flight, never seen", "in_flight", "kill_task", HELD, faults=(HANGS_UNSEEN,), repeated=True),
    Case("24", "SIGKILL task after answer, before journal", "after_answer", "kill_task", HELD, modes=WAYS_TO_WAIT, repeated=True),
    Case("24", "SIGKILL task after journal, before state store", "between_stores", "kill_task", ends_without_journal=HELD, modes=WAYS_TO_WAIT, repeated=True, naive=False),
    Case("24", "SIGKILL task after persist", "after_persist", "kill_task", modes=WAYS_TO_WAIT, repeated=True),
    Case("24", "marked failed, SIGKILL task after persist", "after_persist", "mark_failed_and_kill_task", UNSENT, repeated=True, naive=False),
    Case("25", "SIGKILL task while it waits in the worker", "waiting", "kill_task", modes=("worker",), seconds=6.0, repeated=True),
    Case("25", "SIGKILL task in execute_complete", "execute_complete", "kill_task", modes=("deferred",), repeated=True),
    Case("25", "SIGKILL task before return", "before_return", "kill_task", modes=WAYS_TO_WAIT, repeated=True),
    Case("26", "SIGKILL supervisor only, POST in flight", "in_flight", "kill_supervisor", ends_without_journal=HELD, faults=(SLOW,), modes=("submit", "deferred"), repeated=True),
    Case("26", "SIGKILL supervisor only, before intent (orphan)", "before_intent", "kill_supervisor", repeated=True),
    Case("26", "SIGKILL supervisor only, before POST (orphan)", "after_intent", "kill_supervisor", ends_without_journal=HELD, repeated=True),
    Case("26", "SIGKILL supervisor only, before journal (orphan)", "after_answer", "kill_supervisor", ends_without_journal=HELD, repeated=True),
    Case("26", "SIGKILL supervisor only, before intent (orphan outlives the retry)", "before_intent", "kill_supervisor_until_retried", repeated=True),
    Case("26", "SIGKILL supervisor only, before POST (orphan outlives the retry)", "after_intent", "kill_supervisor_until_retried", EITHER, ends_without_journal=HELD, repeated=True),
    Case("26", "SIGKILL supervisor only, before journal (orphan outlives the retry)", "after_answer", "kill_supervisor_until_retried", EITHER, ends_without_journal=HELD, repeated=True),
    Case("27", "SIGKILL supervisor and task, POST in flight", "in_flight", "kill_both", HELD, faults=(HANGS_BILLED,), repeated=True),
)  # fmt: skip

COMPONENTS = (
    Case("28", "SIGKILL scheduler tree, POST in flight", "in_flight", "kill_scheduler", HELD, faults=(HANGS_BILLED,), alone=True),
    Case("28", "SIGKILL scheduler tree while deferred", DEFERRED, "kill_scheduler", modes=("deferred",), seconds=12.0, alone=True),
    Case("29", "SIGKILL triggerer tree while deferred", DEFERRED, "kill_triggerer", modes=("deferred",), seconds=12.0, alone=True),
    Case("29", "SIGSTOP triggerer for 14 s", DEFERRED, "freeze_triggerer", modes=("deferred",), seconds=12.0, alone=True),
    Case("31", "api-server down 12 s, before intent", "before_intent", "api_server_down", alone=True),
    Case("31", "api-server down 12 s, answer arrived", "after_answer", "api_server_down", ends_without_journal=EITHER, alone=True),
    Case("32", "PostgreSQL down 6 s, POST in flight", "in_flight", "database_down", EITHER, faults=(SLOW,), alone=True),
    Case("32", "PostgreSQL down 6 s, answer arrived", "after_answer", "database_down", ends_without_journal=EITHER, alone=True),
    Case("32", "PostgreSQL down 6 s while deferred", DEFERRED, "database_down", modes=("deferred",), seconds=12.0, alone=True),
    Case("37", "emulator restarted during the wait", "after_persist", "restart_service", modes=WAITS, seconds=6.0, alone=True, naive=False),
)  # fmt: skip

PEOPLE = (
    Case("33", "execution_timeout 3 s, POST takes 4 s", None, "nothing", HELD, faults=(HANGS_BILLED,), hurried=True),
    Case("33", "marked failed, POST in flight, then cleared", "in_flight", "mark_failed_then_clear", HELD, faults=(HANGS_BILLED,)),
    Case("34", "cleared while deferred", DEFERRED, "clear", modes=("deferred",), seconds=10.0),
    Case("34", "cleared, POST in flight", "in_flight", "clear", EITHER, faults=(SLOW,)),
    Case("34", "cleared after success", ENDED, "clear", modes=WAYS_TO_WAIT),
    Case("34", "cleared after it was held", ENDED, "clear", HELD, faults=(on_submit("reset_after"),)),
    Case("34", "marked failed while deferred, then cleared", DEFERRED, "mark_failed_then_clear", modes=("deferred",), seconds=10.0),
    Case("35", "prompt changed, then cleared", ENDED, "change_prompt_then_clear", billed=2, naive=False),
)  # fmt: skip

ANSWERS = (
    Case("10", "reset before it is served", None, "nothing", HELD, faults=(on_submit("reset_before"),)),
    Case("10", "reset after it was served", None, "nothing", HELD, faults=(on_submit("reset_after"),)),
    Case("9", "no answer, billed", None, "nothing", HELD, faults=(on_submit("hang", seconds=8.0, created=True),)),
    Case("13", "truncated answer", None, "nothing", HELD, faults=(on_submit("truncated_body"),)),
    Case("15", "HTML instead of JSON, billed", None, "nothing", HELD, faults=(on_submit("html", created=True),)),
    Case("18", "503, not billed", None, "nothing", HELD, faults=(on_submit("status", status=503),)),
    Case("18", "503, billed", None, "nothing", HELD, faults=(on_submit("billed_status", status=503),)),
    *(Case("18", f"{status}, billed", None, "nothing", HELD, faults=(on_submit("billed_status", status=status),)) for status in (500, 502, 504, 520, 521, 522, 523, 524, 525, 526)),
    Case("17", "429 twice, then taken", None, "nothing", faults=(on_submit("status", status=429, times=2, headers={"Retry-After": "1"}),)),
    Case("19", "422 no channel twice, then taken", None, "nothing", faults=(on_submit("status", status=422, code="no_compatible_channel", times=2),)),
)  # fmt: skip

NETWORK = (
    Case("1", "the host has no address", ends=UNSENT, network="no address"),
    Case("2", "connection refused", ends=UNSENT, network="refused"),
    Case("3", "the connection does not come about", ends=UNSENT, network="full backlog"),
    Case("4", "untrusted certificate", ends=UNSENT, network="untrusted certificate"),
    Case("4", "certificate of another host", ends=UNSENT, network="certificate of another host"),
    Case("5", "TLS handshake hangs", ends=UNSENT, network="handshake hangs"),
    Case("5", "RST in the TLS handshake", ends=UNSENT, network="RST in the handshake"),
    Case("5", "FIN in the TLS handshake", ends=UNSENT, network="FIN in the handshake"),
    Case("6", "FIN on accept", ends=HELD | UNSENT, network="FIN on accept"),
    Case("6", "RST on accept", ends=HELD | UNSENT, network="RST on accept"),
    Case("7", "RST in the middle of the body", ends=HELD, network="RST in the body", big=True),
    Case("8", "the write stalls", ends=HELD, network="write stalls", big=True),
    Case("11", "garbage over TLS after the request", ends=HELD, network="TLS garbage"),
    Case("12", "429, then the kept connection is closed", network="closes a kept connection"),
    Case("13", "headers cut", ends=HELD, network="headers cut"),
    Case("13", "chunks cut", ends=HELD, network="chunks cut"),
    Case("14", "the answer drips for ever", ends=HELD, network="drips"),
    Case("15", "102, then accepted", ends=EITHER, network="102 first"),
    *(Case("16", f"redirect {status}", ends=HELD, network=f"{status}") for status in (301, 302, 303, 307, 308)),
)  # fmt: skip

RESUBMIT = (
    Case("6", 'on_ambiguous="resubmit": reset after it was served', None, "nothing", faults=(on_submit("reset_after"),), ledgers=("resubmit",), billed=2, naive=False),
    Case("6", 'on_ambiguous="resubmit": reset every time', None, "nothing", HELD, faults=(on_submit("reset_after", times=3),), ledgers=("resubmit",), billed=2, naive=False),
    Case("6", 'on_ambiguous="resubmit": reset, refused, reset, cleared', ENDED, "clear", HELD, faults=(on_submit("reset_after"), on_submit("status", status=429, headers={"Retry-After": "500"}), on_submit("reset_after", times=3)), ledgers=("resubmit", "resubmit_state"), billed=2, naive=False),
    Case("23", 'on_ambiguous="resubmit": SIGKILL task, POST in flight', "in_flight", "kill_task", faults=(HANGS_BILLED,), modes=WAYS_TO_WAIT, ledgers=("resubmit",), billed=2, naive=False, repeated=True),
)  # fmt: skip

CROWDS = (
    Case("30", "the edit is done at once, 24 times", None, "nothing", modes=("deferred",), seconds=0.1, edits=24, ledgers=("state",), alone=True),
    Case("17", "a storm of 429 over 20 edits", None, "nothing", edits=20, faults=(on_submit("status", status=429, times=30, headers={"Retry-After": "1"}),), alone=True),
    Case("36", "100 mapped edits at once", None, "nothing", modes=("submit",), edits=100, ledgers=("both",), naive=False, alone=True),
)  # fmt: skip

#: What happens to the store of the ledger, and when. At the start of a first attempt, an empty directory is
#: not a fault, but a new ledger.
STORES = (
    *(Case("42", f"the store {how} from the start until the retry", "start", "store_fails_until_retried", store=fault, stores=stores, ledgers=WITH_PATH, naive=False) for how, fault, stores in FAULTS if fault != EMPTIED),
    *(Case("43", f"the store {how} before the intent until the retry", "before_intent", "store_fails_until_retried", store=fault, stores=stores, ledgers=WITH_PATH, naive=False) for how, fault, stores in FAULTS),
    Case("43", "the store hangs at the writing of the intent until the retry", "before_intent", "store_fails_until_retried", store=HANGS, match="-intent.json", stores=("s3",), ledgers=WITH_PATH, naive=False),
    Case("43", "the store writes the intent and does not answer until the retry", "before_intent", "store_fails_until_retried", HELD, store=UNANSWERED, match="-intent.json", stores=("s3",), ledgers=WITH_PATH, naive=False),
    *(Case("44", f"the store {how} when the answer arrives, then cleared", "after_answer", "store_fails_then_clear", ends_with_journal_alone=HELD, store=fault, stores=stores, id_arrived=True, ledgers=WITH_PATH, naive=False) for how, fault, stores in FAULTS),
    *(Case("45", f"the store {how} when the answer arrives, then SIGKILL task", "after_answer", "store_fails_and_task_is_killed", ends_with_journal_alone=HELD, store=fault, stores=stores, id_arrived=True, ledgers=WITH_PATH, naive=False) for how, fault, stores in FAULTS),
    *(Case("46", f"SIGKILL task after persist; the store {how} at the retry", "after_persist", "store_fails_at_the_retry", store=fault, stores=stores, id_arrived=True, ledgers=WITH_PATH, naive=False) for how, fault, stores in FAULTS),
)  # fmt: skip


def _of_model(model: str, name: str) -> tuple[Case, ...]:
    """Returns the rows for a model other than `phota-image-edit`, which places its orders as an edit does."""
    return (
        Case("23", f"{name}: SIGKILL task, POST in flight, billed", "in_flight", "kill_task", HELD, faults=(HANGS_BILLED,), model=model, stores=("file",), naive=False),
        Case("24", f"{name}: SIGKILL task after persist", "after_persist", "kill_task", modes=WAYS_TO_WAIT, model=model, stores=("file",), naive=False),
        Case("10", f"{name}: reset after it was served", None, "nothing", HELD, faults=(on_submit("reset_after"),), model=model, stores=("file",), naive=False),
        Case("34", f"{name}: cleared after success", ENDED, "clear", modes=WAYS_TO_WAIT, model=model, stores=("file",), naive=False),
    )  # fmt: skip


MODELS = (*_of_model("generate", "phota-image"), *_of_model("enhance", "phota-image-enhance"), *_of_model("profile", "phota-create-profile"))  # fmt: skip


def _lost(case: Case, *, billed: bool) -> tuple[Case, Case]:
    """Returns the rows for a submit of which nothing is known: alone in an account, and next to others."""
    end = HELD if billed else DELIVERED
    lost = replace(case, ends=HELD, repeated=True, naive=False)
    return (
        replace(lost, ends_if_settled=end, ledgers=("both", "settle")),
        replace(lost, title=f"{case.title}, others under way", ledgers=("settle",), has_company=True),
    )


SETTLE = (
    *_lost(Case("10", "reset before it is served", faults=(on_submit("reset_before"),)), billed=False),
    *_lost(Case("18", "503, not billed", faults=(on_submit("status", status=503),)), billed=False),
    *_lost(Case("22", "SIGKILL task after intent, before POST", "after_intent", "kill_task"), billed=False),
    *_lost(Case("23", "SIGKILL task, POST in flight, never seen", "in_flight", "kill_task", faults=(HANGS_UNSEEN,)), billed=False),
    *_lost(Case("10", "reset after it was served", faults=(on_submit("reset_after"),)), billed=True),
    *_lost(Case("9", "no answer, billed", faults=(on_submit("hang", seconds=8.0, created=True),)), billed=True),
    *_lost(Case("18", "503, billed", faults=(on_submit("billed_status", status=503),)), billed=True),
    *_lost(Case("23", "SIGKILL task, POST in flight, billed", "in_flight", "kill_task", faults=(HANGS_BILLED,)), billed=True),
    *_lost(Case("24", "SIGKILL task after answer, before journal", "after_answer", "kill_task"), billed=True),
)  # fmt: skip

GROUPS: Mapping[str, tuple[Case, ...]] = {
    "kills": KILLS,
    "components": COMPONENTS,
    "people": PEOPLE,
    "answers": ANSWERS,
    "network": NETWORK,
    "resubmit": RESUBMIT,
    "settle": SETTLE,
    "crowds": CROWDS,
    "stores": STORES,
    "models": MODELS,
}
