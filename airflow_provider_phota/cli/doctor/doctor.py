"""Runs all checks."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from rich.text import Text

from airflow_provider_phota.api.errors import PhotaConfigurationError
from airflow_provider_phota.cli.accounts import hook_of
from airflow_provider_phota.cli.doctor.account import CHECKS, account_findings
from airflow_provider_phota.cli.doctor.budget import budget_finding
from airflow_provider_phota.cli.doctor.findings import Finding, State
from airflow_provider_phota.cli.doctor.ledger import ledger_finding
from airflow_provider_phota.cli.doctor.storage import BUDGET, DESTINATION, LEDGER, storage_finding
from airflow_provider_phota.cli.output import Exit, Report, table

_STYLES = {
    State.OK: "green",
    State.WARNING: "yellow",
    State.FAILED: "bold red",
    State.NOT_CHECKED: "dim",
}


def doctor(options: Namespace) -> Report:
    """Returns a finding for each thing that an order needs; the command fails if one of them does."""
    findings = list(_findings(options))
    rows = [(Text(each.state.value, _STYLES[each.state]), each.name, each.text) for each in findings]
    code = Exit.FAILED if any(each.state is State.FAILED for each in findings) else Exit.DONE
    return Report([each.to_dict() for each in findings], [table(("", "", ""), rows)], code)


def _findings(options: Namespace) -> Iterator[Finding]:
    try:
        hook = hook_of(options)
    except PhotaConfigurationError as error:
        yield Finding.failed("connection", str(error))
        yield from (Finding.not_checked(each, "the connection") for each in (*CHECKS, "budget", "ledger"))
    else:
        settings = hook.settings
        yield Finding.ok("connection", f"{hook.phota_conn_id} leads to {settings.base_url}")
        yield from account_findings(hook)
        if settings.ledger_path:
            yield storage_finding(LEDGER, settings.ledger_path)
        if settings.budget_path:
            yield storage_finding(BUDGET, settings.budget_path)
        yield budget_finding(hook)
        yield ledger_finding(settings.ledger_path)
    for each in options.path:
        yield storage_finding(DESTINATION, each)
