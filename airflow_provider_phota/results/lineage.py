"""Says in OpenLineage events what an Airflow task has ordered, and what that costs.

OpenLineage is not needed: only its own provider asks for these facets, so nothing here imports it before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from airflow_provider_phota.api.costs import Cost

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_phota.results.lineage_facet import PhotaRunFacet

#: The name of the run facet.
FACET = "phota"


@dataclass(frozen=True)
class Spent:
    """Says what an Airflow task has spent.

    Attributes:
        base_url: of the service.
        models: that were ordered.
        counts: of the orders, by what became of them.
        cost: of all of them.
    """

    base_url: str
    models: tuple[str, ...]
    counts: Mapping[str, int]
    cost: Cost


class Spender(Protocol):
    """Knows what an attempt has spent."""

    @property
    def spent(self) -> Spent | None:
        """What this process knows to be spent; None if nothing was ordered."""


class LineageOfCost:
    """Adds to the OpenLineage events of an operator what the operator has spent, without any secret."""

    _spender: Spender | None = None

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage:  # noqa: ARG002  # OpenLineage gives it
        """Returns the run facet. OpenLineage calls this in the process of the attempt, when it has ended."""
        from airflow.providers.openlineage.extractors import OperatorLineage  # noqa: PLC0415  # see above

        spent = self._spender.spent if self._spender else None
        return OperatorLineage(run_facets={FACET: _facet(spent)} if spent else {})


def _facet(spent: Spent) -> PhotaRunFacet:
    from airflow_provider_phota.results.lineage_facet import PhotaRunFacet  # noqa: PLC0415  # see above

    return PhotaRunFacet(
        host=urlsplit(spent.base_url).netloc,
        models=list(spent.models),
        counts=dict(spent.counts),
        cost=dict(spent.cost.to_dict()),
    )
