"""Makes event loops whose time goes forward only when all tasks wait, so that a slow machine cannot fail a test."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]  # which it is depends on the system
    now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("all tasks wait, and nothing will ever happen")
            self.now += timeout
        return events


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return float(self._virtual.now)


def now() -> float:
    """The running loop's time."""
    return asyncio.get_running_loop().time()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end, and checks that it has left no task under way."""

    async def alone() -> T:
        result = await coroutine
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(alone())
