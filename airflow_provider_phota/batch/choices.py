"""Defines the choices that a DAG's author has for a batch."""

from __future__ import annotations

from enum import Enum


class OnEmpty(Enum):
    """Says what to do if there are no items."""

    FAIL = "fail"
    SKIP = "skip"


class Duplicates(Enum):
    """Says what to do about items that ask for the same edit of the same pictures."""

    #: pay once, and land the pictures for each of them
    SHARE = "share"
    PAY = "pay"
