"""Defines what a user can ask for where only another payment can bring a result."""

from __future__ import annotations

from enum import Enum


class Policy(Enum):
    """Says what to do if only a new payment can bring a result."""

    FAIL = "fail"
    RESUBMIT = "resubmit"
