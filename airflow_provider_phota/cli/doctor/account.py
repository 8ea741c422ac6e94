"""Checks what the service says about an account: key, models, balance and prices. All of it is free."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.errors import PhotaAuthenticationError, PhotaError, PhotaRefused
from airflow_provider_phota.api.orders.base import PHOTA_MODELS
from airflow_provider_phota.cli.accounts import ONCE
from airflow_provider_phota.cli.doctor.clock import clock_finding
from airflow_provider_phota.cli.doctor.findings import Finding
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from airflow_provider_phota.hooks.phota import PhotaHook

#: What is checked here, in this order.
CHECKS = ("service", "key", "models", "balance", "prices", "clock")


def account_findings(hook: PhotaHook) -> Iterator[Finding]:
    """Yields what the service says, and what it would say if something else was fixed."""
    try:
        driver = hook.get_conn()
    except PhotaError as error:
        yield from _nothing_but("service", str(error))
        return
    with driver:
        try:
            models = driver.run(protocol.get_models(ONCE))
        except PhotaRefused as refusal:
            yield from _refused(hook, driver, refusal)
            return
        except PhotaError as error:
            yield from _nothing_but("service", str(error))
            return
        yield Finding.ok("service", f"{hook.settings.base_url} answers")
        yield Finding.ok("key", "the service takes it")
        yield _models(models)
        yield _balance(driver)
        yield _prices(driver, hook.settings.user_group)
        yield clock_finding(driver)


def _refused(hook: PhotaHook, driver: RequestsDriver, refusal: PhotaRefused) -> Iterator[Finding]:
    if not isinstance(refusal, PhotaAuthenticationError):
        yield from _nothing_but("service", str(refusal))
        return
    yield Finding.ok("service", f"{hook.settings.base_url} answers")
    yield Finding.failed(
        "key", f"{refusal} Copy the key again from the vendor's console into the password field."
    )
    yield Finding.not_checked("models", "the key")
    yield Finding.not_checked("balance", "the key")
    yield _prices(driver, hook.settings.user_group)
    yield clock_finding(driver)


def _nothing_but(name: str, problem: str) -> Iterator[Finding]:
    """Yields that a thing is broken, without which nothing else can be asked."""
    yield Finding.failed(name, problem)
    for later in CHECKS[CHECKS.index(name) + 1 :]:
        yield Finding.not_checked(later, f"the {name}")


def _models(models: tuple[str, ...]) -> Finding:
    missing = [model for model in PHOTA_MODELS if model not in models]
    if not missing:
        return Finding.ok("models", "the key may use all PHOTA models")
    text = f"the key may not use {', '.join(missing)}. Open them to it in the vendor's console"
    found = Finding.failed if len(missing) == len(PHOTA_MODELS) else Finding.warning
    return found("models", text)


def _balance(driver: RequestsDriver) -> Finding:
    try:
        usage = driver.run(protocol.get_usage(ONCE))
    except PhotaError as error:
        return Finding.warning("balance", f"it could not be read. {error}")
    if usage.unlimited:
        return Finding.ok("balance", "it is not limited")
    if usage.available_usd <= 0:
        return Finding.failed("balance", "nothing is left. Add credit to the account")
    return Finding.ok("balance", f"{usage.available_usd:.2f} USD are left")


def _prices(driver: RequestsDriver, group: str) -> Finding:
    try:
        prices = driver.run(protocol.get_price_list(ONCE))
    except PhotaError as error:
        return Finding.warning("prices", f"what orders cost is not known. {error}")
    if group not in prices.ratios:
        names = ", ".join(sorted(prices.ratios)) or "no group"
        return Finding.warning(
            "prices", f"there are none for the group {group!r}. Set the extra user_group to one of: {names}"
        )
    if missing := [model for model in PHOTA_MODELS if model not in prices.calls]:
        return Finding.warning("prices", f"there is none for {', '.join(missing)}")
    return Finding.ok("prices", f"known for all models, group {group}")
