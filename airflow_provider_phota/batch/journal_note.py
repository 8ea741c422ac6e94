"""Notes in Airflow's task state store where the journal of a batch is, so that a lost one is noticed.

Only Airflow 3.3 and later have such a store. Without it, a journal that is gone looks as if there had never
been one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.errors import PhotaLedgerUnusable
from airflow_provider_phota.storage.calls import finish_within
from airflow_provider_phota.storage.paths import Place, reason_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

T = TypeVar("T")

log = logging.getLogger(__name__)

_KEY = "phota_batch_journal"
#: Seconds for one call to the state store. The batch can do without it.
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
            PhotaLedgerError: An earlier attempt has begun a journal in another folder.
        """
        known = self._call(lambda: self.store.get(_KEY))
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
        """Remembers that the journal has begun."""
        self._call(lambda: self.store.set(_KEY, self.folder.url))

    def _call(self, call: Callable[[], T]) -> T | None:
        if self.store is None:
            return None
        try:
            return finish_within(_WITHIN, call)
        except Exception as error:  # of Airflow's API, which the batch can do without
            log.warning("The task's state store cannot be used (%s).", reason_of(error))
            return None
