"""Every conversation over both drivers with the emulated service, over http and https; its ledger is the truth."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from certificates import Certificates
from driving import Account, Run
from PIL import Image

from airflow_provider_phota.api.errors import (
    PhotaAuthenticationError,
    PhotaError,
    PhotaNoChannel,
    PhotaNotFound,
    PhotaQuotaError,
    PhotaRateLimited,
    PhotaRefused,
    PhotaResultsMissing,
    PhotaSubmitAmbiguous,
    PhotaWaitRefused,
    PhotaWaitTimeout,
)
from airflow_provider_phota.api.forms import file_form
from airflow_provider_phota.api.orders.base import PHOTA_MODELS
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.prices import estimate
from airflow_provider_phota.api.protocol import (
    get_models,
    get_price_list,
    get_task,
    get_usage,
    submit,
    upload,
)
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import Outcome, PhotaTask
from airflow_provider_phota.api.wire import Conversation
from airflow_provider_phota.emulator import Emulator, Fault
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task

TWICE = Backoff(tries=2, first=0.01)


@dataclass
class Service:
    """An emulator, the account on it, and an edit it can do."""

    emulator: Emulator
    settings: Settings
    edit: EditOrder

    def billed(self) -> int:
        return len(self.emulator.ledger())


@pytest.fixture(scope="module", params=["http", "https"])
def emulator(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Emulator]:
    tls_cert = certificates.file("127.0.0.1") if request.param == "https" else None
    with Emulator(latency=(0.0, 0.1), tls_cert=tls_cert) as emulator:
        yield emulator


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "lake.png"
    Image.new("RGB", (60, 40), "teal").save(path)
    return path


@pytest.fixture
def service(emulator: Emulator, account: Account, picture: Path, run: Run) -> Service:
    emulator.reset()
    settings = account(emulator.url, api_key=Emulator.key)
    stored = run(upload(file_form(picture)), settings)
    return Service(emulator, settings, EditOrder("make it winter", (stored.url,), num_outputs=2))


def wait(task: PhotaTask, seconds: float = 60.0, patience: Patience | None = None) -> Conversation[PhotaTask]:
    schedule = PollSchedule(0.003, 0.003)
    return wait_for_task(task.id, seconds=seconds, schedule=schedule, patience=patience or Patience())


def test_a_picture_is_uploaded_edited_and_waited_for(run: Run, service: Service, picture: Path) -> None:
    ca = service.settings.ca_bundle
    uploaded = requests.get(service.edit.image_urls[0], timeout=20, verify=ca)
    assert uploaded.content == picture.read_bytes()

    task = run(submit(service.edit), service.settings)
    done = run(wait(task), service.settings)
    assert (done.outcome, len(done.images)) == (Outcome.SUCCEEDED, 2)
    for image in done.images:
        assert requests.get(image.url, timeout=20, verify=ca).content.startswith(b"\x89PNG")

    (entry,) = service.emulator.ledger()
    assert (entry.id, entry.request) == (task.id, json.loads(service.edit.body()))
    assert run(get_task(task.id, sync_upstream=True), service.settings).outcome is Outcome.SUCCEEDED


def test_the_account_can_be_asked_about(run: Run, service: Service) -> None:
    assert set(PHOTA_MODELS) <= set(run(get_models(), service.settings))
    before = run(get_usage(), service.settings)
    run(submit(service.edit), service.settings)
    after = run(get_usage(), service.settings)
    assert after.available < before.available


def test_the_price_of_an_order_is_what_it_costs(run: Run, service: Service) -> None:
    before = run(get_usage(), service.settings)
    run(submit(service.edit), service.settings)
    spent = before.available_usd - run(get_usage(), service.settings).available_usd
    prices = run(get_price_list(), service.settings).of_group("default")
    assert set(prices) == set(PHOTA_MODELS)
    assert estimate(service.edit, prices) == pytest.approx(spent)


def test_a_wrong_key_is_refused_and_not_billed(run: Run, service: Service, account: Account) -> None:
    stranger = account(service.emulator.url, api_key="sk-of-the-real-service")
    for conversation in (submit(service.edit), get_models(), get_usage(), get_task("task-1")):
        with pytest.raises(PhotaAuthenticationError) as caught:
            run(conversation, stranger)
        assert "sk-of-the-real-service" not in str(caught.value)
    assert service.billed() == 0


def test_an_unknown_task_is_not_found(run: Run, service: Service) -> None:
    with pytest.raises(PhotaNotFound):
        run(get_task("task-unknown"), service.settings)


SUBMITS: list[object] = [
    (Fault("submit", "status", status=500), PhotaSubmitAmbiguous, 0),
    (Fault("submit", "billed_status", status=500), PhotaSubmitAmbiguous, 1),
    (Fault("submit", "billed_status", status=503, headers={"Retry-After": "0"}), PhotaSubmitAmbiguous, 1),
    (Fault("submit", "billed_status", status=302, headers={"Location": "/"}), PhotaSubmitAmbiguous, 1),
    (Fault("submit", "reset_before"), PhotaSubmitAmbiguous, 0),
    (Fault("submit", "reset_after"), PhotaSubmitAmbiguous, 1),
    (Fault("submit", "hang", seconds=5.0, created=True), PhotaSubmitAmbiguous, 1),
    (Fault("submit", "truncated_body"), PhotaSubmitAmbiguous, 1),
    (Fault("submit", "html", created=True), PhotaSubmitAmbiguous, 1),
    (Fault("submit", "html", status=502), PhotaSubmitAmbiguous, 0),
    (Fault("submit", "status", status=400), PhotaRefused, 0),
    (Fault("submit", "status", status=402), PhotaQuotaError, 0),
    (Fault("submit", "status", status=403), PhotaAuthenticationError, 0),
    (Fault("submit", "status", status=422, code="invalid_param"), PhotaRefused, 0),
    (Fault("submit", "status", status=422, code="no_available_model", times=2), PhotaNoChannel, 0),
    (Fault("submit", "status", status=429, times=2), PhotaRateLimited, 0),
    (Fault("submit", "status", status=429, headers={"Retry-After": "200"}), PhotaRateLimited, 0),
]


@pytest.mark.parametrize(("fault", "kind", "billed"), SUBMITS, ids=lambda value: getattr(value, "kind", None))
def test_a_faulty_submit_is_billed_once_at_most(
    run: Run, service: Service, account: Account, fault: Fault, kind: type[PhotaError], billed: int
) -> None:
    service.emulator.add_faults(fault)
    hasty = account(service.emulator.url, api_key=Emulator.key, read_timeout=0.5)
    with pytest.raises(PhotaError) as caught:
        run(submit(service.edit, TWICE), hasty if fault.kind == "hang" else service.settings)
    assert type(caught.value) is kind
    assert service.billed() == billed
    assert service.emulator.faults() == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("submit", "status", status=429),
        Fault("submit", "status", status=429, headers={"Retry-After": "0"}),
        Fault("submit", "status", status=422, code="no_compatible_channel"),
        Fault("submit", "slow_body", seconds=0.2),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
def test_a_submit_whose_failure_is_temporary_is_billed_once(run: Run, service: Service, fault: Fault) -> None:
    service.emulator.add_faults(fault)
    task = run(submit(service.edit, TWICE), service.settings)
    assert [entry.id for entry in service.emulator.ledger()] == [task.id]


def test_a_wait_tolerates_whatever_is_temporary(run: Run, service: Service) -> None:
    task = run(submit(service.edit), service.settings)
    service.emulator.add_faults(
        Fault("task", "status", status=503, headers={"Retry-After": "0"}),
        Fault("task", "reset_before", times=2),
        Fault("task", "reset_after", times=2),
        Fault("task", "html"),
        Fault("task", "truncated_body"),
        Fault("task", "status_word", word="queueing"),
        Fault("task", "status", status=404),
        Fault("task", "no_results", times=2),
        Fault("task", "slow_body", seconds=0.1),
    )
    done = run(wait(task), service.settings)
    assert (done.outcome, len(done.images)) == (Outcome.SUCCEEDED, 2)
    assert service.emulator.faults() == []
    assert service.billed() == 1


def test_a_failed_task_says_why(run: Run, service: Service) -> None:
    task = run(submit(service.edit), service.settings)
    service.emulator.add_faults(Fault("task", "fail_task", code="bad_face", message="no face"))
    done = run(wait(task), service.settings)
    assert done.outcome is Outcome.FAILED
    assert done.failure is not None
    assert (done.failure.code, done.failure.message) == ("bad_face", "no face")


@pytest.mark.parametrize(
    ("fault", "patience", "kind"),
    [
        (Fault("task", "no_results", times=None), Patience(results_missing=0.1), PhotaResultsMissing),
        (Fault("task", "status", status=401, times=None), Patience(), PhotaWaitRefused),
        (Fault("task", "status_word", times=None, word="queueing"), Patience(), PhotaWaitTimeout),
    ],
)
def test_a_wait_that_cannot_end_well_keeps_the_task(
    run: Run, service: Service, fault: Fault, patience: Patience, kind: type[PhotaError]
) -> None:
    task = run(submit(service.edit), service.settings)
    service.emulator.add_faults(fault)
    with pytest.raises(kind, match=task.id):
        run(wait(task, seconds=0.5, patience=patience), service.settings)
    assert service.billed() == 1


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "html", "truncated_body"])
def test_free_questions_and_uploads_are_asked_again(
    run: Run, service: Service, picture: Path, kind: str
) -> None:
    service.emulator.add_faults(*(Fault(on, kind) for on in ("upload", "models", "usage")))
    assert run(upload(file_form(picture), TWICE), service.settings).size == picture.stat().st_size
    assert run(get_models(TWICE), service.settings)
    assert run(get_usage(TWICE), service.settings).available > 0
    assert service.emulator.faults() == []
