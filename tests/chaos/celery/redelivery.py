"""Delivers messages a second time, while a row is under way."""

from __future__ import annotations

import random
import threading
import time
from typing import Self

from tests.chaos.celery.queue import Message, Queue

#: The share of the messages that come twice, and how much later, in seconds.
SHARE, LATER = 0.6, 12.0
#: Seconds between two looks at what the workers have taken.
PAUSE = 0.1


class Redelivery:
    """Is a thread that puts messages back. It is a context manager.

    Attributes:
        delivered: how many messages it has put back.
    """

    def __init__(self, queue: Queue, chance: random.Random) -> None:
        self.delivered = 0
        self._queue, self._chance = queue, chance
        self._seen: set[str] = set()
        self._due: list[tuple[float, Message]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(PAUSE):
            self._look()
            now = time.monotonic()
            for when, message in [each for each in self._due if each[0] <= now]:
                self._due.remove((when, message))
                self._queue.deliver_again(message)
                self.delivered += 1

    def _look(self) -> None:
        for message in self._queue.taken():
            if message.tag in self._seen:
                continue
            self._seen.add(message.tag)
            if self._chance.random() < SHARE:
                # half of them while the first delivery has only begun
                delay = self._chance.choice((0.0, self._chance.uniform(0.0, LATER)))
                self._due.append((time.monotonic() + delay, message))
