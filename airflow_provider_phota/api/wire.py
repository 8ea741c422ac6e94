"""Defines what a conversation yields and what it is sent back: the interface between api/ and drivers/.

A conversation is a generator. It yields a `Request` and is sent its `Response` (or has a `TransportError`
thrown into it), or it yields a `Sleep` and is sent None. What it returns is a typed value for the caller. The
pattern is that of httpx's `Auth.auth_flow`: to send a request, yield it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

#: What is done right before a request is sent. Drivers that are not on an event loop take a function only.
BeforeSending: TypeAlias = Callable[[], Coroutine[Any, Any, None] | None]

#: Bytes of an answer that a driver reads before it gives up. A task has a few KB.
MAX_ANSWER = 256 * 1024


class Openable(Protocol):
    """Is a file that can be opened: a `pathlib.Path`, or a path of an object store."""

    @property
    def name(self) -> str: ...

    def open(self, mode: Any, /) -> IO[Any]: ...


@dataclass(frozen=True)
class FileForm:
    """Is a multipart body that the driver streams: `head`, the file, `tail`.

    Attributes:
        size: bytes of the file when the form was made. If the file then has another size, it is not sent.
        sha256: of the file when the form was made. If the file then has another one, it is not sent.
            Empty if the content was not read before.
    """

    head: bytes
    file: Openable
    size: int
    tail: bytes
    content_type: str
    sha256: str = ""

    @property
    def length(self) -> int:
        """Bytes of the whole body."""
        return len(self.head) + self.size + len(self.tail)


@dataclass(frozen=True)
class Request:
    """Describes one HTTP request to the API, relative to the connection's base URL.

    Attributes:
        body: JSON text, a form to stream, or None.
        billed: True for a submit: it gets a new connection, and its failure may cost money.
        before_sending: called once the connection is established, before the first byte of the request is
            sent. If it raises, the request is not sent, and its exception is raised. On an event loop, it may
            be a coroutine function.
        max_answer: bytes of the answer that the driver reads before it gives up.
        within: seconds for which a driver that paces requests may hold it back. None sets no limit.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | FileForm | None = None
    billed: bool = False
    before_sending: BeforeSending | None = field(default=None, compare=False, repr=False)
    max_answer: int = MAX_ANSWER
    within: float | None = None


@dataclass(frozen=True)
class Response:
    """Holds a complete HTTP answer: the names of its headers are in lower case, its body is not decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Sleep:
    """Asks the driver to let this many seconds pass."""

    seconds: float


Step: TypeAlias = Request | Sleep
Conversation: TypeAlias = Generator[Step, Response | None, T]
