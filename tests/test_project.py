"""What pyproject.toml, the Makefile and the files next to them promise together."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from importlib.metadata import packages_distributions, version
from itertools import chain

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from airflow_provider_phota import __version__
from dev import matrix
from tests.source_tree import PACKAGE, ROOT, imports_of, modules_of, outside_of

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
#: Extras that bring a provider for a store: Airflow loads it, and this package never imports it.
STORES = {"amazon", "azure", "google", "all"}
OPTIONAL = PYPROJECT["project"]["optional-dependencies"]
EXTRAS = {name: wanted for name, wanted in OPTIONAL.items() if name not in STORES}
DECLARED = {
    canonicalize_name(Requirement(text).name): Requirement(text)
    for text in chain(PYPROJECT["project"]["dependencies"], *EXTRAS.values())
}
#: Imported, and not declared: why.
UNDECLARED = {
    "flask-appbuilder": "the connection form of Airflow 2, which brings it; Airflow 3 never asks for the form",
    "flask-babel": "the same",
    "wtforms": "the same",
    "apache-airflow-providers-openlineage": "only it asks for the facets that are made of it",
    "apache-airflow-providers-standard": "Airflow 3 brings it; the review says so where it is missing",
    "fastapi": "Airflow's API server is made of it, and only that loads the gallery",
    "sqlalchemy": "Airflow's database is read by it, by the API server alone",
    "attrs": "OpenLineage brings it, and the facet is a class of it",
    "pytest": "the module with the fixture is loaded by pytest itself",
}
#: The distributions that each importable name comes from.
DISTRIBUTIONS = packages_distributions()
ENVIRONMENTS = [*(f"airflow-{each.minor}" for each in matrix.VERSIONS), "celery"]


def distribution_of(name: str) -> str:
    """Returns the distribution that a module comes from, such as `pillow` for `PIL.Image`."""
    first, *rest = name.split(".")
    if first != "airflow":
        known = DISTRIBUTIONS.get(first)  # Airflow 2's UI is not installed next to Airflow 3
        return canonicalize_name(known[0] if known else first)
    if rest[:1] != ["providers"]:
        return "apache-airflow"
    name_of_provider = rest[1:3] if rest[1] == "common" else rest[1:2]
    return f"apache-airflow-providers-{'-'.join(name_of_provider)}"


def imported() -> set[str]:
    names = {name for module in modules_of(PACKAGE) for name in outside_of(imports_of(module))}
    return {distribution_of(name) for name in names}


def pins_of(environment: str) -> dict[str, str]:
    lines = (ROOT / "dev" / f"constraints-{environment}.txt").read_text().splitlines()
    pins = (line.split("==") for line in lines if "==" in line)
    return {canonicalize_name(name.partition("[")[0]): pin for name, pin in pins}


def recipe_of(target: str) -> list[str]:
    rule = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)
    return [line.strip() for line in rule[1].splitlines()]


def test_what_is_imported_is_declared():
    assert imported() == set(DECLARED) | set(UNDECLARED)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_has_what_is_declared(environment):
    pins = pins_of(environment)
    allowed = {name: wanted.specifier for name, wanted in DECLARED.items()}
    assert [name for name in allowed if not allowed[name].contains(pins[name], prereleases=True)] == []


def test_a_commit_is_checked_by_what_lint_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    at_commit = [hook["entry"].removesuffix(" --force-exclude") for hook in hooks]
    of_lint = [line.replace("$(PYTHON)", ".venv/bin/python") for line in recipe_of("lint")]
    assert at_commit == [re.sub(r"( --check)? \.$", "", line) for line in of_lint]


@pytest.mark.parametrize("tool", ["ruff", "mypy", "pre-commit"])
def test_the_tools_are_the_pinned_ones(tool):
    assert version(tool) == pins_of("airflow-3.3")[tool]


@pytest.mark.parametrize("name", PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
def test_what_is_published_is_there(name):
    assert (ROOT / name).exists()


def test_what_contributors_are_told_to_make_can_be_made():
    targets = re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text(), re.M)
    told = re.findall(r"`?make ([\w.-]+)`|^make ([\w.-]+)$", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    assert {name for names in told for name in names if name} <= set(targets)


def test_the_changelog_keeps_its_form():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    newest, latest, *_ = re.findall(r"^## (.+)$", changelog, re.M)
    assert (newest, latest) == ("Unreleased", __version__)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", changelog, re.M)) <= kinds


def test_every_page_at_the_top_is_published():
    published = PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {page.name for page in ROOT.glob("*.md")} <= set(published)


def test_the_readme_says_what_is_tested():
    assert matrix.table() in (ROOT / "README.md").read_text()


def test_a_suite_that_wrote_no_report_has_failed(tmp_path):
    assert matrix.Outcome.of(tmp_path / "nothing.xml", 1.0).failed


def test_what_came_of_a_suite_is_counted(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/></testsuites>')
    assert matrix.Outcome.of(report, 1.0) == matrix.Outcome(passed=3, failed=3, skipped=3, minutes=1.0)


def test_all_tests_on_the_main_version_run_once_in_make_test_all():
    """`make test` and the slow tests leave out what `make matrix` runs."""
    asked = subprocess.run(
        ["make", "-n", "test-all"],
        cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": ""},  # those of the `make` that runs this test
        capture_output=True,
        text=True,
        check=True,
    )
    lines = asked.stdout.splitlines()
    suites = [line for line in lines if " -m pytest " in line and line.startswith(".venv/")]
    whole = [line for line in suites if not re.search(r" tests/", line)]
    assert whole
    assert all(f"--ignore={path}" in line for line in whole for path in matrix.SUITE)
    assert not any(f" {path}" in line for line in lines if " -m pytest " in line for path in matrix.SUITE)
    assert sum(" -m dev.matrix " in line for line in lines) == 1
