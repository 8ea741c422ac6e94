"""Names the objects of a journal, so that their order and their writer can be read from their names."""

from __future__ import annotations

import re

LEASES, SEGMENTS, ARCHIVES, WAITS = "leases", "segments", "archives", "waits"
_LEASE = re.compile(r"(\d{5,})\.json")
_GROUP = re.compile(r"(\d{5,})-(\d{6,})\.jsonl?")


def lease_name(lease: int) -> str:
    return f"{lease:05d}.json"


def lease_in(name: str) -> int | None:
    """Returns the number of a lease, or None if the name is not one of a lease."""
    match = _LEASE.fullmatch(name)
    return int(match[1]) if match else None


def group_name(lease: int, number: int, extension: str = "jsonl") -> str:
    """Returns the name of a segment, an archive or a list of waits: who wrote it, and its number."""
    return f"{lease:05d}-{number:06d}.{extension}"


def is_group(name: str) -> bool:
    return _GROUP.fullmatch(name) is not None


def position_of(name: str) -> tuple[int, int]:
    """Returns the number of the lease, and the number of the segment among those of the lease.

    Raises:
        ValueError: it is not the name of a segment.
    """
    match = _GROUP.fullmatch(name)
    if match is None:
        raise ValueError(f"{name} is not the name of a segment")
    return int(match[1]), int(match[2])
