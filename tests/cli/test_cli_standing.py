"""How a payment stands, by its record and by what the service says: without a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_phota.api.costs import UNKNOWN_COST
from airflow_provider_phota.api.tasks import Failure, Image, PhotaTask, TaskStatus
from airflow_provider_phota.cli.payments import Owner, Payment, once
from airflow_provider_phota.cli.standing import Standing, by_answer, by_record

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
OWNER = Owner("dag", "run", "edit")


def payment(phota_task_id: str | None = "task-1", *, hours: float = 1, key: str = "a", **more) -> Payment:
    sent = (NOW - timedelta(hours=hours)).timestamp()
    return Payment(phota_task_id, "", UNKNOWN_COST, sent, sent + 60, OWNER, key, **more)


def task(status: TaskStatus, *, hours: float = 1, **more) -> PhotaTask:
    created = int((NOW - timedelta(hours=hours)).timestamp())
    return PhotaTask("task-1", "phota-image", status, status.value, created=created, **more)


@pytest.mark.parametrize(
    ("paid", "standing"),
    [
        (payment(), Standing.NOT_ASKED),
        (payment(hours=24), Standing.EXPIRED),
        (payment(is_final=True), Standing.ENDED),
        (payment(None), Standing.AMBIGUOUS),
        (payment(None, hours=0), Standing.SENDING),
    ],
)
def test_by_its_record(paid, standing):
    assert by_record(paid, NOW).standing is standing


REFUSAL = Failure("content_policy_violation", "refused by the content policy")
PICTURE = (Image("https://example.com/a.png"),)


@pytest.mark.parametrize(
    ("shown", "standing"),
    [
        (None, Standing.UNKNOWN),
        (task(TaskStatus.PROCESSING), Standing.OPEN),
        (task(TaskStatus.UNKNOWN), Standing.OPEN),
        (task(TaskStatus.COMPLETED, images=PICTURE), Standing.READY),
        (task(TaskStatus.COMPLETED), Standing.READY),
        (task(TaskStatus.COMPLETED, hours=18, images=PICTURE), Standing.EXPIRING),
        (task(TaskStatus.COMPLETED, hours=24, images=PICTURE), Standing.EXPIRED),
        (task(TaskStatus.FAILED), Standing.FAILED),
        (task(TaskStatus.FAILED, failure=REFUSAL), Standing.REFUSED),
    ],
)
def test_by_the_services_answer(shown, standing):
    stand = by_answer(payment(), shown, NOW)
    assert stand.standing is standing
    assert stand.payment.model == ("phota-image" if shown else "")


def test_a_payment_counts_once_and_the_one_that_says_more_counts():
    bare, full = payment(), payment(is_final=True)
    assert once([bare, full]) == once([full, bare]) == [full]


def test_a_submit_whose_task_is_known_elsewhere_is_not_doubtful():
    intent, paid, other = payment(None), payment(), payment(None, key="b", hours=2)
    assert once([intent, other, paid]) == [other, paid]
