"""Exports the operators that place an order with PHOTA; DAGs import them from here."""

from airflow_provider_phota.operators.edit import PhotaImageEditOperator
from airflow_provider_phota.operators.edit_batch import PhotaImageEditBatchOperator
from airflow_provider_phota.operators.enhance import PhotaImageEnhanceOperator
from airflow_provider_phota.operators.enhance_batch import PhotaImageEnhanceBatchOperator
from airflow_provider_phota.operators.generate import PhotaImageGenerateOperator
from airflow_provider_phota.operators.generate_batch import PhotaImageGenerateBatchOperator
from airflow_provider_phota.operators.profile import PhotaCreateProfileOperator

__all__ = [
    "PhotaCreateProfileOperator",
    "PhotaImageEditBatchOperator",
    "PhotaImageEditOperator",
    "PhotaImageEnhanceBatchOperator",
    "PhotaImageEnhanceOperator",
    "PhotaImageGenerateBatchOperator",
    "PhotaImageGenerateOperator",
]
