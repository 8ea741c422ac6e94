"""Checks that pictures can land: before an order is paid for, before a wait, and before landing."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.errors import (
    PhotaInputError,
    PhotaLandingError,
    PhotaNotBilled,
    PhotaUnreachable,
)
from airflow_provider_phota.ledger.instances import instance_name_of
from airflow_provider_phota.results.claims import Claimant, claim_of, holder_of
from airflow_provider_phota.results.landing import Landing
from airflow_provider_phota.results.prechecks import check_can_land, check_names_are_free
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.rights import Right, explain, is_absent, is_denied

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)


def check_before_paying(landing: Landing, context: Context, pictures: int, key: str | None = None) -> None:
    """Checks that the pictures of an order could land, before it is paid for.

    Args:
        landing: where they go.
        context: of the attempt.
        pictures: how many are ordered.
        key: the author's name for an item of a mapped task.

    Raises:
        PhotaInputError: They could not land, or would land on others.
        PhotaUnreachable: The store could not be asked.
    """
    check_can_land(landing)
    check_names_are_free(landing, pictures)
    check_lands_alone(landing, context, pictures, key)


def check_before_waiting(landing: Landing, phota_task_id: str) -> None:
    """Says that the pictures of a paid task could not land, while there is time to change that.

    Raises:
        PhotaLandingError: It says why. A store that cannot be asked now may answer when the task is finished.
    """
    try:
        check_can_land(landing)
    except PhotaInputError as problem:
        raise cannot_land(phota_task_id, problem) from None
    except PhotaUnreachable as problem:
        log.warning("%s The wait goes on.", problem)


def cannot_land(phota_task_id: str, problem: PhotaNotBilled) -> PhotaLandingError:
    return PhotaLandingError(
        endings.lines(
            f"The pictures of PHOTA task {phota_task_id} cannot land.",
            str(problem),
            endings.MAY_GO_ON,
            "Change that; landing again is free.",
        ),
        phota_task_id,
    )


def check_lands_alone(landing: Landing, context: Context, pictures: int, key: str | None = None) -> None:
    """Refuses names that another instance of the same mapped task has in this run.

    Args:
        landing: where the pictures go.
        context: of the attempt.
        pictures: how many there are.
        key: the author's name for the item, which stands in for its place in the list.

    Raises:
        PhotaInputError: Two instances would land on one another, or the role cannot see whether they would.
        PhotaUnreachable: The store could not be asked.
    """
    if not landing.has_fixed_names or (claimant := _claimant(context, key)) is None:
        return
    stems = {stem.path: stem for stem in (landing.stem("", index) for index in range(pictures))}
    for stem in stems.values():
        claim = claim_of(stem, claimant)
        if (holder := _holder(claim, claimant)) != claimant.name:
            raise PhotaInputError(
                "filename",
                f"gives one name to two instances of this mapped task: {holder} and {claimant.name}.\n"
                f"Both would land at {stem}, one upon the other.\n"
                "Put {phota_task_id} in filename, or what tells the instances apart, as {{ ti.map_index }}.\n"
                f"If it is only their list that has changed since, delete {claim}.",
            )


def _holder(claim: Place, claimant: Claimant) -> str:
    try:
        return holder_of(claim, claimant)
    except Exception as error:  # of whatever library the store speaks by
        why = explain(error, claim, Right.CREATE, Right.READ)
        text = f"may give one name to two instances of this mapped task; {claim} cannot be used ({why})."
        if is_denied(error) or is_absent(error):
            raise PhotaInputError("filename", f"{text}\nPut {{phota_task_id}} in filename.") from None
        raise PhotaUnreachable(f"filename: {text}") from None


def _claimant(context: Context, key: str | None) -> Claimant | None:
    """Returns the instance; a task without siblings claims nothing, and None is returned."""
    if not context.get("ti"):
        return None
    instance = instance_name_of(context)
    if instance.map_index < 0 and instance.iteration is None:
        return None
    parts = (instance.dag_id, instance.run_id, instance.task_id)
    name = f"map index {instance.map_index}" if key is None else f"ledger_key {key!r}"
    if instance.iteration is not None:
        name += f", iteration {instance.iteration}"
    return Claimant(hashlib.sha256("\x00".join(parts).encode()).hexdigest(), name)
