"""Looks at the messages between scheduler and workers in Redis, and sends them a second time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from redis import Redis

#: Where kombu keeps the messages that a worker has taken and not acknowledged.
_UNACKED = "unacked"
#: Airflow's name for its queue, if a task does not name one.
_QUEUE = "default"


@dataclass(frozen=True)
class Message:
    """Is a message that a worker has taken.

    Attributes:
        tag: tells the deliveries apart.
        task_id: of Celery.
        body: as it lies in the queue.
    """

    tag: str
    task_id: str
    body: bytes


@dataclass(frozen=True)
class Queue:
    """Is the queue of one broker."""

    url: str

    @cached_property
    def _redis(self) -> Redis:
        return Redis.from_url(self.url)

    def taken(self) -> Iterator[Message]:
        """Yields the messages that are with a worker. With late acks, that is as long as the task runs."""
        found: dict[bytes, bytes] = self._redis.hgetall(_UNACKED)
        for tag, value in found.items():
            message: dict[str, Any] = json.loads(value)[0]
            yield Message(tag.decode(), message["headers"]["id"], json.dumps(message).encode())

    def deliver_again(self, message: Message) -> None:
        """Puts a message back, as Celery does once its visibility timeout is over."""
        self._redis.rpush(_QUEUE, message.body)
