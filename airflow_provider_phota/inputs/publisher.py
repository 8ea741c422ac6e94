"""Makes files of an object store readable for the PHOTA service: by a signed URL, or by an upload."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.account import Upload
from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.api.forms import form_of
from airflow_provider_phota.api.orders.files import check_url
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.wire import FileForm
from airflow_provider_phota.hooks.kept_drivers import KeptDrivers
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.sources import Source, looked_at
from airflow_provider_phota.inputs.uploads import Uploads
from airflow_provider_phota.storage.paths import Place, asset_uri, checked_path

log = logging.getLogger(__name__)

#: Seconds for which a signed URL can be read: the task may have to queue.
_SIGNED_FOR = 24 * 3600


class Publish(Enum):
    """Says how a file of a store becomes a URL."""

    PRESIGN = "presign"
    UPLOAD = "upload"

    @classmethod
    def checked(cls, value: object) -> Publish | None:
        """Returns the way an author chose; None leaves it to the connection.

        Raises:
            PhotaInputError: There is no such way.
        """
        return None if value is None else checked_choice(cls, "publish", value)


@dataclass(frozen=True)
class Publisher:
    """Publishes files for one connection.

    Attributes:
        publish: how to do it; the connection decides if it is None.
        drivers: carry the uploads; if this is None, each upload opens a connection of its own.
        log_level: of the lines that say what was done. One of many orders has to say less.
    """

    hook: PhotaHook
    publish: Publish | None = None
    drivers: KeptDrivers | None = None
    log_level: int = logging.INFO

    def url(self, source: Source) -> str:
        """Returns a URL by which the service can read a file. Free.

        Raises:
            PhotaInputError: the store cannot sign, or what it signs cannot be read from outside.
            PhotaNotBilled: the service did not take the upload, or could not be reached.
        """
        if self._how is Publish.UPLOAD:
            return self._uploaded(source)
        if isinstance(source.content, ObjectStoragePath):
            return self._signed(source.content)
        log.log(
            self.log_level,
            "%s is not in a store, so it is uploaded instead of presigned.",
            shown(source.content),
        )
        return self._uploaded(source)

    @property
    def _how(self) -> Publish:
        return self.publish or Publish(self.hook.settings.publish)

    def _signed(self, path: ObjectStoragePath) -> str:
        try:
            url = path.fs.sign(path.path, expiration=_SIGNED_FOR)
        except NotImplementedError:
            raise PhotaInputError(
                "publish", f"is 'presign', but {path.protocol}:// cannot sign URLs: use 'upload'."
            ) from None
        except Exception as error:  # of whatever library the store speaks by; its text may hold credentials
            raise PhotaUnreachable(f"{shown(path)} could not be signed ({type(error).__name__}).") from None
        check_url("image_urls", url, local_inputs=self.hook.settings.is_loopback)
        return str(url)

    def _uploaded(self, source: Source) -> str:
        if (known := self._uploads.url(source.sha256)) and self._is_served(known):
            log.log(self.log_level, "%s is uploaded already.", shown(source.content))
            return known
        form = form_of(source.content, source.bytes, source.name, source.content_type, source.sha256)
        stored = self._stored(form)
        log.log(self.log_level, "Uploaded %s (%s bytes).", shown(source.content), source.bytes)
        self._uploads.note(source.sha256, stored.url)
        return stored.url

    def _stored(self, form: FileForm) -> Upload:
        if self.drivers:
            return self.drivers.run(lambda: protocol.upload(form))
        return self.hook.run(protocol.upload(form))

    @cached_property
    def _uploads(self) -> Uploads:
        settings = self.hook.settings
        path = settings.ledger_path
        root = Place.of(checked_path("ledger_path", path)) if path else None
        return Uploads.of(root, settings.base_url, self.hook.phota_conn_id)

    def _is_served(self, url: str) -> bool:
        """The vendor evicts the oldest uploads when an account's storage is full."""
        from airflow_provider_phota.downloads.downloads import Downloads  # noqa: PLC0415  # DAG parsing stays cheap

        with Downloads(self.hook.settings) as downloads:
            return downloads.is_served(url)


def note_inputs(hook: PhotaHook, names: Iterable[str]) -> None:
    """Names the files to Airflow's lineage, without what signs a URL."""
    for name in names:
        get_hook_lineage_collector().add_input_asset(context=hook, uri=asset_uri(name))


def published_urls(publisher: Publisher, paths: Sequence[object]) -> list[str]:
    """Returns URLs of pictures of a store, in their order.

    Raises:
        PhotaInputError: One cannot be read, or is not a picture.
        PhotaNotBilled: One could not be published.
    """
    most = publisher.hook.settings.max_pixels
    sources = [looked_at(checked_path("path", path), most, "path") for path in paths]
    note_inputs(publisher.hook, [str(path) for path in paths])
    return [publisher.url(source) for source in sources]
