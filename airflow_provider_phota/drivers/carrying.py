"""Carries a conversation to its end on an event loop, whoever sends its requests."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar

from airflow_provider_phota.api.errors import TransportError
from airflow_provider_phota.api.wire import Conversation, Request, Response

T = TypeVar("T")


class Carrier(Protocol):
    """Sends the requests of a conversation and lets its pauses pass."""

    async def exchange(self, request: Request) -> Response:
        """Sends one request and returns its answer; raises `TransportError` if no complete one came."""

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Lets this many seconds pass."""


async def carry(conversation: Conversation[T], carrier: Carrier) -> T:
    """Carries a conversation to its end and returns its result."""
    try:
        step = next(conversation)
        while True:
            answer = None
            try:
                if isinstance(step, Request):
                    answer = await carrier.exchange(step)
                else:
                    await carrier.sleep(step.seconds)
            except TransportError as failure:
                step = conversation.throw(failure)
            else:
                step = conversation.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        # a cancelled conversation's frames may stay in memory for a while: end it now
        conversation.close()
