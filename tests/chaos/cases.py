"""What a case is: a fault at a point of an edit's life, and how it may end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any


class End(Enum):
    """How an edit ended."""

    #: Its result was delivered.
    OK = "ok"
    #: Failed loudly as maybe billed, with the intent on record.
    HELD = "held"
    #: Failed otherwise.
    FAILED = "failed"


#: Every edit of the ordinary kind: delivered.
DELIVERED = frozenset({End.OK})
HELD = frozenset({End.HELD})
#: Nothing was sent, or it was refused: nothing is on record.
UNSENT = frozenset({End.FAILED})
EITHER = frozenset({End.OK, End.HELD})

WAYS_TO_WAIT = ("submit", "worker", "deferred")
#: In which a submit can be made: the wait plays no part.
ONE_MODE = ("submit",)
LEDGERS = ("state", "both")
#: Kinds with a record in object storage alone, and with both: each on any store.
WITH_PATH = ("journal", "both")
#: Where the record is kept in object storage.
STORES = ("file", "s3")
#: What takes their place in an Airflow without a task state store.
WITHOUT_TASK_STATE = {
    "state": "journal",
    "both": "journal",
    "resubmit": "resubmit_journal",
    "resubmit_state": "resubmit_journal",
}
#: Kinds of which nothing is written to the task state store.
STATELESS = frozenset({"naive", *WITHOUT_TASK_STATE.values()})
#: Kinds of which nothing is written to object storage.
PATHLESS = frozenset({"naive", "state", "resubmit_state"})

# Moments that the harness sees by itself; the others are points in `dags/chaos_points.py`.
DEFERRED = "deferred"
ENDED = "ended"


@dataclass(frozen=True)
class Case:
    """One row of the fault matrix.

    Attributes:
        row: its number in the matrix.
        title: what happens, in words.
        at: the point or moment at which it happens; None if the service alone does it.
        act: what the harness does then, by its name in `acts.py`.
        ends: how the edit may end.
        ends_without_journal: where that differs without one.
        faults: what the service does, as its emulator takes it.
        modes: how the operator waits.
        ledgers: where the record is kept.
        seconds: how long the service works on the edit.
        billed: how many tasks may be billed for one edit.
        alone: the act hits all runs, so no other case may run beside it.
        repeated: run once for each seed, at another random moment.
        naive: run it with the naive operator too.
        hurried: the attempt has an execution_timeout of 3 s.
        edits: how many edits are made at once, by a mapped task.
        network: what stands in place of the service, by its name in `network.py`; empty for the service.
        big: the request does not go out in one piece.
        store: what befalls the store of the ledger, as `roots.py` takes it; empty for nothing. The root is
            then one that no other trial uses.
        match: only what contains this in its name is hit.
        stores: which stores can be hit by it.
        ends_with_journal_alone: how the edit may end where there is no task state store.
        told: the ID arrived: it stands in a log, whatever the stores did.
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
    stores: tuple[str, ...] = STORES
    ends_with_journal_alone: frozenset[End] | None = None
    told: bool = False

    @property
    def clears(self) -> bool:
        """Whether a person clears the task."""
        return "clear" in self.act

    def in_an_airflow(self, *, with_task_state: bool, keeps_cleared_state: bool = True) -> Case | None:
        """The case as such an Airflow can run it, if it can."""
        if with_task_state:
            return self if keeps_cleared_state else self._with_state_discarded()
        if self.at == "between_stores":
            return None
        ledgers = tuple(dict.fromkeys(WITHOUT_TASK_STATE.get(name, name) for name in self.ledgers))
        return replace(self, ledgers=ledgers)

    def _with_state_discarded(self) -> Case:
        """Where only the task state knew what was paid for, a person decides after the clear."""
        if not self.clears or End.HELD in self.ends:
            return self
        return replace(self, ends_without_journal=HELD)

    def may_end(self, ledger: str) -> frozenset[End]:
        special = {"state": self.ends_without_journal, "journal": self.ends_with_journal_alone}.get(ledger)
        return self.ends if special is None else special


@dataclass(frozen=True)
class Trial:
    """A case as it is run once.

    Attributes:
        store: of the ledger's objects; empty where it has none.
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
        return f"chaos_{self.ledger}_{mode}" + ("_many" if self.case.edits > 1 else "")

    @property
    def tag(self) -> str:
        """Stands in the prompt, so that the service's ledger can be sorted by trial."""
        return f"[{self.number}: {self.case.row} {self.mode} {self.ledger}{self.store and f'@{self.store}'} {self.seed}]"
