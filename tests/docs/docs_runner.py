"""Run the documentation's examples, all in this one process: importing Airflow takes seconds.

Usage: python docs_runner.py EXAMPLES.json REPORT.json, in an environment with a migrated AIRFLOW_HOME.
The service is an emulator in this process. What only stands for something of the reader's (a public URL, a
local picture, a bucket) is replaced by something that is there.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import time
import traceback
from contextlib import nullcontext
from inspect import signature
from pathlib import Path
from typing import Any

import certifi

from airflow_provider_phota.emulator import Emulator
from airflow_provider_phota.hooks.phota import PhotaHook

HOME = Path(os.environ["AIRFLOW_HOME"])
PICTURE = HOME / "portrait.jpg"
LANDED = HOME / "landed"
INBOX = LANDED / "inbox"
PHOTA_TASK_ID = "task-unified-1757165031-uyujaw3d"


def main(examples: Path, report: Path) -> None:
    _draw(PICTURE)
    INBOX.mkdir(parents=True)
    _draw(INBOX / "portrait.jpg")
    _draw(INBOX / "garden.jpg", turned=True)
    with Emulator(latency=(0.0, 0.05)) as emulator:
        problems = {each["id"]: _problem(each, emulator) for each in json.loads(examples.read_text())}
    report.write_text(json.dumps(problems))


def _draw(path: Path, *, turned: bool = False) -> None:
    from PIL import Image

    Image.linear_gradient("L").rotate(90 if turned else 0).convert("RGB").save(path)


def _problem(example: dict[str, Any], emulator: Emulator) -> str:
    """What is wrong with an example, empty if nothing is."""
    sys.stdout.write(f"----- {example['id']}\n")
    emulator.reset()
    connection = {"conn_type": "phota", "password": emulator.key, "host": emulator.url}
    if re.search("budget|settle", example["code"]):  # which the connection of the reader has
        path = f"file://{LANDED / str(time.time_ns())}"
        connection["extra"] = {"budget": "50 USD / month", "budget_path": path}
    os.environ["AIRFLOW_CONN_PHOTA_DEFAULT"] = json.dumps(connection)
    try:
        RUN[example["kind"]](example, emulator)
    except BaseException:
        return traceback.format_exc()
    return ""


def _run_dag(example: dict[str, Any], emulator: Emulator) -> None:
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 2
        from airflow.models import DagBag

    code, edits = _here(example["code"], emulator), len(emulator.ledger())
    file = HOME / "dags" / f"{re.sub(r'[^a-z0-9]+', '_', example['id'])}.py"
    file.write_text(code)
    bag = DagBag(dag_folder=str(file))
    assert not bag.import_errors, bag.import_errors
    [dag] = bag.dags.values()
    if hasattr(bag, "sync_to_db"):  # Airflow 2: dag.test() does not do what the scheduler did before
        bag.sync_to_db()
    with _person() if "review" in code else nullcontext():
        _run_once(dag, example, emulator, edits)
    if "ToObjectStorage" in code:
        assert list(LANDED.rglob("*.png")), "nothing was landed"


def _person() -> Any:
    """Somebody who approves whatever is asked."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.persons import Answer, Person, airflow_api

    return Person(*airflow_api(), [Answer(["Approve"])])


def _run_once(dag: Any, example: dict[str, Any], emulator: Emulator, edits: int) -> None:
    # an example must also work in a run without a logical date, as one by an asset
    run = dag.test(**{"logical_date": None} if "logical_date" in signature(dag.test).parameters else {})
    states = {instance.task_id: str(instance.state) for instance in run.get_task_instances()}
    assert run.state == "success", (run.state, states)
    assert len(emulator.ledger()) - edits == example["edits"], emulator.ledger()


def _render_template(example: dict[str, Any], emulator: Emulator) -> None:
    """In the name of a landed file if it is one, else in a prompt."""
    template = example["code"]
    given = {"filename": template} if "{index}" in template else {"prompt": f"a beach {template}"}
    code = TEMPLATED.format(given={"prompt": "a beach", **given})
    _run_dag({**example, "code": code, "edits": 1}, emulator)


TEMPLATED = """
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_phota.operators.phota import PhotaImageEditOperator

with DAG("a_template", schedule=None, params={{"n": 2, "x": "a", "prompt": "a year"}}):
    PhotaImageEditOperator(
        task_id="edit",
        **{given},
        image_urls="s3://my-bucket/inbox/portrait.jpg",
        wait_for_completion=True,
        destination="s3://my-bucket/edits",
    )
"""


def _run_script(example: dict[str, Any], emulator: Emulator) -> None:
    code = _here(example["code"], emulator)
    exec(compile(code, example["id"], "exec"), {"__name__": "__main__"})
    assert len(emulator.ledger()) == example["edits"], emulator.ledger()


def _here(code: str, emulator: Emulator) -> str:
    """The code with what is the reader's own replaced by what is here."""
    url = PhotaHook().upload_file(PICTURE)
    # a query keeps different pictures different: the same one twice is refused
    code = re.sub(r"https://example\.com/([\w.-]+\.jpg)", rf"{url}?\1", code)
    code = code.replace("file:///tmp/", f"file://{LANDED}/")  # first: what is put in may lie there too
    code = code.replace("/data/portrait.jpg", str(PICTURE))
    code = code.replace("s3://my-bucket/inbox/", f"file://{INBOX}/")
    code = re.sub(r"(s3://my-bucket|file:///data)/", f"file://{LANDED / str(time.time_ns())}/", code)
    for path in re.findall(r'(?:ledger|profiles)_path="file://([^"]+)"', code):
        Path(path).mkdir(parents=True)  # it is never made for its user
    return code.replace(PHOTA_TASK_ID, _finished_task(url)) if PHOTA_TASK_ID in code else code


def _finished_task(url: str) -> str:
    phota_task_id = PhotaHook().submit_edit("an edit of an earlier day", url).id
    while PhotaHook().get_task(phota_task_id).outcome.value != "succeeded":
        time.sleep(0.05)
    return phota_task_id


def _read_connection(example: dict[str, Any], emulator: Emulator) -> None:
    name, _, value = shlex.split(example["code"])[1].partition("=")
    assert name == "AIRFLOW_CONN_PHOTA_DEFAULT"
    os.environ[name] = re.sub(r"/[\w./-]+\.(pem|crt)", certifi.where(), value)
    settings = PhotaHook().settings
    assert settings.base_url in {
        "https://api.foxapi.cc", "http://127.0.0.1:8765", "https://127.0.0.1:8765",
    }, settings  # fmt: skip
    assert settings.api_key.startswith(("sk-your-api-key", "emu-"))


def _parse_command(example: dict[str, Any], emulator: Emulator) -> None:
    from airflow.cli.cli_parser import get_parser

    get_parser().parse_args(shlex.split(example["code"])[1:])


RUN = {
    "dag": _run_dag,
    "template": _render_template,
    "script": _run_script,
    "export": _read_connection,
    "airflow": _parse_command,
}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
