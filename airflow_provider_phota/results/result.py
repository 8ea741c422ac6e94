"""Turns a finished PHOTA task into the dict that users chain on, and into the pictures that can land."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pendulum

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.costs import NO_COST, UNKNOWN_COST, Cost, final_cost
from airflow_provider_phota.api.errors import (
    PhotaInputError,
    PhotaInputRefused,
    PhotaResultsMissing,
    PhotaTaskFailed,
)
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.api.tasks import Image, Outcome, PhotaTask
from airflow_provider_phota.api.types import PhotaResult

log = logging.getLogger(__name__)

_REFUSED = (
    "It refuses the prompt or a picture: the same order again would be billed, and end in the same way."
)


@dataclass(frozen=True)
class ResultImages:
    """The pictures of a finished task.

    Attributes:
        images: with the URLs the service gave.
        expires_at: the earliest moment at which the URLs can stop working; unknown if it is None.
        cost: of the order.
    """

    phota_task_id: str
    images: Sequence[Image]
    expires_at: pendulum.DateTime | None = None
    cost: Cost = UNKNOWN_COST

    @classmethod
    def of_task(cls, task: PhotaTask, cost: Cost | None = None) -> ResultImages:
        """Reads the pictures from a task as the service shows it.

        Args:
            task: as the service shows it.
            cost: of the order in the end; None if only the task says something about it.

        Raises:
            PhotaTaskFailed: The service ended the task as failed.
            PhotaResultsMissing: The task is not finished.
            PhotaInputError: The task has made a profile, and no pictures.
        """
        if not task.is_finished:
            raise PhotaResultsMissing(
                endings.lines(
                    f"PHOTA task {task.id} is {task.status_word} and has no results yet.",
                    endings.MAY_GO_ON,
                    "First wait for it with PhotaTaskSensor.",
                ),
                task.id,
            )
        check_succeeded(task)
        if not task.images:
            raise _nothing_to_land(list(task.profile_ids))
        return cls(task.id, task.images, task.expires_at, cost or final_cost(UNKNOWN_COST, task))

    @classmethod
    def of_result(cls, result: Mapping[str, Any]) -> ResultImages:
        """Reads the pictures from the dict that an earlier Airflow task returned.

        Raises:
            PhotaInputError: It is not such a dict, or it has no pictures.
        """
        images = result.get("images")
        if not isinstance(images, list) or not all(map(_is_image, images)):
            raise PhotaInputError(
                "result", "has no list of images, each with a url: pass what the sensor returned."
            )
        if not images:
            raise _nothing_to_land(result.get("profile_ids"))
        return cls(
            checked_task_id(result.get("phota_task_id"), "result['phota_task_id']"),
            [Image(image["url"], image.get("content_type")) for image in images],
            _moment(result.get("expires_at")),
            _cost(result.get("cost")),
        )


def result_of(task: PhotaTask, cost: Cost | None = None, *, num_outputs: int | None = None) -> PhotaResult:
    """Returns a finished task as the plain dict that users chain on.

    Args:
        task: with outcome SUCCEEDED or FAILED.
        cost: of the order in the end; None if only the task says something about it.
        num_outputs: how many pictures were ordered. If the service made another number, the log says so.

    Raises:
        PhotaInputRefused: The service ended the task because it refuses the input.
        PhotaTaskFailed: The service ended the task as failed.
    """
    check_succeeded(task)
    if num_outputs is not None and len(task.images) != num_outputs:
        log.warning("PHOTA task %s: %s pictures ordered, %s made.", task.id, num_outputs, len(task.images))
    return task.to_dict((cost or final_cost(UNKNOWN_COST, task)).to_dict())


def existing_result(model: str) -> PhotaResult:
    """Returns the dict of an order whose pictures had landed before, so that nothing was submitted."""
    return {
        "phota_task_id": None,
        "model": model,
        "status": "existing",
        "images": [],
        "created": None,
        "expires_at": None,
        "usage": {},
        "cost": NO_COST.to_dict(),
    }


def check_succeeded(task: PhotaTask) -> None:
    """Raises the error of a finished task that brings no results.

    Raises:
        PhotaInputRefused: The service ended the task because it refuses the input.
        PhotaTaskFailed: The service ended the task as failed.
    """
    if task.refuses_input:
        raise PhotaInputRefused(endings.lines(_failure_in_words(task), _REFUSED), task.id)
    if task.outcome is Outcome.FAILED:
        raise PhotaTaskFailed(_failure_in_words(task), task.id)


def _failure_in_words(task: PhotaTask) -> str:
    failure = task.failure
    code = f"code {failure.code}" if failure and failure.code else ""
    words = failure.message if failure else ""
    request_id = f"(request_id: {task.request_id})" if task.request_id else ""
    reason = " ".join(filter(None, (": ".join(filter(None, (code, words))), request_id)))
    return endings.lines(
        f"The service ended PHOTA task {task.id} as {task.status_word}.",
        reason and f"It says: {reason}.",
        "The PHOTA task was billed; the service may give the credits back.",
    )


def _nothing_to_land(profile_ids: object) -> PhotaInputError:
    made = f": the task made the profile {shown(profile_ids)}, which is not a file" if profile_ids else ""
    return PhotaInputError("result", f"has no pictures to land{made}.")


def _is_image(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("url"), str)


def _cost(fields: object) -> Cost:
    try:
        return Cost.from_dict(fields if isinstance(fields, dict) else None)
    except (TypeError, ValueError):  # what a user has made; no picture is kept from landing by it
        return UNKNOWN_COST


def _moment(text: object) -> pendulum.DateTime | None:
    try:
        moment = pendulum.parse(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if isinstance(moment, pendulum.DateTime) else None
