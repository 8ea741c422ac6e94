"""Which pictures have been uploaded already: an upload lives 72 hours, and need not be made twice in them."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from dataclasses import dataclass

from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import Place

log = logging.getLogger(__name__)

#: Seconds after which an upload is made anew: of its 72 hours, the task that uses it may need some.
RENEWED_AFTER = 60 * 3600.0


@dataclass(frozen=True)
class Uploads:
    """What was uploaded to one account, in small objects of a store.

    Attributes:
        folder: None where nothing is remembered.
    """

    folder: Place | None

    @classmethod
    def of(cls, root: Place | None, base_url: str, phota_conn_id: str) -> Uploads:
        """Those of a connection, below the directory in which it keeps its ledger."""
        account = hashlib.sha256(f"{base_url} {phota_conn_id}".encode()).hexdigest()[:16]
        return cls(root / "uploads" / account if root else None)

    def url(self, sha256: str) -> str | None:
        """Where a picture of that content is, None if it is not known or too old."""
        if self.folder is None:
            return None
        try:
            known = json.loads(objects.read(self.folder / f"{sha256}.json"))
            url, at = known.get("url"), known.get("uploaded_at")
        except FileNotFoundError:
            return None
        except Exception as error:  # of whatever library the store speaks by; it costs one more upload
            log.warning("A remembered upload could not be read (%s); uploading again.", type(error).__name__)
            return None
        young = isinstance(at, (int, float)) and 0 <= time.time() - at < RENEWED_AFTER
        return url if young and isinstance(url, str) and re.match(r"https?://", url) else None

    def note(self, sha256: str, url: str) -> None:
        """Remember an upload that was just made; the ledger's directory itself is never made for it."""
        if self.folder is None:
            return
        content = json.dumps({"url": url, "uploaded_at": time.time()}).encode()
        try:
            objects.make_folder(self.folder.parent)
            objects.make_folder(self.folder)
            objects.replace(self.folder / f"{sha256}.json", content)
        except Exception as error:  # it costs one more upload, which is free
            log.warning("An upload could not be remembered (%s).", type(error).__name__)
