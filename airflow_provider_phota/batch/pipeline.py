"""Places the orders of all items of a batch, many at once, on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from airflow_provider_phota.batch.course import Course
from airflow_provider_phota.batch.idle import Pause, pause_worth_taking
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.plan import Plan
from airflow_provider_phota.batch.kit import Kit
from airflow_provider_phota.batch.leavers import leavers_to_land
from airflow_provider_phota.batch.metrics import count_order_of
from airflow_provider_phota.batch.reporting import Reporter
from airflow_provider_phota.batch.stages import Stage
from airflow_provider_phota.batch.tally import Tally, TooManyFailures
from airflow_provider_phota.journal.decisions import Done, Hold, Resume, Start, Step, WaitForSender, next_step
from airflow_provider_phota.journal.history import ItemState
from airflow_provider_phota.journal.rows import Row

#: Items that are looked at, uploaded or landed besides those that are in flight. With fewer, orders in flight
#: would be missing: 11 of a second each that upload and 11 that land, and those that wait for the journal.
_BESIDES = 64
#: Seconds between two looks at how the batch is doing.
_LOOK = 0.5


@dataclass(eq=False)
class Pipeline:
    """Places the orders of all items of a plan.

    Attributes:
        may_pause: True if the batch can go on waiting in the triggerer.
    """

    kit: Kit
    plan: Plan
    tally: Tally
    reporter: Reporter
    may_pause: bool

    def __post_init__(self) -> None:
        self._courses: set[Course] = set()
        self._room = asyncio.Semaphore(self.kit.options.in_flight + _BESIDES)
        self._has_more = True
        self._knows_earlier_ends = False

    async def run(self) -> Pause | None:
        """Returns once no item is open, or nothing more is sent; or with a pause if there is nothing to do.

        If the attempt has to end at once, it ends when the submits that are under way have their answers.
        """
        work, watch = asyncio.create_task(self._place_all()), asyncio.create_task(self._watch())
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else watch.result()
        finally:
            self._report(is_last=True)
            work.cancel()
            watch.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def _place_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            with self._stopping():
                await self._feed(group)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Stops the batch after an error. To pass it on would break off the submits that are under way."""
        try:
            yield
        except Exception as error:
            self.kit.gate.stop(error)

    async def _feed(self, group: asyncio.TaskGroup) -> None:
        """Starts the courses: first of what is paid for, then of what is to be paid for."""
        to_send = bytearray(self.plan.count)
        left = {state.item: state for state in self.kit.journal.state.items_to_settle()}
        async for item, item_id, step in self._steps():
            left.pop(item_id, None)
            if (state := self.kit.journal.state.item(item_id)) is not None:
                self.kit.keys[item_id] = item.key
            if isinstance(step, Done):
                self.tally.note(step.status, can_retry=state is not None and state.can_retry)
            elif isinstance(step, Start):
                to_send[item.number - 1] = True
            else:
                group.create_task(self._follow(item, item_id, step))
        if left:
            await self._land_leavers(group, left)
        self._knows_earlier_ends = True
        self._stop_if_too_many_failed()
        async for item, item_id, step in self._steps():
            if to_send[item.number - 1] and isinstance(step, Start):
                await self._room.acquire()
                if self.kit.gate.is_stopped:
                    break
                group.create_task(self._follow_in_room(item, item_id, step))
        self._has_more = False

    async def _land_leavers(self, group: asyncio.TaskGroup, left: dict[str, ItemState]) -> None:
        """Lands what earlier attempts have paid for, of items that are not in the plan any more."""
        journal = self.kit.journal
        find = partial(leavers_to_land, journal.lease, self.plan, self.kit.preparer.names, left)
        for item, state in await journal.patience.call(find, "read", reads_all=True):
            group.create_task(self._land_leaver(item, state))

    async def _land_leaver(self, item: Item, state: ItemState) -> None:
        with self._stopping():
            course = Course(item, state.item, self.kit)
            row = await self._run(course, self._way_of(course, Resume(state.phota_task_id or "")))
            if row is None or row.can_retry:
                self.tally.stranded[item.key] = state.phota_task_id or ""

    async def _steps(self) -> AsyncIterator[tuple[Item, str, Step]]:
        for number in range(1, len(self.plan.chunks) + 1):
            for item in await self.kit.journal.patience.call(partial(self.plan.chunk, number), "read"):
                item_id = item.id(self.plan.edition)
                yield item, item_id, self._next_step(item_id)

    def _next_step(self, item_id: str) -> Step:
        state = self.kit.journal.state.item(item_id)
        journal = self.kit.journal
        left = journal.seconds_left(state) if state else 0.0
        again = state is not None and journal.is_of_earlier_try(state)
        return next_step(state, left, self.kit.options.on_ambiguous, new_attempt=again)

    async def _follow_in_room(self, item: Item, item_id: str, step: Start) -> None:
        try:
            await self._follow(item, item_id, step)
        finally:
            self._room.release()

    async def _follow(self, item: Item, item_id: str, step: Step) -> None:
        with self._stopping():
            await self._follow_to_its_end(item, item_id, step)

    async def _follow_to_its_end(self, item: Item, item_id: str, step: Step) -> None:
        while isinstance(step, WaitForSender):
            await asyncio.sleep(step.seconds)
            await self.kit.journal.reread()  # an attempt that was overtaken still writes the IDs it gets
            step = self._next_step(item_id)
        if isinstance(step, Done):
            self.tally.note(step.status)
            return
        course = Course(item, item_id, self.kit)
        if row := await self._run(course, self._way_of(course, step)):
            self._count(row)

    async def _run(self, course: Course, way: Coroutine[None, None, Row | None]) -> Row | None:
        self._courses.add(course)
        try:
            if row := await way:
                count_order_of(course.item.order.model, row)
            return row
        finally:
            self._courses.discard(course)

    def _way_of(self, course: Course, step: Step) -> Coroutine[None, None, Row | None]:
        state = self.kit.journal.state.item(course.item_id)
        if isinstance(step, Start):
            return course.start(step)
        if isinstance(step, Resume) and state:
            return course.resume(step, state)
        if isinstance(step, Hold) and state:
            return course.hold(state)
        raise TypeError(f"{step} is not a way for an item that is open")

    def _count(self, row: Row) -> None:
        self.tally.add(row)
        self._stop_if_too_many_failed()

    def _stop_if_too_many_failed(self) -> None:
        try:
            self.tally.check_failures()
        except TooManyFailures as reason:
            self.kit.gate.stop(reason)

    async def _watch(self) -> Pause | None:
        """Returns once the batch can leave its worker slot, or has to end at once."""
        while True:
            self._report()
            if self.kit.gate.is_urgent and not self._is_submitting:
                return None
            if self.may_pause and (pause := self._pause()):
                return pause
            await asyncio.sleep(_LOOK)

    def _report(self, *, is_last: bool = False) -> None:
        if not self._knows_earlier_ends:
            return
        state = self.kit.journal.state
        self.reporter.report(self.tally.counts, self.kit.slots.taken, state.credits, is_last=is_last)

    @property
    def _is_submitting(self) -> bool:
        return any(course.stage is Stage.SUBMITTING for course in self._courses)

    def _pause(self) -> Pause | None:
        has_more = self._has_more and not self.kit.gate.is_stopped
        if has_more and self.kit.slots.free:
            return None
        waiting = [course for course in self._courses if course.stage is Stage.WAITING]
        if any(course.is_busy for course in self._courses):
            return None
        return pause_worth_taking(
            [course.open_task() for course in waiting],
            self.kit.options,
            self.kit.poller.durations,
            has_more=has_more,
        )
