"""Keeps drivers between conversations, for many threads: so their connections serve more than one."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from airflow_provider_phota.api.errors import PhotaAuthenticationError, PhotaError, PhotaUnreachable
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import Conversation
from airflow_provider_phota.hooks.phota import PhotaHook

if TYPE_CHECKING:
    from airflow_provider_phota.drivers.requests_driver import RequestsDriver

T = TypeVar("T")

log = logging.getLogger(__name__)


class KeptDrivers:
    """Carries free conversations of any number of threads, each by a driver that is free, in a `with` block.

    A hook reads its connection once. If its key is refused, the connection is read again, since the key may
    have been replaced meanwhile.

    Args:
        hook: of the connection.
    """

    def __init__(self, hook: PhotaHook) -> None:
        self._hook = hook
        self._free: dict[PhotaHook, deque[RequestsDriver]] = {}
        self._is_closed = False
        self._renewing = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        for free in list(self._free.values()):
            while free:
                free.pop().close()

    def run(self, converse: Callable[[], Conversation[T]]) -> T:
        """Carries one conversation to its end and returns its result.

        Args:
            converse: begins it. If the key was replaced, the conversation begins once more with the new key.
        """
        hook = self._hook
        try:
            return self._carry(converse(), hook)
        except PhotaAuthenticationError as refusal:
            if refusal.status != 401 or (newer := self._newer(hook)) is None:
                raise
        log.info("The key was refused; asking again with the connection's new one.")
        return self._carry(converse(), newer)

    def _carry(self, conversation: Conversation[T], hook: PhotaHook) -> T:
        free = self._free.setdefault(hook, deque())
        try:
            driver = free.pop()
        except IndexError:
            driver = hook.get_conn()
        try:
            return driver.run(conversation)
        finally:
            free.append(driver)
            if self._is_closed:
                self.__exit__(None, None, None)

    def _newer(self, refused: PhotaHook) -> PhotaHook | None:
        """Returns a hook with another key than the refused one; None if the connection still has that key."""
        with self._renewing:
            if self._hook is refused:
                hook = PhotaHook(refused.phota_conn_id)
                if _settings_of(hook).api_key == refused.settings.api_key:
                    return None
                self._hook = hook
            return self._hook


def _settings_of(hook: PhotaHook) -> Settings:
    try:
        return hook.settings
    except PhotaError:
        raise
    except Exception as error:  # Airflow's database or secrets backend may be away for a moment
        raise PhotaUnreachable(
            f"The Airflow connection could not be read ({type(error).__name__}). Nothing was sent."
        ) from None
