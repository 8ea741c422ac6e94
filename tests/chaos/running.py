"""Runs one trial: scripts the service, starts the run, acts at its point, and gathers the evidence."""

from __future__ import annotations

import random
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from tests.chaos.acts import ACTS, Run
from tests.chaos.cases import DEFERRED, ENDED, Trial
from tests.chaos.company import Company
from tests.chaos.evidence import Evidence, gather
from tests.chaos.laboratory import Laboratory, once
from tests.chaos.network import BIG, NETWORKS, Network

#: The shortest and the longest time from a point to the kill, in seconds, if the process does not stop there.
MOMENTS = (0.2, 1.8)
POINT_LIMIT = 90.0


def run_trial(lab: Laboratory, trial: Trial) -> Evidence:
    """Runs a trial.

    Raises:
        TimeoutError: the run did not reach its point, or did not end.
    """
    began, since = time.monotonic(), lab.now()
    lab.service.script(_faults(trial))
    root, budget = lab.root(trial), lab.budget(trial)
    with _network(lab, trial) as network:
        run = Run(lab, trial, f"trial-{trial.number}", root, budget)
        conf = _conf(run, _conn_id(run, network))
        company = Company(lab, trial) if trial.case.has_company else None
        if company:
            company.begin(conf)
        once(lambda: lab.airflow.trigger(run.dag_id, conf, run.run_id))
        if trial.case.at:
            _wait_for_point(run)
            ACTS[trial.case.act](run)
        if trial.case.alone:
            lab.settle(since)
        if trial.case.at == ENDED:
            time.sleep(0.5)
        run.end()
        if company:
            company.end()
        evidence = gather(run, network.billed() if network else None, time.monotonic() - began)
    if evidence.books and not evidence.books.is_settled:
        _settle_what_is_left(run)
        evidence = replace(gather(run, None, time.monotonic() - began), is_settled_later=True)
    return evidence


def _settle_what_is_left(run: Run) -> None:
    """Settles what a process has left reserved whose Airflow task has no further attempt."""
    run.lab.settle_budget(run.run_id, *(("--ledger", run.root.url) if run.root else ()))


def _network(lab: Laboratory, trial: Trial) -> AbstractContextManager[Network | None]:
    if not trial.case.network:
        return nullcontext()
    folder = lab.folder / f"network-{trial.number}"
    folder.mkdir()
    return NETWORKS[trial.case.network](folder)


def _faults(trial: Trial) -> list[dict[str, Any]]:
    match = {"match": trial.match}
    # a request is hit by one fault only, so the faults of the case come first
    duration = {"on": "submit", "kind": "latency", "seconds": trial.case.seconds, "times": None}
    return [{**fault, **match} for fault in (*trial.case.faults, duration)]


def _conn_id(run: Run, network: Network | None) -> str:
    """Returns the name of the connection, and makes it if it is the trial's own."""
    if network:
        return run.lab.connect(run.run_id, network.host, network.extra)
    if run.budget:
        return run.lab.connect(run.run_id, run.lab.service.url, run.budget.extra)
    return "phota_default"


def _conf(run: Run, phota_conn_id: str) -> dict[str, Any]:
    lab, trial = run.lab, run.trial
    conf: dict[str, Any] = {
        "prompt": f"{trial.tag} a beach",
        "image_url": f"{lab.picture}{trial.mark}",
        "archive_url": f"{lab.archive}{trial.mark}",
        "destination": f"file://{lab.folder}/landed/{trial.number}",
        "edits": trial.case.edits,
        "ledger_path": run.root.url if run.root else None,
        "phota_conn_id": phota_conn_id,
    }
    if trial.case.act == "change_prompt_then_clear" or trial.case.big:
        run.prompt_file.write_text(conf["prompt"].ljust(BIG if trial.case.big else 0, "."))
        conf["prompt_file"] = str(run.prompt_file)
    if trial.case.at not in (None, DEFERRED, ENDED):
        delay = random.Random(f"{trial.case} {trial.seed}").uniform(*MOMENTS)
        conf["stop"] = {"point": trial.case.at, "file": str(run.checkpoint), "delay": delay}
    return conf


def _wait_for_point(run: Run) -> None:
    if run.trial.case.at == ENDED:
        run.end()
        return
    deadline = time.monotonic() + POINT_LIMIT
    while not _has_reached_point(run):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{run.trial.tag} {run.dag_id} {run.run_id} never reached {run.trial.case.at}")
        time.sleep(0.1)


def _has_reached_point(run: Run) -> bool:
    if run.trial.case.at != DEFERRED:
        return run.checkpoint.exists()
    time.sleep(0.3)
    return any(each.state == "deferred" for each in run.edits())
