"""Builds the errors of reviews that ended without an approval, and says who has decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.reviews.decisions import ASKS_AGAIN
from airflow_provider_phota.reviews.errors import PhotaReviewError
from airflow_provider_phota.reviews.records import Verdict
from airflow_provider_phota.reviews.review import Review


def who(verdict: Verdict) -> str:
    """Returns the name of the user who has decided."""
    return verdict.decided_by["name"] if verdict.decided_by else "nobody in time: the default holds"


def rejected(review: Review, verdict: Verdict) -> PhotaReviewError:
    """Returns the error for pictures that are rejected, if that fails the Airflow task."""
    return PhotaReviewError(
        lines(
            f"The pictures are rejected by {who(verdict)}, and on_reject is 'fail'.",
            review.whereabouts,
            ASKS_AGAIN,
        )
    )


def unanswered(event: Mapping[str, Any], review: Review) -> PhotaReviewError:
    """Returns the error for a question that has no answer.

    Args:
        event: of Airflow, which says why.
        review: that asked.
    """
    is_late = event.get("error_type") == "timeout"
    why = "Nobody answered in time" if is_late else "Airflow could not pass on an answer"
    return PhotaReviewError(
        lines(f"{why}, and nothing was decided about the pictures.", review.whereabouts, ASKS_AGAIN)
    )
