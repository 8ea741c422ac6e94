"""Waits with this provider's trigger as it was at another commit, which `make bench-before` puts in place."""

from __future__ import annotations

import sys

from benchmarks.processes import ROOT

sys.path.insert(0, str(ROOT / ".build" / "before"))

from benchmarks.contestants.phota import CONTESTANT  # it imports the package from that place

__all__ = ["CONTESTANT"]
