"""Remembers which pictures are uploaded already, since an upload lives for 72 hours and can be used again."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota.inputs.accounts import account_digest
from airflow_provider_phota.storage import objects, records
from airflow_provider_phota.storage.paths import Place

log = logging.getLogger(__name__)

#: Seconds after which a picture is uploaded again. The rest of its 72 hours is left for the PHOTA task.
RENEWED_AFTER = 60 * 3600.0


@dataclass(frozen=True)
class _Upload:
    """A picture on PHOTA's servers.

    Attributes:
        uploaded_at: epoch seconds.
    """

    url: str
    uploaded_at: float

    @classmethod
    def from_record(cls, fields: Any) -> _Upload:
        url, uploaded_at = str(fields["url"]), float(fields["uploaded_at"])
        if not re.match(r"https?://", url):
            raise ValueError("its url is not an http address")
        return cls(url, uploaded_at)

    @property
    def is_fresh(self) -> bool:
        return 0 <= time.time() - self.uploaded_at < RENEWED_AFTER


@dataclass(frozen=True)
class Uploads:
    """The uploads of one account, remembered as small records in a store.

    Attributes:
        folder: where the records are. If this is None, nothing is remembered.
    """

    folder: Place | None

    @classmethod
    def of(cls, root: Place | None, base_url: str, phota_conn_id: str) -> Uploads:
        """Returns the uploads of a connection, which lie below the directory of its ledger."""
        return cls(root / "uploads" / account_digest(base_url, phota_conn_id) if root else None)

    def url(self, sha256: str) -> str | None:
        """Returns the address of an uploaded picture with that content, or None if it must be uploaded."""
        if self.folder is None:
            return None
        try:
            upload = records.read(self.folder / f"{sha256}.json", _Upload.from_record)
        except FileNotFoundError:
            return None
        except Exception as error:  # each store's library has its own errors; a second upload is free
            log.warning("A remembered upload could not be read (%s); uploading again.", type(error).__name__)
            return None
        return upload.url if upload.is_fresh else None

    def note(self, sha256: str, url: str) -> None:
        """Remembers a new upload. The directory of the ledger must exist: it is never made here."""
        if self.folder is None:
            return
        try:
            objects.make_folder(self.folder.parent)
            objects.make_folder(self.folder)
            records.replace(self.folder / f"{sha256}.json", {"url": url, "uploaded_at": time.time()})
        except Exception as error:  # each store's library has its own errors; a second upload is free
            log.warning("An upload could not be remembered (%s).", type(error).__name__)
