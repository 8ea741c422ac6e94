"""Make pictures of an object store readable for the PHOTA service: by a signed URL, or by an upload."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any

from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.api.forms import form_of
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.orders.edit import EditRequest, check_image_url, is_stored
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.tasks import Upload
from airflow_provider_phota.api.written import NATIVE_RENDERING
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.sources import Source, looked_at
from airflow_provider_phota.inputs.uploads import Uploads
from airflow_provider_phota.storage.paths import Place, asset_uri, check_storable, checked_path

log = logging.getLogger(__name__)

#: Seconds for which a signed URL can be read: the task may have to queue.
_SIGNED_FOR = 24 * 3600


class Publish(Enum):
    """How a picture of a store becomes a URL."""

    PRESIGN = "presign"
    UPLOAD = "upload"

    @classmethod
    def checked(cls, value: object) -> Publish | None:
        """What an author gave, None for the connection's own way.

        Raises:
            PhotaInputError: there is no such way.
        """
        return None if value is None else checked_choice(cls, "publish", value)


def as_text(image_urls: Any) -> Any:
    """Paths as the URLs they stand for; anything else as it is, to be judged by others."""
    if isinstance(image_urls, ObjectStoragePath):
        return str(image_urls)
    if is_list(image_urls):
        return [as_text(each) for each in image_urls]
    return image_urls


@dataclass(frozen=True)
class Publisher:
    """Publishes pictures for one connection.

    Attributes:
        publish: how, None for the connection's own way.
    """

    hook: PhotaHook
    publish: Publish | None = None

    def url(self, source: Source) -> str:
        """A URL by which the service can read a picture. Free.

        Raises:
            PhotaInputError: the store cannot sign, or what it signs cannot be read from outside.
            PhotaNotBilled: the service did not take the upload, or could not be reached.
        """
        if self._how is Publish.UPLOAD:
            return self._uploaded(source)
        if isinstance(source.content, ObjectStoragePath):
            return self._signed(source.content)
        log.info("%s is not in a store, so it is uploaded instead of presigned.", shown(source.content))
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
        check_image_url(url, local_inputs=self.hook.settings.is_loopback)
        return str(url)

    def _uploaded(self, source: Source) -> str:
        if (known := self._uploads.url(source.sha256)) and self._is_served(known):
            log.info("%s is uploaded already.", shown(source.content))
            return known
        form = form_of(source.content, source.bytes, source.name, source.content_type, source.sha256)
        stored: Upload = self.hook.run(protocol.upload(form))
        log.info("Uploaded %s (%s bytes).", shown(source.content), source.bytes)
        self._uploads.note(source.sha256, stored.url)
        return stored.url

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


@dataclass(frozen=True)
class Order:
    """An edit whose pictures were looked at.

    Attributes:
        edit: as the user named its pictures.
        edition: text that makes an otherwise identical edit another one.
        sources: those of its pictures that lie in a store, by the URL they were named by.
    """

    edit: EditRequest
    publisher: Publisher
    edition: str
    sources: dict[str, Source]

    @classmethod
    def of(cls, edit: EditRequest, publisher: Publisher, edition: object = "") -> Order:
        """Look at the pictures that lie in a store.

        Raises:
            PhotaInputError: one is missing, cut, damaged or no picture; or the edition is no text.
        """
        if not isinstance(edition, (str, int)):
            raise PhotaInputError("edition", f"must be text, got {shown(edition)}. {NATIVE_RENDERING}")
        check_storable("edition", edition)
        note_inputs(publisher.hook, edit.image_urls)
        stored = [url for url in edit.image_urls if is_stored(url)]
        most = publisher.hook.settings.max_pixels
        sources = {url: looked_at(checked_path("image_urls", url), most) for url in stored}
        return cls(edit, publisher, str(edition), sources)

    @property
    def hook(self) -> PhotaHook:
        return self.publisher.hook

    @property
    def identified(self) -> EditRequest:
        """The edit by the content of its pictures: the same in every attempt, wherever they are published."""
        return self._with({url: source.identity for url, source in self.sources.items()})

    @property
    def digest(self) -> str:
        """Of all that the result depends on: what its files can be found by again."""
        account = [self.hook.settings.base_url]
        if self.edit.profile_ids:
            account.append(self.hook.phota_conn_id)  # profiles are an account's own
        parts = (self.identified.body().decode(), self.edition, *account)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def published(self) -> EditRequest:
        """The edit as the service can read it.

        Raises:
            PhotaNotBilled: a picture could not be published.
        """
        return self._with({url: self.publisher.url(source) for url, source in self.sources.items()})

    def check_content_is_known(self) -> None:
        """Refuse pictures of the web: what is behind a URL may be another picture tomorrow.

        Raises:
            PhotaInputError: there is one.
        """
        if len(self.sources) < len(self.edit.image_urls):
            raise PhotaInputError(
                "image_urls",
                "must be paths of an object store with skip_existing_edits: an edit is recognised by the "
                "content of its pictures.",
            )

    def _with(self, urls: dict[str, str]) -> EditRequest:
        return replace(self.edit, image_urls=tuple(urls.get(url, url) for url in self.edit.image_urls))


def note_inputs(hook: PhotaHook, image_urls: Iterable[str]) -> None:
    """Name the pictures to Airflow's lineage, without what signs a URL."""
    for url in image_urls:
        get_hook_lineage_collector().add_input_asset(context=hook, uri=asset_uri(url))


def published_urls(publisher: Publisher, paths: Sequence[object]) -> list[str]:
    """URLs of pictures of a store, in their order.

    Raises:
        PhotaInputError: one cannot be read, or is no picture.
        PhotaNotBilled: one could not be published.
    """
    most = publisher.hook.settings.max_pixels
    sources = [looked_at(checked_path("path", path), most, "path") for path in paths]
    note_inputs(publisher.hook, [str(path) for path in paths])
    return [publisher.url(source) for source in sources]
