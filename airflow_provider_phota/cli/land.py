"""Brings the pictures of a paid task home by hand."""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost, final_cost
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.cli.accounts import hook_of
from airflow_provider_phota.cli.homecoming import bring_home, landing_at
from airflow_provider_phota.cli.output import Report
from airflow_provider_phota.results.landing import LandedFile, manifest
from airflow_provider_phota.results.prechecks import check_can_land
from airflow_provider_phota.submitting.paid_tasks import ask_about


def land_task(options: Namespace) -> Report:
    """Lands the pictures of a task, and waits for them first if it is still running."""
    phota_task_id = checked_task_id(options.phota_task_id)
    hook = hook_of(options)
    landing = landing_at(options.destination)
    check_can_land(landing)
    seen = ask_about(hook, phota_task_id)
    task, files = bring_home(hook, phota_task_id, landing, options.timeout, seen)
    return landed_report(files, task, UNKNOWN_COST)


def landed_report(files: list[LandedFile], task: PhotaTask, cost: Cost) -> Report:
    """Returns what is shown of pictures that have landed.

    Args:
        files: the pictures.
        task: that made them.
        cost: of it, as far as that is known besides.
    """
    in_the_end = final_cost(cost, task)
    data = {"phota_task_id": task.id, "cost": in_the_end.to_dict(), "files": manifest(files)}
    shown = [f"{each.path}  {each.width} x {each.height}, {each.bytes:,} bytes" for each in files]
    return Report(data, [*shown, f"Cost: {in_the_end}."])
