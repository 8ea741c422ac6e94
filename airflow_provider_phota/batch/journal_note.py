"""Notes in Airflow's task state store where the journal of a batch is, so that a lost one is noticed.

Only Airflow 3.3 and later have such a store. Without it, a journal that is gone looks as if there had never
been one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.errors import PhotaLedgerError, PhotaLedgerUnusable
from airflow_provider_phota.journal.leases import latest_lease
from airflow_provider_phota.storage.calls import finish_within
from airflow_provider_phota.storage.paths import Place, reason_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

#: The key of the note.
NOTE_KEY = "phota_batch_journal"
#: Seconds for one call to the state store.
_WITHIN = 10.0


@dataclass(frozen=True)
class JournalNote:
    """Remembers the folder of a journal between the attempts of one task instance.

    Attributes:
        store: Airflow's task state store; None if this Airflow has none.
        folder: of the journal, as the arguments of this attempt say.
    """

    store: Any
    folder: Place

    @classmethod
    def of(cls, context: Context, folder: Place) -> JournalNote:
        """Returns the note of the running task instance."""
        return cls(context.get("task_state_store"), folder)

    def check(self) -> bool:
        """Returns True if an earlier attempt has begun this journal, so that it has to be there.

        Raises:
            PhotaLedgerUnusable: An earlier attempt has begun a journal in another folder.
            PhotaLedgerError: There is no journal, and it is not known whether there was one.
        """
        if self.store is None:
            return False
        try:
            known = finish_within(_WITHIN, lambda: self.store.get(NOTE_KEY))
        except Exception as error:  # of Airflow's API
            log.warning("The task's state store cannot be read (%s).", reason_of(error))
            if latest_lease(self.folder):
                return True  # it is there, whatever the note says
            raise _unknown(reason_of(error)) from None
        if isinstance(known, str) and known != self.folder.url:
            raise PhotaLedgerUnusable(
                lines(
                    "The journal of this batch is in another place than before; nothing was sent.",
                    f"Earlier attempts have used {known}, and this one would use {self.folder.url}.",
                    "What they paid for would be paid for again.",
                    "Set destination and ledger_path as they were, and clear this Airflow task.",
                    "To pay for all items again instead, trigger a new DAG run.",
                )
            )
        return known is not None

    def write(self) -> None:
        """Remembers that the journal has begun. Without that, only the loss of the journal is not noticed."""
        if self.store is None:
            return
        try:
            finish_within(_WITHIN, lambda: self.store.set(NOTE_KEY, self.folder.url))
        except Exception as error:  # of Airflow's API
            log.warning("The task's state store cannot be written (%s).", reason_of(error))


def _unknown(why: str) -> PhotaLedgerError:
    return PhotaLedgerError(
        lines(
            "It is not known whether this batch has paid for anything before; nothing was sent.",
            "It has no journal yet, and Airflow's task state store, which would tell that one was lost, "
            f"cannot be read ({why}).",
            "A retry reads it again.",
        )
    )
