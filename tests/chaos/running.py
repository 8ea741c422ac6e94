"""Run one trial: script the service, start the run, act at its point, wait for its end, look."""

from __future__ import annotations

import random
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from dev.airflow_answers import AirflowApiError
from tests.chaos.acts import ACTS, Run
from tests.chaos.cases import DEFERRED, ENDED, Trial
from tests.chaos.evidence import Evidence, gather
from tests.chaos.laboratory import Laboratory, patiently
from tests.chaos.network import BIG, NETWORKS, Network
from tests.chaos.roots import Root

#: Seconds after a point at which a process that was not stopped there is killed.
MOMENTS = (0.2, 1.8)
POINT_LIMIT = 90.0


def run_trial(lab: Laboratory, trial: Trial) -> Evidence:
    """Run it.

    Raises:
        TimeoutError: the run did not come to its point, or did not end.
    """
    began, since = time.monotonic(), lab.now()
    lab.service.will(_faults(trial))
    root = lab.root(trial)
    with _network(lab, trial) as network:
        run = Run(lab, trial, _started(lab, trial, network, root), root)
        if trial.case.at:
            _wait_for_point(run)
            ACTS[trial.case.act](run)
        if trial.case.alone:
            lab.settle(since)
        if trial.case.at == ENDED:
            time.sleep(0.5)
        run.end()
        return gather(run, network.billed() if network else None, time.monotonic() - began)


def _network(lab: Laboratory, trial: Trial) -> AbstractContextManager[Network | None]:
    if not trial.case.network:
        return nullcontext()
    folder = lab.folder / f"network-{trial.number}"
    folder.mkdir()
    return NETWORKS[trial.case.network](folder)


def _faults(trial: Trial) -> list[dict[str, Any]]:
    match = {"match": {"prompt": trial.tag}}
    # a request is hit by one fault only, so the scripted ones come first
    duration = {"on": "submit", "kind": "latency", "seconds": trial.case.seconds, "times": None}
    return [{**fault, **match} for fault in (*trial.case.faults, duration)]


def _started(lab: Laboratory, trial: Trial, network: Network | None, root: Root | None) -> str:
    conf: dict[str, Any] = {
        "prompt": f"{trial.tag} a beach",
        "image_url": lab.picture,
        "edits": trial.case.edits,
        "ledger_path": root.url if root else None,
    }
    run = Run(lab, trial, "")
    if network:
        conf["connection"] = lab.connection(network.host, network.extra)
    if trial.case.act == "change_prompt_then_clear" or trial.case.big:
        run.prompt_file.write_text(conf["prompt"].ljust(BIG if trial.case.big else 0, "."))
        conf["prompt_file"] = str(run.prompt_file)
    if trial.case.at not in (None, DEFERRED, ENDED):
        delay = random.Random(f"{trial.case} {trial.seed}").uniform(*MOMENTS)
        conf["stop"] = {"point": trial.case.at, "file": str(run.checkpoint), "delay": delay}
    return _start(lab, trial, conf)


def _start(lab: Laboratory, trial: Trial, conf: dict[str, Any]) -> str:
    """By an ID of our own: asked for again after a locked database, it is the same run."""
    run_id = f"trial-{trial.number}"

    def ask() -> None:
        try:
            lab.airflow.trigger(trial.dag_id, conf, run_id)
        except AirflowApiError as error:
            if error.status != 409:
                raise

    patiently(ask)
    return run_id


def _wait_for_point(run: Run) -> None:
    if run.trial.case.at == ENDED:
        run.end()
        return
    deadline = time.monotonic() + POINT_LIMIT
    while not _is_there(run):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{run.trial.tag} {run.dag_id} {run.run_id} never came to {run.trial.case.at}")
        time.sleep(0.1)


def _is_there(run: Run) -> bool:
    if run.trial.case.at != DEFERRED:
        return run.checkpoint.exists()
    time.sleep(0.3)
    return any(each.state == "deferred" for each in run.edits())
