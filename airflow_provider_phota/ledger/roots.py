"""Makes sure that the directory of a ledger is the right one, before it is read or written.

A directory that is missing looks like an empty ledger, and an empty ledger means that nothing was paid yet.
So every ledger has a marker, which the first attempt that uses it writes. A directory, a mount or a bucket is
never made.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from uuid import uuid4

from airflow_provider_phota.ledger.records import UnreadableRecord
from airflow_provider_phota.storage import objects, records
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place

MARKER = "phota-ledger.json"


@dataclass(frozen=True)
class Root:
    """The directory of a ledger."""

    place: Place

    @property
    def marker(self) -> Place:
        return self.place / MARKER

    def is_begun(self) -> bool:
        """Returns True if the marker is there.

        Raises:
            UnreadableRecord: the directory itself does not exist.
        """
        if self.place.protocol not in OBJECT_STORES and not self.place.exists():
            raise UnreadableRecord(
                f"the directory {self.place.command} does not exist. Is the disk mounted? "
                "If this is a new ledger, make the directory"
            )
        return self.marker.exists()

    def check(self, *, may_begin: bool) -> bool:
        """Refuses a directory that may not be this ledger.

        Args:
            may_begin: True if a directory without a marker may be a new ledger.

        Returns:
            True if the marker is there.

        Raises:
            UnreadableRecord: the marker should be there, but it is not.
        """
        if self.is_begun():
            return True
        if may_begin:
            return False
        raise UnreadableRecord(
            f"the marker {self.marker.command} is missing, so payments of earlier attempts may be recorded "
            "elsewhere.\n"
            "Is the disk mounted, and is ledger_path right? If this ledger really is new, begin it with:\n"
            f"python -m airflow_provider_phota.ledger begin {self.place.command}"
        )

    def begin(self) -> bool:
        """Writes the marker.

        Returns:
            True if this process wrote the marker, False if another process was faster.

        Raises:
            UnreadableRecord: the directory or the bucket does not exist.
        """
        try:
            return _create_marker(self)
        except FileNotFoundError:
            raise UnreadableRecord(
                f"there is no {self.place.command}: the ledger makes neither directories nor buckets"
            ) from None

    def check_exclusive(self) -> None:
        """Warns in the log, once in a process, if the store lets two processes create the same object."""
        _warn_unless_exclusive(self.marker.url, self)


@lru_cache(maxsize=64)
def _warn_unless_exclusive(_: str, root: Root) -> None:
    # some servers that speak S3 ignore the condition. The marker exists, so creating it again must fail
    if objects.creates_exclusively(root.place) and not _create_marker(root):
        return
    objects.warn_of_races(f"{root.place.protocol}://{root.place.root}")


def _create_marker(root: Root) -> bool:
    return records.create(root.marker, {"version": 1, "ledger": uuid4().hex, "begun_at": time.time()})
