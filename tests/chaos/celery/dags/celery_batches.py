"""Offers the DAG of batches to this Airflow, which parses nothing else of the other harnesses."""

from chaos_batches import chaos_batch_deferred

__all__ = ["chaos_batch_deferred"]
