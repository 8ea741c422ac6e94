"""Defines a run facet of OpenLineage.

Nothing imports this unless OpenLineage asks: it may not be installed.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.openlineage.facet import RunFacet
from attr import define


@define
class PhotaRunFacet(RunFacet):  # type: ignore[misc]  # mypy runs without OpenLineage
    """Says what a run has ordered of PHOTA, and what that costs.

    Attributes:
        host: of the service.
        models: that were ordered.
        counts: of the orders, by what became of them.
        cost: as `api.types.PhotaCost` has it.
    """

    host: str
    models: list[str]
    counts: dict[str, int]
    cost: dict[str, Any]
