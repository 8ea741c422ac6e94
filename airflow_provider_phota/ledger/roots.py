"""The directory of a ledger: there on purpose, or not used at all.

A place that is not there looks like an empty ledger, and an empty ledger means: pay. So a ledger has a
marker, which the first attempt that uses it writes. A directory, a mount or a bucket is never made.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import lru_cache
from uuid import uuid4

from airflow_provider_phota.ledger.records import UnreadableRecord
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place

MARKER = "phota-ledger.json"


@dataclass(frozen=True)
class Root:
    """Where a ledger is kept."""

    place: Place

    @property
    def marker(self) -> Place:
        return self.place / MARKER

    def is_begun(self) -> bool:
        """True if the marker is there.

        Raises:
            UnreadableRecord: the directory itself is not there.
        """
        if self.place.protocol not in OBJECT_STORES and not self.place.exists():
            raise UnreadableRecord(
                f"the directory {self.place.command} does not exist. Is the disk mounted? "
                "If this is a new ledger, make the directory"
            )
        return self.marker.exists()

    def check(self, *, may_begin: bool) -> bool:
        """Refuse a place that is not known to be this ledger.

        Args:
            may_begin: a place without a marker may be a new ledger.

        Returns:
            True if the marker is there.

        Raises:
            UnreadableRecord: "nothing is recorded here" proves nothing.
        """
        if self.is_begun():
            return True
        if may_begin:
            return False
        raise UnreadableRecord(
            f"the marker {self.marker.command} is not there, so earlier attempts may have paid unseen.\n"
            "Is the disk mounted, and is ledger_path right? If this ledger really is new, begin it with:\n"
            f"python -m airflow_provider_phota.ledger begin {self.place.command}"
        )

    def begin(self) -> bool:
        """Write the marker.

        Returns:
            False if another process has written it already.

        Raises:
            UnreadableRecord: the directory or the bucket is not there.
        """
        try:
            return objects.create(self.marker, _marker())
        except FileNotFoundError:
            raise UnreadableRecord(
                f"there is no {self.place.command}: the ledger makes no directory and no bucket"
            ) from None

    def check_exclusive(self) -> None:
        """Say in the log, once a process, where the store does not refuse to create what is there already."""
        _warn_unless_exclusive(self.marker.url, self)


@lru_cache(maxsize=64)
def _warn_unless_exclusive(_: str, root: Root) -> None:
    # some servers that speak S3 ignore the condition: the marker is there, so creating it again must fail
    if objects.creates_exclusively(root.place) and not objects.create(root.marker, _marker()):
        return
    objects.warn_of_races(f"{root.place.protocol}://{root.place.root}")


def _marker() -> bytes:
    content = {"version": 1, "ledger": uuid4().hex, "begun_at": time.time()}
    return json.dumps(content).encode()
