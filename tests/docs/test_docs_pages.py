"""The documentation hangs together: its links lead somewhere, its shell lines are ones that exist."""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import shlex
import shutil
import subprocess
import tomllib
import urllib.request
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from docs_blocks import PAGES, ROOT, Block, blocks, commands
from packaging.requirements import Requirement

from airflow_provider_phota.api import errors, refusals
from airflow_provider_phota.api.protocol import get_models
from airflow_provider_phota.api.settings import EXTRAS, NUMBERS, Settings
from airflow_provider_phota.cli.parser import make_parser
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from airflow_provider_phota.emulator import Emulator
from airflow_provider_phota.emulator.__main__ import _parser
from airflow_provider_phota.emulator.faults import KINDS
from airflow_provider_phota.journal.rows import Status
from airflow_provider_phota.ledger import stores
from airflow_provider_phota.operators.arguments import AirflowArguments, BatchArguments, ImageArguments
from airflow_provider_phota.operators.batch import PhotaBatchOperator
from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEditOperator,
    PhotaImageEnhanceOperator,
    PhotaImageGenerateOperator,
)
from airflow_provider_phota.operators.review import PhotaReviewOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.object_storage_to_phota import ObjectStorageToPhotaOperator
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator
from tests.chaos.matrix import GROUPS

DOCS = ROOT / "docs"
SHELL = [(block, words) for block in blocks("bash") for words in commands(block)]
EMULATOR = ["python", "-m", "airflow_provider_phota.emulator"]
COMMAND_LINE = ["python", "-m", "airflow_provider_phota"]


def lines(*beginning: str) -> list[tuple[Block, list[str]]]:
    return [(block, words) for block, words in SHELL if words[: len(beginning)] == list(beginning)]


def test_every_shell_line_is_checked_by_a_test() -> None:
    checked_here = {"make", "pip", "curl", "python", "openssl", "cat"}
    checked_by_the_runner = {"export", "airflow"}
    assert {words[0] for _, words in SHELL} <= checked_here | checked_by_the_runner
    alone = [(block, words) for block, words in lines("python") if "project" not in block.said]
    # which do not overlap
    assert sorted(map(str, alone)) == sorted(map(str, [*lines(*EMULATOR), *lines(*COMMAND_LINE)]))


def test_the_command_line_takes_what_is_shown() -> None:
    for _, words in lines(*COMMAND_LINE):
        assert make_parser().parse_args(words[len(COMMAND_LINE) :]).func


def test_the_emulator_takes_the_options_shown() -> None:
    for _, words in lines(*EMULATOR):
        assert _parser().parse_args(words[len(EMULATOR) :]).port == 8765


def test_the_emulators_options_are_all_described() -> None:
    described = set(re.findall(r"^\| `(--[\w-]+)` \|", (DOCS / "emulator.md").read_text(), re.M))
    assert described == {
        name for action in _parser()._actions for name in action.option_strings if name.startswith("--")
    } - {"--help"}


def test_the_emulators_faults_are_all_described() -> None:
    described = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", (DOCS / "emulator.md").read_text(), re.M)
    assert dict(described) == {
        kind: "any" if len(places) > 2 else ", ".join(places) for kind, (places, _, _) in KINDS.items()
    }


def test_the_emulator_answers_what_curl_asks() -> None:
    with Emulator() as emulator:
        for block, words in lines("curl"):
            with urllib.request.urlopen(_request(words, emulator.url)) as answer:
                assert answer.status == 200, block.id
                assert answer.headers["Content-Type"] == "application/json", block.id


def _request(words: list[str], base_url: str) -> urllib.request.Request:
    curl = argparse.ArgumentParser()
    curl.add_argument("-X", default="GET")
    curl.add_argument("-H", type=lambda header: header.split(": "), action="append", default=[])
    curl.add_argument("-d", type=str.encode)
    curl.add_argument("url")
    said = curl.parse_args(words[1:])
    url = said.url.replace("http://127.0.0.1:8765", base_url)
    return urllib.request.Request(url, said.d, dict(said.H), method=said.X)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_certificate_shown_works(tmp_path: Path) -> None:
    for _, words in [*lines("openssl"), *lines("cat")]:
        command = f"{' '.join(words[:-2])} > {words[-1]}" if words[-2] == ">" else " ".join(words)
        subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True, capture_output=True)
    with Emulator(tls_cert=tmp_path / "emulator.pem") as emulator:
        settings = Settings(emulator.key, emulator.url, ca_bundle=str(tmp_path / "cert.pem"))
        with RequestsDriver(settings) as driver:
            assert "phota-image-edit" in driver.run(get_models())


def test_make_has_the_targets_shown() -> None:
    targets = re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text(), re.M)
    shown = {words[1] for _, words in lines("make")}
    assert {"demo", "test"} <= shown <= set(targets)


def test_pip_installs_what_is_published() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for _, words in lines("pip"):
        wanted = Requirement(words[-1])
        assert wanted.name == project["name"]
        assert wanted.extras <= set(project.get("optional-dependencies", {}))


def test_every_page_is_reachable_from_the_index() -> None:
    toctree = (DOCS / "index.md").read_text().partition("```{toctree}")[2].partition("```")[0].split()
    assert {f"{name}.md" for name in toctree[1:]} == {page.name for page in DOCS.glob("*.md")} - {"index.md"}


@pytest.mark.parametrize("page", sorted({*PAGES, *ROOT.glob("*.md")}), ids=lambda page: page.name)
def test_relative_links_lead_to_something(page: Path) -> None:
    missing = [link for link in _links(page) if not (page.parent / link).exists()]
    assert not missing


def _links(page: Path) -> Iterator[str]:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in link and link.partition("#")[0]:
            yield link.partition("#")[0]


def test_every_picture_is_shown_and_small() -> None:
    shown = {link.partition("#")[0] for page in DOCS.glob("*.md") for link in _links(page)}
    for picture in (DOCS / "images").iterdir():
        assert f"images/{picture.name}" in shown
        assert picture.stat().st_size < 300_000, picture.name


def test_every_error_is_explained() -> None:
    explained, listed = (DOCS / "errors.md").read_text(), (DOCS / "reference.md").read_text()
    for name, error in vars(errors).items():
        if inspect.isclass(error) and issubclass(error, errors.PhotaError):
            assert f".{name}\n" in listed
            assert name in explained or error.__subclasses__(), name


def test_the_operators_arguments_are_all_described() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (yes|) ?\|", (DOCS / "operator.md").read_text(), re.M)
    own = inspect.signature(PhotaImageEditOperator.__init__).parameters.keys() - {"self", "kwargs"}
    shared = ImageArguments.__annotations__.keys() - AirflowArguments.__annotations__.keys()
    assert {name for name, _ in rows} == own | shared
    assert {name for name, templated in rows if templated} == set(PhotaImageEditOperator.template_fields)


@pytest.mark.parametrize(
    ("page", "operator"),
    [
        ("generate.md", PhotaImageGenerateOperator),
        ("enhance.md", PhotaImageEnhanceOperator),
        ("profiles.md", PhotaCreateProfileOperator),
    ],
)
def test_the_arguments_of_each_model_are_all_described(page: str, operator: type) -> None:
    table = (DOCS / page).read_text().partition("## Arguments")[2]
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (yes|) ?\|", table, re.M)
    own = inspect.signature(operator.__init__).parameters.keys() - {"self", "kwargs"}
    shared = {*ImageArguments.__annotations__}
    assert {name for name, _ in rows} == own
    assert {name for name, templated in rows if templated} == set(operator.template_fields) - shared


def test_the_arguments_of_a_batch_are_all_described() -> None:
    table = (DOCS / "batch.md").read_text().partition("## Arguments")[2]
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (yes|) ?\|", table, re.M)
    assert {
        name for name, _ in rows
    } == BatchArguments.__annotations__.keys() - AirflowArguments.__annotations__
    assert {name for name, templated in rows if templated} == set(PhotaBatchOperator.template_fields)


def test_every_status_of_an_item_is_described() -> None:
    table = (DOCS / "batch.md").read_text().partition("## What became of an item")[2].partition("## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.M)) == {status.value for status in Status}


@pytest.mark.parametrize(
    ("page", "heading", "operator"),
    [
        ("sensor-and-trigger.md", "## Arguments", PhotaTaskSensor),
        ("review.md", "## Arguments", PhotaReviewOperator),
        ("storage.md", "Of `PhotaToObjectStorageOperator`;", PhotaToObjectStorageOperator),
        ("storage.md", "Of `ObjectStorageToPhotaOperator`:", ObjectStorageToPhotaOperator),
    ],
)
def test_the_other_arguments_are_all_described(page: str, heading: str, operator: type) -> None:
    table = (DOCS / page).read_text().partition(heading)[2].partition("| ---")[2].partition("\n\n")[0]
    arguments = inspect.signature(operator).parameters.keys() - {"self", "kwargs"}
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == arguments


def test_the_connections_extras_are_all_described() -> None:
    extras = (DOCS / "connection.md").read_text().partition("## Extras")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", extras, re.M)) == EXTRAS


def test_all_that_can_be_set_is_shown() -> None:
    shown = (DOCS / "connection.md").read_text().partition("with all that can be set:")[2]
    _, _, value = shlex.split(shown.partition("```bash\n")[2].partition("```")[0])[1].partition("=")
    connection = json.loads(value)
    assert connection["extra"].keys() == EXTRAS
    defaults = {field.name: field.default for field in fields(Settings)}
    for name in NUMBERS:
        assert connection["extra"][name] == defaults[name]


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.id)
def test_an_example_is_for_every_airflow(block: Block) -> None:
    """Airflow 2.11 has no `airflow.sdk`, and later versions take older names away."""
    roots = {
        name.module or "" for name in ast.walk(ast.parse(block.code)) if isinstance(name, ast.ImportFrom)
    }
    assert {root for root in roots if root.startswith("airflow.")} <= {"airflow.providers.common.compat.sdk"}


def test_what_is_sent_again_is_what_the_code_sends_again() -> None:
    page = (DOCS / "retries-and-money.md").read_text()
    _, _, rest = page.partition("## What is sent again within one attempt")
    again = " ".join(row for row in rest.partition("## ")[0].splitlines() if "| yes |" in row)
    assert set(re.findall(r"`(\w+_\w+)`", again)) == refusals.NO_CHANNEL_CODES | {
        "connect_timeout",
        "resend_on_503",
    }
    assert {int(status) for status in re.findall(r"\b4\d\d\b", again)} == refusals.REJECTED_UNREAD | {422}


def test_where_the_ledger_is_kept_is_where_the_code_keeps_it() -> None:
    assert f"key `{stores.TASK_STATE_KEY}`" in (DOCS / "retries-and-money.md").read_text()


def test_every_row_of_the_figures_is_a_case_of_the_chaos_matrix() -> None:
    """A row that sums up several cases says so."""
    figures = (DOCS / "reliability.md").read_text().partition("## Figures\n")[2].partition("\n### ")[0]
    rows = set(re.findall(r"^\| (\d+) \| ([^|]+) \|", figures, re.M))
    cases = {(case.row, case.title) for group in GROUPS.values() for case in group}
    assert [title for _, title in rows - cases if "figures of each)" not in title] == []
    assert rows & cases
