"""The dashboard and the alerts name metrics that the package reports, and every one of them is documented."""

from __future__ import annotations

import json
import re

from tests.source_tree import PACKAGE, ROOT

DASHBOARD = ROOT / "docs" / "_static" / "grafana-dashboard.json"
PAGE = ROOT / "docs" / "outgrow.md"
#: As the exporter for Prometheus writes them.
IN_PROMETHEUS = re.compile(r"airflow_phota_(\w+)")


def reported() -> set[str]:
    sources = (path.read_text() for path in PACKAGE.rglob("*.py"))
    return {name for text in sources for name in re.findall(r'Stats\.\w+\(\s*"phota\.(\w+)"', text)}


def test_the_dashboard_shows_what_is_reported_and_nothing_else():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    named = {
        name for panel in panels for each in panel["targets"] for name in IN_PROMETHEUS.findall(each["expr"])
    }
    assert named == reported()


def test_the_alerts_name_metrics_that_are_reported():
    assert set(IN_PROMETHEUS.findall(PAGE.read_text())) <= reported()


def test_every_metric_is_documented():
    pages = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    assert {name for name in reported() if f"`phota.{name}`" not in pages} == set()
