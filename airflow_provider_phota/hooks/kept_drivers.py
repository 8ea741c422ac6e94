"""Keeps drivers between conversations, for many threads: so their connections serve more than one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from airflow_provider_phota.api.wire import Conversation

if TYPE_CHECKING:
    from airflow_provider_phota.drivers.requests_driver import RequestsDriver

T = TypeVar("T")


class KeptDrivers:
    """Carries conversations of any number of threads, each by a driver that is free, in a `with` block.

    Args:
        open_driver: opens one more, if none is free.
    """

    def __init__(self, open_driver: Callable[[], RequestsDriver]) -> None:
        self._open_driver = open_driver
        self._free: deque[RequestsDriver] = deque()
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        while self._free:
            self._free.pop().close()

    def run(self, conversation: Conversation[T]) -> T:
        """Carries one conversation to its end and returns its result."""
        try:
            driver = self._free.pop()
        except IndexError:
            driver = self._open_driver()
        try:
            return driver.run(conversation)
        finally:
            self._free.append(driver)
            if self._is_closed:
                self.__exit__(None, None, None)
