"""Makes result pictures when they are first asked for, so that unseen results cost nothing."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from airflow_provider_phota.emulator.pictures import draw, draw_shared, draw_small, draw_thumbnail
from airflow_provider_phota.emulator.records import TaskRecord
from airflow_provider_phota.emulator.store import Store

#: The most bytes of all drawn pictures that are kept. The pictures that were used last stay longest.
CACHE_BYTES = 128 * 1024 * 1024
_AT_ONCE = 2


class Studio:
    """Draws in threads, at most two at a time, and remembers the last pictures.

    Attributes:
        pictures: How it draws; see `Settings.pictures`.
    """

    def __init__(self, store: Store, pictures: str) -> None:
        self.pictures = pictures
        self._usual = pictures
        self._store = store
        self._threads = ThreadPoolExecutor(_AT_ONCE, "phota-emulator-draw")
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._drawing: dict[tuple[str, int], asyncio.Task[bytes]] = {}
        self._cache: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._cached = 0

    async def close(self) -> None:
        for job in self._drawing.values():
            job.cancel()
        await asyncio.gather(*self._drawing.values(), return_exceptions=True)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def reset(self) -> None:
        """Draws as at the start."""
        self.pictures = self._usual

    async def picture(self, task: TaskRecord, index: int) -> bytes:
        """Returns one result of a completed task as PNG."""
        if self.pictures == "small":
            return draw_small(task.id, index)  # takes less time than to look for it, or to start a job
        if self.pictures == "shared":
            order = task.order
            look = f"{order.model} {order.resolution} {order.aspect_ratio}"
            return await self._remembered((look, 0), lambda: partial(draw_shared, order))
        return await self._remembered((task.id, index), lambda: self._full_size(task, index))

    async def thumbnail(self, task: TaskRecord, index: int) -> bytes:
        """Returns one result of a completed task as a small JPEG."""
        way = self.pictures
        name = (f"thumbnail of {way} {task.id}", index)

        def prepare() -> Callable[[], bytes]:
            inputs = self._inputs(task) if way == "full" else ()
            return partial(draw_thumbnail, way, task.order, inputs, task.id, index)

        return await self._remembered(name, prepare)

    def _inputs(self, task: TaskRecord) -> list[bytes]:
        return [self._store.read(blob) for blob in task.inputs or ()]

    def _full_size(self, task: TaskRecord, index: int) -> Callable[[], bytes]:
        return partial(draw, task.order, self._inputs(task), task.id, index)

    async def _remembered(self, name: tuple[str, int], prepare: Callable[[], Callable[[], bytes]]) -> bytes:
        """Returns a picture that is remembered, or draws it.

        Args:
            name: of the picture.
            prepare: Reads what is needed, and returns a function that draws, which then runs in a thread.
        """
        if name in self._cache:
            self._cache.move_to_end(name)
            return self._cache[name]
        job = self._drawing.get(name)
        if job is None:
            job = self._drawing[name] = asyncio.create_task(self._draw(name, prepare))
            job.add_done_callback(lambda _: self._drawing.pop(name, None))
        # One client that goes away must not stop the drawing for the others.
        return await asyncio.shield(job)

    async def _draw(self, name: tuple[str, int], prepare: Callable[[], Callable[[], bytes]]) -> bytes:
        async with self._gate:  # also bounds how many inputs are held in memory
            png = await asyncio.get_running_loop().run_in_executor(self._threads, prepare())
        self._keep(name, png)
        return png

    def _keep(self, name: tuple[str, int], png: bytes) -> None:
        self._cache[name] = png
        self._cached += len(png)
        while self._cached > CACHE_BYTES and len(self._cache) > 1:
            self._cached -= len(self._cache.popitem(last=False)[1])
