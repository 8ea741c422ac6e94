"""Defines a case: a fault at a point of an edit's life, and the ends that are right after it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any


class End(Enum):
    """Says how an edit ended."""

    #: The result was delivered.
    OK = "ok"
    #: The edit failed as maybe billed, with its intent on record, so that a person decides.
    HELD = "held"
    #: The edit failed for another reason.
    FAILED = "failed"


#: The usual end: the result is delivered.
DELIVERED = frozenset({End.OK})
HELD = frozenset({End.HELD})
#: Nothing was sent, or the service refused it, or what was paid for is on record; nothing is in doubt.
UNSENT = frozenset({End.FAILED})
EITHER = frozenset({End.OK, End.HELD})

WAYS_TO_WAIT = ("submit", "worker", "deferred")
#: For cases in which the way to wait does not matter.
ONE_MODE = ("submit",)
LEDGERS = ("state", "both")
#: Kinds of ledgers with a record in object storage. They can use any store.
WITH_PATH = ("journal", "both")
#: The stores of `ledger_path`.
STORES = ("file", "s3")
#: Kind of ledger -> the kind to use in an Airflow without a task state store.
WITHOUT_TASK_STATE = {
    "state": "journal",
    "both": "journal",
    "resubmit": "resubmit_journal",
    "resubmit_state": "resubmit_journal",
    "settle": "settle_journal",
}
#: Kinds of ledgers with which a lost submit is repeated if the account proves that it was not billed.
SETTLING = frozenset({"settle", "settle_journal"})
#: Kinds of ledgers that write nothing to the task state store.
STATELESS = frozenset({"naive", *WITHOUT_TASK_STATE.values()})
#: Models whose orders have no prompt.
WITHOUT_PROMPT = frozenset({"enhance", "profile"})
#: Kinds of ledgers that write nothing to object storage.
PATHLESS = frozenset({"naive", "state", "resubmit_state"})

# Moments that the harness sees by itself; the others are points in `dags/chaos_points.py`.
DEFERRED = "deferred"
ENDED = "ended"


@dataclass(frozen=True)
class Case:
    """Describes one row of the fault matrix.

    Attributes:
        row: its number in the matrix.
        title: what happens, in words.
        at: the point or moment at which it happens, or None if only the service does something.
        act: the name in `acts.py` of what the harness does at that point.
        ends: the ends that are right.
        ends_without_journal: the ends that are right without a journal, if they differ.
        faults: the faults of the service, in the form that its emulator reads.
        modes: the ways to wait.
        ledgers: the kinds of ledgers.
        seconds: how long the service works on the edit.
        billed: how many PHOTA tasks may be billed for one edit.
        alone: True if the act hits all runs, so that no other case may run at the same time.
        repeated: True if it is run once for each seed, at another random moment.
        naive: True if it is run with the naive operator as well.
        hurried: True if the attempt has an execution_timeout of 3 s.
        edits: how many edits a mapped task makes at once.
        network: the name in `network.py` of the network that replaces the service, or "" to use the service.
        big: True if the request is too big to be sent in one piece.
        store: what happens to the store of the ledger, by its name in `roots.py`, or "" if nothing happens.
            The trial then has a root of its own.
        match: only objects with this in their name are hit.
        model: what is ordered, by its name in `dags/chaos_models.py`; "" is an edit.
        stores: the stores that this can happen to.
        ends_with_journal_alone: the ends that are right without a task state store, if they differ.
        id_arrived: True if the ID arrived, so that it must be in a log, whatever the stores did.
        ends_if_settled: the ends that are right with `on_ambiguous="settle"`, if they differ.
        has_company: True if other orders of the same key are under way meanwhile.
    """

    row: str
    title: str
    at: str | None = None
    act: str = "nothing"
    ends: frozenset[End] = DELIVERED
    ends_without_journal: frozenset[End] | None = None
    faults: tuple[dict[str, Any], ...] = ()
    modes: tuple[str, ...] = ONE_MODE
    ledgers: tuple[str, ...] = LEDGERS
    seconds: float = 2.0
    billed: int = 1
    alone: bool = False
    repeated: bool = False
    naive: bool = True
    hurried: bool = False
    edits: int = 1
    network: str = ""
    big: bool = False
    store: str = ""
    match: str = ""
    model: str = ""
    stores: tuple[str, ...] = STORES
    ends_with_journal_alone: frozenset[End] | None = None
    id_arrived: bool = False
    ends_if_settled: frozenset[End] | None = None
    has_company: bool = False

    @property
    def clears(self) -> bool:
        """True if a person clears the Airflow task."""
        return "clear" in self.act

    @property
    def settles(self) -> bool:
        """True if it is run with `on_ambiguous="settle"`."""
        return bool(SETTLING.intersection(self.ledgers))

    def in_an_airflow(self, *, with_task_state: bool, keeps_cleared_state: bool = True) -> Case | None:
        """Returns the case as such an Airflow can run it, or None if it cannot."""
        if with_task_state:
            return self if keeps_cleared_state else self._with_state_discarded()
        if self.at == "between_stores":
            return None
        ledgers = tuple(dict.fromkeys(WITHOUT_TASK_STATE.get(name, name) for name in self.ledgers))
        return replace(self, ledgers=ledgers)

    def _with_state_discarded(self) -> Case:
        """Returns the case for an Airflow that deletes the task state of a cleared task, so that a person decides."""
        if not self.clears or End.HELD in self.ends:
            return self
        return replace(self, ends_without_journal=HELD)

    def may_end(self, ledger: str) -> frozenset[End]:
        if ledger in SETTLING and self.ends_if_settled:
            return self.ends_if_settled
        special = {"state": self.ends_without_journal, "journal": self.ends_with_journal_alone}.get(ledger)
        return self.ends if special is None else special


@dataclass(frozen=True)
class Trial:
    """Describes one run of a case.

    Attributes:
        store: the store of the ledger's objects. It is empty if there are no objects.
    """

    case: Case
    mode: str
    ledger: str
    seed: int
    store: str = ""
    number: int = field(default=0)

    @property
    def dag_id(self) -> str:
        mode = "hurried" if self.case.hurried else self.mode
        what = "many" if self.case.edits > 1 else self.case.model
        return f"chaos_{self.ledger}_{mode}" + (f"_{what}" if what else "")

    @property
    def company_dag_id(self) -> str:
        """The DAG that places the other orders of the same key."""
        return f"chaos_{self.ledger}_deferred_many"

    @property
    def has_budget(self) -> bool:
        """True if it has a key and a budget of its own. What replaces the service has no list of prices."""
        return self.ledger != "naive" and not self.case.network

    @property
    def company_tag(self) -> str:
        """A text for the prompts of the other orders."""
        return f"[beside {self.number}]"

    @property
    def tag(self) -> str:
        """A text for the prompt, by which the service's bills are sorted by trial."""
        return f"[{self.number}: {self.case.row} {self.mode} {self.ledger}{self.store and f'@{self.store}'} {self.seed}]"

    @property
    def mark(self) -> str:
        """A query for the URLs of pictures and archives: the same for the models without a prompt."""
        return f"?trial={self.number}."

    @property
    def match(self) -> dict[str, str]:
        """What the service's orders of this trial have in common, for its faults."""
        return {"url": self.mark} if self.case.model in WITHOUT_PROMPT else {"prompt": self.tag}

    def placed(self, request: dict[str, Any]) -> bool:
        """Returns True if an order that the service got is of this trial."""
        if self.case.model in WITHOUT_PROMPT:
            return any(self.mark in str(value) for value in request.values())
        return self.tag in request.get("prompt", "")
