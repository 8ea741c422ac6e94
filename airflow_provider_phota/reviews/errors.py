"""Defines what can go wrong when a person is asked. They stand in the tree of `api.errors`."""

from __future__ import annotations

from airflow_provider_phota.api.errors import PhotaNotBilled


class PhotaReviewError(PhotaNotBilled):
    """A person's decision is missing, or it cannot be carried out. The pictures are paid, and stay."""


class PhotaPublishError(PhotaReviewError):
    """A store did not take an approved picture. Trying again is free, and asks nobody again."""

    retryable = True
