"""Prepares an order: its files are looked at before the money is spent, and published when it is certain."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.orders.base import PROFILE_MODEL, Order
from airflow_provider_phota.api.orders.files import is_stored
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.written import NATIVE_RENDERING
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.publisher import Publisher, note_inputs
from airflow_provider_phota.inputs.sources import Source, looked_at
from airflow_provider_phota.storage.paths import check_storable, checked_path


@dataclass(frozen=True)
class PreparedOrder:
    """Is an order whose files were looked at.

    Attributes:
        order: with its files as the user named them.
        edition: text that makes an otherwise identical order another one.
        sources: the files of it that are in a store, by the names that the order has for them.
    """

    order: Order
    publisher: Publisher
    edition: str
    sources: Mapping[str, Source]

    @classmethod
    def of(
        cls,
        order: Order,
        publisher: Publisher,
        edition: object = "",
        sources: Mapping[str, Source] | None = None,
    ) -> PreparedOrder:
        """Looks at the pictures that are in a store.

        Args:
            order: with its files as the user named them.
            publisher: makes URLs of them.
            edition: text that makes an otherwise identical order another one.
            sources: the files, if they were looked at already.

        Raises:
            PhotaInputError: One is missing, cut, damaged or not a picture; or the edition is not text.
        """
        text = checked_edition(edition)
        if sources is None:
            note_inputs(publisher.hook, order.files)
            sources = _looked_at_pictures(order, publisher.hook.settings.max_pixels)
        return cls(order, publisher, text, sources)

    @property
    def hook(self) -> PhotaHook:
        return self.publisher.hook

    @cached_property
    def identity(self) -> bytes:
        """What is asked for, with each stored file named by its content.

        It is the same in every attempt, wherever the files are published.
        """
        identities = {name: source.identity for name, source in self.sources.items()}
        return self.order.with_files(identities).body()

    @cached_property
    def digest(self) -> str:
        """Names everything that the result depends on, so that landed files can be found again by it."""
        account = [self.hook.settings.base_url]
        if self.order.profile_ids or self.order.model == PROFILE_MODEL:
            account.append(self.hook.phota_conn_id)  # a profile belongs to one account
        parts = (self.identity.decode(), self.edition, *account)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def publish(self) -> Order:
        """Publishes the files, and returns the order as the service can read it.

        Raises:
            PhotaNotBilled: A file could not be published.
        """
        urls = {name: self.publisher.url(source) for name, source in self.sources.items()}
        return self.order.with_files(urls)

    def check_content_is_known(self, argument: str) -> None:
        """Refuses pictures of the web: another picture may be behind their URL tomorrow.

        Args:
            argument: which asks for it.

        Raises:
            PhotaInputError: There is one.
        """
        if len(self.sources) < len(self.order.files):
            raise PhotaInputError(
                self.order.files_argument,
                f"must be paths of an object store with {argument}: an order is recognised by the content of "
                "its pictures.",
            )


def _looked_at_pictures(order: Order, max_pixels: int) -> dict[str, Source]:
    argument = order.files_argument
    stored = filter(is_stored, order.files)
    return {name: looked_at(checked_path(argument, name), max_pixels, argument) for name in stored}


def checked_edition(value: object) -> str:
    """Returns the text that makes an otherwise identical order another one.

    Raises:
        PhotaInputError: It is not text.
    """
    if not isinstance(value, (str, int)):
        raise PhotaInputError("edition", f"must be text, got {shown(value)}. {NATIVE_RENDERING}")
    check_storable("edition", value)
    return str(value)


def as_text(files: Any) -> Any:
    """Returns paths as the URLs they stand for, and anything else as it is, to be judged by others."""
    if isinstance(files, ObjectStoragePath):
        return str(files)
    if is_list(files):
        return [as_text(each) for each in files]
    return files
