"""Holds the settings of an emulator, and checks them."""

import ipaddress
import math
from dataclasses import dataclass
from pathlib import Path

#: Result URLs live 24 hours, uploaded files 72 (the vendor's documentation).
RESULT_TTL = 24 * 3600.0
UPLOAD_TTL = 72 * 3600.0
#: How results are drawn: see `Settings.pictures`.
PICTURES = ("full", "small", "shared")


@dataclass(frozen=True, slots=True)
class Settings:
    """Says how the service behaves. Every field has a default that suits a demo.

    Attributes:
        host: Address to listen on; a loopback one, unless remote clients are allowed.
        port: TCP port. With 0, a free one is chosen.
        tls_cert: PEM file with certificate and private key. With it, the service speaks https.
        latency: Shortest and longest duration of a task, in seconds.
        seed: Seed of the durations. If it is None, a new one is drawn at every start.
        state: SQLite file that keeps everything across restarts. If it is None, everything is forgotten at
            the end.
        credits: What every new key may spend.
        result_ttl: Seconds a result URL lives after the task completed.
        pictures: How results are drawn, since that takes most of the time of thousands of tasks. ``full``:
            the inputs, visibly changed. ``small``: 64 pixels wide, from the task's ID alone; no two are
            equal. ``shared``: of full size, and the same one for all results of a model, resolution and
            aspect ratio.
        rate_limit: Requests a second that all clients together may send to the API. There is no limit if it
            is None.
        allow_remote: Whether other machines may be clients. Everyone who reaches the port then sees and
            changes everything. URLs of this machine are not read for them, except the emulator's own.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    tls_cert: Path | None = None
    latency: tuple[float, float] = (2.0, 5.0)
    seed: int | None = None
    state: Path | None = None
    credits: int = 1_000_000
    result_ttl: float = RESULT_TTL
    pictures: str = "full"
    rate_limit: float | None = None
    allow_remote: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", bindable(self.host, allow_remote=self.allow_remote))
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must be from 0 to 65535, got {self.port}")
        shortest, longest = self.latency
        if not 0 <= shortest <= longest < math.inf:
            raise ValueError(f"latency must be two numbers, 0 <= shortest <= longest, got {self.latency}")
        if self.credits < 0:
            raise ValueError(f"credits must not be negative, got {self.credits}")
        if self.result_ttl <= 0:
            raise ValueError(f"result_ttl must be more than 0 seconds, got {self.result_ttl}")
        if self.rate_limit is not None and not 0 < self.rate_limit < math.inf:
            raise ValueError(f"rate_limit must be more than 0 requests a second, got {self.rate_limit}")
        checked_pictures(self.pictures)

    @property
    def scheme(self) -> str:
        return "https" if self.tls_cert else "http"


def checked_pictures(pictures: object) -> str:
    """Returns how results are to be drawn.

    Raises:
        ValueError: There is no such way.
    """
    if not isinstance(pictures, str) or pictures not in PICTURES:
        raise ValueError(f"pictures must be one of {', '.join(PICTURES)}, got {pictures!r}")
    return pictures


def is_loopback(host: str) -> bool:
    """Returns True if ``host`` is this machine. Names other than ``localhost`` are not looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def bindable(host: str, *, allow_remote: bool = False) -> str:
    """Returns the address to bind for ``host``.

    Raises:
        ValueError: ``host`` is not on loopback, and remote clients are not allowed.
    """
    if not (allow_remote or is_loopback(host)):
        raise ValueError(
            f"host {host!r} is refused: the emulator listens on loopback only "
            "(127.0.0.1, any other 127.x.y.z, ::1 or localhost), unless you add --allow-remote"
        )
    # "localhost" may stand for two addresses, and port 0 would then be two different ports.
    return "127.0.0.1" if host.lower() == "localhost" else host.strip("[]")
