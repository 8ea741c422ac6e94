"""The operators that place an order with PHOTA."""

from airflow_provider_phota.operators.edit import PhotaImageEditOperator

__all__ = ["PhotaImageEditOperator"]
