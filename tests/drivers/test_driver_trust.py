"""Both drivers trust whom the connection names, or else the environment, or else certifi."""

import os
from pathlib import Path

import certifi
import pytest
from certificates import Certificates
from driving import Account, Run
from http_text import ACCEPTED, TASK, TASK_ID, answer
from raw_server import Peer, RawServer, answers
from submitting import edit

from airflow_provider_phota.api.errors import PhotaConfigurationError
from airflow_provider_phota.api.protocol import get_models, get_task
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.drivers.trust import BUNDLES, FILE, FOLDERS
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task

ONCE = Backoff(tries=1)
MODELS = answer(200, {"data": [{"id": "phota-image-edit"}]})


@pytest.fixture
def plain_account(account: Account) -> Account:
    """Settings whose connection says nothing about certificate authorities."""
    return lambda url, **changes: account(url, **({"ca_bundle": None} | changes))


@pytest.fixture(params=[*BUNDLES, FILE])
def file_variable(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=[*BUNDLES, FOLDERS])
def folder_variable(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_a_file_that_the_environment_names_is_trusted(
    run: Run, plain_account: Account, certificates: Certificates, monkeypatch, file_variable: str
) -> None:
    monkeypatch.setenv(file_variable, str(certificates.bundle))
    with RawServer((answers(MODELS),), certificates.server("127.0.0.1")) as server:
        assert run(get_models(ONCE), plain_account(server.url)) == ("phota-image-edit",)


def test_a_folder_that_the_environment_names_is_trusted(
    run: Run, plain_account: Account, certificates: Certificates, monkeypatch, folder_variable: str, tmp_path
) -> None:
    monkeypatch.setenv(folder_variable, str(certificates.hashed(tmp_path / "authorities")))
    with RawServer((answers(ACCEPTED),), certificates.server("127.0.0.1")) as server:
        assert run(edit(), plain_account(server.url)).id == TASK_ID


def test_several_folders_are_trusted_as_openssl_does(
    run: Run, plain_account: Account, certificates: Certificates, monkeypatch, tmp_path
) -> None:
    folders = (tmp_path / "nowhere", certificates.hashed(tmp_path / "authorities"))
    monkeypatch.setenv(FOLDERS, os.pathsep.join(map(str, folders)))
    with RawServer((answers(MODELS),), certificates.server("127.0.0.1")) as server:
        assert run(get_models(ONCE), plain_account(server.url))


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_a_folder_next_to_a_good_file_does_not_have_to_be_good(
    run: Run, plain_account: Account, certificates: Certificates, monkeypatch, tmp_path, folder: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv(FILE, str(certificates.bundle))
    monkeypatch.setenv(FOLDERS, str(tmp_path / folder))
    with RawServer((answers(MODELS),), certificates.server("127.0.0.1")) as server:
        assert run(get_models(ONCE), plain_account(server.url))


def test_a_folder_in_the_connection_is_trusted(
    run: Run, account: Account, certificates: Certificates, tmp_path
) -> None:
    folder = certificates.hashed(tmp_path / "authorities")
    with RawServer((answers(MODELS),), certificates.server("127.0.0.1")) as server:
        assert run(get_models(ONCE), account(server.url, ca_bundle=str(folder)))


@pytest.mark.parametrize(
    "before_it",
    [
        {},
        {"REQUESTS_CA_BUNDLE": "good"},
        {"REQUESTS_CA_BUNDLE": "good", "CURL_CA_BUNDLE": "certifi"},
        {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "good", FILE: "certifi"},
        {"CURL_CA_BUNDLE": "good", FOLDERS: "nowhere"},
        {FILE: "good"},
    ],
)
def test_the_first_that_is_set_decides(
    run: Run, plain_account: Account, certificates: Certificates, monkeypatch, before_it: dict[str, str]
) -> None:
    """Each case is tried as it is, and with what is good in it replaced by certifi's list."""
    files = {"good": str(certificates.bundle), "certifi": certifi.where()}
    for name, value in before_it.items():
        monkeypatch.setenv(name, files.get(value, value))
    with RawServer((answers(MODELS),), certificates.server("127.0.0.1")) as server:
        settings = plain_account(server.url)
        if before_it:
            assert run(get_models(ONCE), settings)
            (decides,) = (name for name, value in before_it.items() if value == "good")
            monkeypatch.setenv(decides, certifi.where())
        with pytest.raises(PhotaConfigurationError, match="certificate is not trusted"):
            run(get_models(ONCE), settings)


def test_the_connection_goes_before_the_environment(
    run: Run, account: Account, certificates: Certificates, monkeypatch
) -> None:
    for name in (*BUNDLES, FILE):
        monkeypatch.setenv(name, "/nowhere/ca.pem")
    with RawServer((answers(MODELS),), certificates.server("127.0.0.1")) as server:
        assert run(get_models(ONCE), account(server.url))


@pytest.mark.parametrize("name", [*BUNDLES, FILE, FOLDERS])
@pytest.mark.parametrize("content", [None, "no certificate", ""])
def test_what_cannot_be_read_is_a_matter_of_configuration_that_names_the_variable(
    run: Run, plain_account: Account, monkeypatch, tmp_path, name: str, content: str | None
) -> None:
    path = tmp_path / "own.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(name, str(path))
    with pytest.raises(PhotaConfigurationError, match=rf"environment variable {name} .*own\.pem"):
        run(edit(), plain_account("https://127.0.0.1:1"))


def test_a_folder_without_hashed_names_says_what_to_do(
    run: Run, plain_account: Account, certificates: Certificates, monkeypatch, tmp_path
) -> None:
    (tmp_path / "authority.pem").write_bytes(certificates.bundle.read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    with pytest.raises(PhotaConfigurationError, match=r"REQUESTS_CA_BUNDLE .*openssl rehash"):
        run(get_models(ONCE), plain_account("https://127.0.0.1:1"))


def test_without_tls_the_authorities_are_not_read(run: Run, plain_account: Account, monkeypatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with RawServer((answers(MODELS),)) as server:
        assert run(get_models(ONCE), plain_account(server.url))


def test_a_proxy_over_tls_is_trusted_by_the_same(
    run: Run, plain_account: Account, certificates: Certificates, monkeypatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.bundle))
    with RawServer((answers(ACCEPTED),), certificates.server("127.0.0.1")) as proxy:
        settings = plain_account("http://gateway.lan", proxy=f"https://127.0.0.1:{proxy.port}")
        assert run(edit(), settings).id == TASK_ID


def test_a_wait_trusts_what_has_come_onto_the_disk_meanwhile(
    run: Run, plain_account: Account, certificates: Certificates, monkeypatch, tmp_path
) -> None:
    """One driver, one wait: first another authority, then no file at all, then the right one."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    refused = []

    def rotate(*_: object) -> float:
        refused.append(bundle.exists())
        if len(refused) == 1:
            bundle.unlink()
        elif len(refused) == 2:
            bundle.write_bytes(certificates.bundle.read_bytes())
        return 0.5

    done = TASK | {"status": "completed", "results": [{"url": "https://cdn.example/out.png"}]}
    schedule = PollSchedule(0.01, 0.01, chance=rotate)
    wait = wait_for_task(TASK_ID, seconds=60.0, schedule=schedule, patience=Patience())
    tls = certificates.server("127.0.0.1")
    with RawServer((answers(answer(200, done)),), tls) as server:
        assert run(wait, plain_account(server.url)).id == TASK_ID
    assert refused == [True, False]


def test_a_driver_that_has_been_trusting_goes_on_when_the_file_is_replaced(
    run: Run, plain_account: Account, certificates: Certificates, monkeypatch, tmp_path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(certificates.bundle.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))

    def serves(peer: Peer) -> None:
        while peer.receive():
            peer.sock.sendall(answer(200, TASK | {"id": "task-1"}))

    def talk():
        yield from get_task("task-1", backoff=ONCE)
        bundle.write_bytes(certificates.bundle.read_bytes() + Path(certifi.where()).read_bytes())
        return (yield from get_task("task-1", backoff=ONCE))

    with RawServer((serves,), certificates.server("127.0.0.1")) as server:
        assert run(talk(), plain_account(server.url)).id == "task-1"
    assert server.connections == 2
