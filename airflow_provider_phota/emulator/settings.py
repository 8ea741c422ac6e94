"""What an emulator can be told when it starts."""

import ipaddress
import math
from dataclasses import dataclass
from pathlib import Path

#: Result URLs live 24 hours, uploaded files 72 (the vendor's documentation).
RESULT_TTL = 24 * 3600.0
UPLOAD_TTL = 72 * 3600.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service behaves; every field has a default that suits a demo.

    Attributes:
        host: Loopback address to listen on.
        port: TCP port; 0 takes a free one.
        tls_cert: PEM file with certificate and private key; the service then speaks https.
        latency: Shortest and longest duration of a task, in seconds.
        seed: Seed of the durations; None draws a new one at every start.
        state: SQLite file that keeps everything across restarts; None forgets it at the end.
        credits: What every new key may spend.
        result_ttl: Seconds a result URL lives after the task completed.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    tls_cert: Path | None = None
    latency: tuple[float, float] = (2.0, 5.0)
    seed: int | None = None
    state: Path | None = None
    credits: int = 1_000_000
    result_ttl: float = RESULT_TTL

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", bindable(self.host))
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must be from 0 to 65535, got {self.port}")
        shortest, longest = self.latency
        if not 0 <= shortest <= longest < math.inf:
            raise ValueError(f"latency must be two numbers, 0 <= shortest <= longest, got {self.latency}")
        if self.credits < 0:
            raise ValueError(f"credits must not be negative, got {self.credits}")
        if self.result_ttl <= 0:
            raise ValueError(f"result_ttl must be more than 0 seconds, got {self.result_ttl}")

    @property
    def scheme(self) -> str:
        return "https" if self.tls_cert else "http"


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its spelling alone; no name but ``localhost`` is looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def bindable(host: str) -> str:
    """Return the address to bind for ``host``.

    Raises:
        ValueError: ``host`` is not on loopback.
    """
    if not is_loopback(host):
        raise ValueError(
            f"host {host!r} is refused: the emulator listens on loopback only "
            "(127.0.0.1, any other 127.x.y.z, ::1 or localhost)"
        )
    # "localhost" may stand for two addresses, and port 0 would then be two different ports.
    return "127.0.0.1" if host.lower() == "localhost" else host.strip("[]")
