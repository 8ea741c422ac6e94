"""Places the orders of a whole batch in one Airflow task: many at once, each paid for once.

`read_results` is for DAGs: it reads what became of the items.
"""

from airflow_provider_phota.batch.results import read_results

__all__ = ["read_results"]
