"""Names how far an item of a batch is."""

from __future__ import annotations

from enum import Enum


class Stopped(Exception):
    """Says that nothing more is sent in this attempt, so that the item stays as it is."""


class Stage(Enum):
    """Says how far an item is."""

    PREPARING = "preparing"
    #: ready to be paid for, as soon as a slot is free
    QUEUED = "queued"
    SUBMITTING = "submitting"
    WAITING = "waiting"
    LANDING = "landing"
