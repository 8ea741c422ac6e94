"""Remembers which profile came of which photos, so that the same photos are not paid for again."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota.api.errors import PhotaLandingError, PhotaLedgerError
from airflow_provider_phota.inputs.accounts import account_digest
from airflow_provider_phota.storage import objects, records
from airflow_provider_phota.storage.access import info_of, try_to_write
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place
from airflow_provider_phota.storage.rights import Right, explain

log = logging.getLogger(__name__)

VERSION = 1


@dataclass(frozen=True)
class Profiles:
    """Keeps the profiles of one account in small objects of a store, each of which is created once.

    A store that is not there looks like an empty one, and an empty one means: pay. So a directory or a bucket
    is never made, and "not known" is only ever said of a store that can be written to. Where a disk may not
    be mounted, name a directory on the disk, since an empty mount point cannot be told from a new store.

    Attributes:
        root: the directory that the user named.
        account: names the account, since a profile belongs to one.
    """

    root: Place
    account: str

    @classmethod
    def of(cls, root: Place, base_url: str, phota_conn_id: str) -> Profiles:
        """Returns those of a connection.

        Args:
            root: a directory that exists.
            base_url: of the service.
            phota_conn_id: the Airflow connection.
        """
        return cls(root, account_digest(base_url, phota_conn_id))

    def find(self, digest: str) -> str | None:
        """Returns the ID of the profile that was made of the same photos, and None if there is not one yet.

        Args:
            digest: names the photos, in hex.

        Raises:
            PhotaLedgerError: It cannot be known, or could not be written down later. Nothing was sent.
        """
        place = self._place(digest)
        try:
            self._check_root()
            if info_of(place) is not None:
                return records.read(place, _profile_id)
            try_to_write(self._folder)
        except Exception as error:  # of whatever library the store speaks by
            raise PhotaLedgerError(
                "It is not known whether these photos have a profile; nothing was sent by this attempt.\n"
                f"{_explain(error, place)}."
            ) from None
        return None

    def note(self, digest: str, profile_id: str, phota_task_id: str) -> str:
        """Writes down a profile that was paid for.

        Args:
            digest: as in `find`.
            profile_id: the profile.
            phota_task_id: the task that created it.

        Returns:
            The profile of these photos from now on. It is another one if another task was faster.

        Raises:
            PhotaLandingError: It could not be written. A retry writes it, without paying.
        """
        place = self._place(digest)
        fields = {"version": VERSION, "profile_id": profile_id, "phota_task_id": phota_task_id}
        try:
            self._check_root()
            objects.make_folder(self._folder.parent)
            objects.make_folder(self._folder)
            if records.create(place, fields | {"noted_at": time.time()}):
                return profile_id
            known = records.read(place, _profile_id)
        except Exception as error:  # of whatever library the store speaks by
            raise PhotaLandingError(
                f"The profile {profile_id} of PHOTA task {phota_task_id} could not be written down.\n"
                f"{_explain(error, place)}.\n"
                "Until it is, the same photos would be paid for again. Writing it again is free.",
                phota_task_id,
            ) from None
        if known != profile_id:
            log.warning("Another task has made the profile %s of the same photos: %s.", known, place)
        return known

    @property
    def _folder(self) -> Place:
        return self.root / "profiles" / self.account

    def _place(self, digest: str) -> Place:
        return self._folder / f"{digest}.json"

    def _check_root(self) -> None:
        if self.root.protocol not in OBJECT_STORES and not self.root.exists():
            raise _MissingDirectory(
                f"The directory {self.root} does not exist. Is the disk mounted? If it is a new one, make it"
            )


class _MissingDirectory(Exception):
    """The directory for the profiles does not exist."""


def _profile_id(fields: Any) -> str:
    """Returns the profile in a record."""
    if fields["version"] != VERSION:
        raise ValueError("it is of another version")
    profile_id = fields["profile_id"]
    if not isinstance(profile_id, str) or not profile_id:
        raise ValueError("its profile_id is not a text")
    return profile_id


def _explain(error: Exception, place: Place) -> str:
    if isinstance(error, records.DamagedRecord):
        return f"{error}. Restore it from a copy; or delete it, and a new profile is made and paid for"
    if isinstance(error, _MissingDirectory):
        return str(error)
    return f"{place}: {explain(error, place, Right.CREATE, Right.READ)}"
