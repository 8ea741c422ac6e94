"""Builds the errors of waits that ended without a finished task.

The first line of a text says what happened. It has fewer than 100 characters for the IDs that the service
gives, since Airflow's log view cuts longer lines. Each further line is a sentence or two: what is paid, what
the PHOTA task does now, and what can be done.
"""

from __future__ import annotations

from airflow_provider_phota.api.errors import (
    PhotaLostSight,
    PhotaNotBilled,
    PhotaNotFound,
    PhotaRefused,
    PhotaResultsMissing,
    PhotaTaskUnknown,
    PhotaWaitRefused,
    PhotaWaitTimeout,
)
from airflow_provider_phota.api.tasks import RESULT_HOURS

RESULTS_LIVE = f"Its results live {RESULT_HOURS} hours."
MAY_GO_ON = f"It may still be running and is billed. {RESULTS_LIVE}"
FREE = "Waiting for it again is free."


class PhotaExecutionTimeout(PhotaWaitTimeout):
    """Airflow's `execution_timeout` passed while the task was running; the task goes on."""


def lines(*parts: str) -> str:
    """Joins the parts that are not empty, each on a line of its own."""
    return "\n".join(filter(None, parts))


def goes_on(phota_task_id: str) -> str:
    """Says that a task that is not waited for any longer still runs."""
    return f"PHOTA task {phota_task_id} goes on and is billed. {RESULTS_LIVE}"


def out_of_time(phota_task_id: str, execution_timeout: float) -> str:
    """Says that `execution_timeout`, in seconds, passed: on a worker, or during a wait in the triggerer."""
    return lines(
        f"execution_timeout of {execution_timeout:.0f} s passed: PHOTA task {phota_task_id} is billed.",
        f"If it is not finished yet, it goes on. {RESULTS_LIVE}",
    )


def timed_out(phota_task_id: str, how: str, problem: str = "") -> PhotaWaitTimeout:
    """Returns the error of a wait whose time is over.

    Args:
        phota_task_id: the task.
        how: the end of the first line; may have further lines.
        problem: why the last question got no usable answer; empty if it got one.
    """
    return PhotaWaitTimeout(
        lines(
            f"PHOTA task {phota_task_id} was not finished {how}",
            problem and f"The last question failed: {problem}",
            goes_on(phota_task_id) if not problem else MAY_GO_ON,
            FREE,
        ),
        phota_task_id,
    )


def lost_sight(phota_task_id: str, seconds: float, problem: PhotaNotBilled) -> PhotaLostSight:
    """Returns the error of a wait that got no usable answer for this many seconds."""
    return PhotaLostSight(
        lines(
            f"Lost sight of PHOTA task {phota_task_id}: no usable answer for {seconds:.0f} s.",
            f"The last problem: {problem}",
            MAY_GO_ON,
            FREE,
        ),
        phota_task_id,
    )


def refused(phota_task_id: str, problem: PhotaNotBilled) -> PhotaWaitRefused:
    """Returns the error of a wait that is not allowed to ask, which another question cannot change."""
    return PhotaWaitRefused(
        lines(
            f"Cannot ask about PHOTA task {phota_task_id}.",
            str(problem),
            MAY_GO_ON,
            "Fix that first; then waiting for it again is free.",
        ),
        phota_task_id,
        is_about_all=isinstance(problem, PhotaRefused) and problem.status in {401, 402},
    )


def unreachable_over_tls(phota_task_id: str, seconds: float, problem: PhotaNotBilled) -> PhotaWaitRefused:
    """Returns the error of a wait that has had no TLS connection in all its seconds."""
    return PhotaWaitRefused(
        lines(
            f"Cannot ask about PHOTA task {phota_task_id}: no TLS connection for {seconds:.0f} s.",
            str(problem),
            MAY_GO_ON,
            "Check the certificate authorities of this machine; a triggerer may have others than a worker.",
            "When that is fixed, waiting for it again is free.",
        ),
        phota_task_id,
        is_about_all=True,
    )


def unknown(phota_task_id: str, problem: PhotaNotFound) -> PhotaTaskUnknown:
    """Returns the error of a wait for a task that the service does not know."""
    return PhotaTaskUnknown(
        lines(
            f"The service does not know PHOTA task {phota_task_id}.",
            str(problem),
            "Is the ID right, and is it a task of this connection's account? If so, it was billed.",
        ),
        phota_task_id,
    )


def results_missing(phota_task_id: str, seconds: float) -> PhotaResultsMissing:
    """Returns the error of a wait for results that a completed task has not shown for this many seconds."""
    return PhotaResultsMissing(
        lines(
            f"PHOTA task {phota_task_id} is completed, but has shown no results for {seconds:.0f} s.",
            f"It is billed. {RESULTS_LIVE}",
            "Asking again later is free.",
        ),
        phota_task_id,
    )
