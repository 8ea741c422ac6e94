"""What a conversation yields and what it is sent back: the whole interface between api/ and drivers/.

A conversation is a generator. It yields a `Request` and is sent its `Response` (or has a `TransportError`
thrown into it), or yields a `Sleep` and is sent None; what it returns is the caller's typed value. The
pattern is that of httpx's `Auth.auth_flow`: to send a request, yield it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

#: Bytes of an answer a driver reads before it gives up: a task is a few KB.
MAX_ANSWER = 256 * 1024


class Openable(Protocol):
    """A file to be: a `pathlib.Path`, or a path of an object store."""

    @property
    def name(self) -> str: ...

    def open(self, mode: Any, /) -> IO[Any]: ...


@dataclass(frozen=True)
class FileForm:
    """A multipart body around one file, streamed by the driver: `head`, the file, `tail`.

    Attributes:
        size: bytes of the file when the form was made; a file that has another size when read is an error.
        sha256: of the file when it was looked at; another content is an error. Empty if nobody looked.
    """

    head: bytes
    file: Openable
    size: int
    tail: bytes
    content_type: str
    sha256: str = ""

    @property
    def length(self) -> int:
        return len(self.head) + self.size + len(self.tail)


@dataclass(frozen=True)
class Request:
    """One HTTP request to the API, relative to the connection's base URL.

    Attributes:
        body: JSON text, a form to stream, or None.
        billed: True for a submit: it goes out on a fresh connection and its failure may cost money.
        before_sending: called once the connection stands, before the first byte of the request leaves; what
            it raises is raised instead of sending.
        max_answer: bytes of the answer that are read before the driver gives up.
        within: seconds for which it may be held back, by a driver that paces requests; None for any time.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | FileForm | None = None
    billed: bool = False
    before_sending: Callable[[], None] | None = field(default=None, compare=False, repr=False)
    max_answer: int = MAX_ANSWER
    within: float | None = None


@dataclass(frozen=True)
class Response:
    """A complete HTTP answer: headers have lower-case names; the body is as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Sleep:
    """Ask the driver to let this many seconds pass."""

    seconds: float


Step: TypeAlias = Request | Sleep
Conversation: TypeAlias = Generator[Step, Response | None, T]
