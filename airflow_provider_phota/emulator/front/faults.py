"""Says in words which faults are waiting."""

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_phota.emulator.faults import Fault
from airflow_provider_phota.texts import count, visible

_MATCHES = {"task_id": "task", "prompt": "prompt with", "url": "URL with"}
_NUMBERS = ("status", "seconds")
_TEXTS = ("word", "code", "message")


@dataclass(frozen=True, slots=True)
class WaitingFault:
    """Describes one fault as the page shows it.

    Attributes:
        on: What kind of requests it waits for.
        kind: What happens.
        details: Short texts, such as ``status 503``.
    """

    on: str
    kind: str
    details: tuple[str, ...]


def waiting(fault: Fault) -> WaitingFault:
    """Returns a fault as the page shows it."""
    return WaitingFault(fault.on, fault.kind, (*_what(fault), *_which(fault)))


def _what(fault: Fault) -> Iterator[str]:
    for name in (*_NUMBERS, *_TEXTS):
        if (value := getattr(fault, name)) is not None:
            yield visible(f"{value:g} s" if name == "seconds" else f"{name} {value}", 60)
    if fault.created:
        yield "created first"


def _which(fault: Fault) -> Iterator[str]:
    for name, text in fault.match.items():
        yield f"{_MATCHES[name]} “{visible(text, 40)}”"
    if fault.share is not None:
        yield f"{100 * fault.share:.3g} % of them"
    if fault.skip:
        yield f"after {count(fault.skip, 'other')}"
    yield "always" if fault.times is None else count(fault.times, "time")
