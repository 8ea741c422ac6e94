"""Downloads trust whom the environment names, or else certifi; the connection's own authorities only for its host."""

import io

import pytest
from certificates import Certificates
from http_text import answer
from raw_server import RawServer, answers

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.downloads.arrival import Undelivered
from airflow_provider_phota.downloads.downloads import Downloads, Timing
from airflow_provider_phota.drivers.trust import BUNDLES, FILE, tls_context

KEY = "sk-0123456789CANARY"
PICTURE = b"a picture"


def downloaded(settings: Settings, url: str) -> bytes:
    target = io.BytesIO()
    with Downloads(settings, Timing(pause=0.01)) as downloads:
        downloads.fetch(url, target, 1000)
    return target.getvalue()


@pytest.fixture(params=[*BUNDLES, FILE])
def file_variable(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def cdn(certificates: Certificates):
    tls = certificates.server("127.0.0.1")
    with RawServer((answers(answer(200, PICTURE)),), tls) as server:
        yield server


@pytest.mark.parametrize("base_url", ["{}", "http://localhost:1"], ids=["own host", "another host"])
def test_they_trust_whom_the_environment_names(
    certificates: Certificates, monkeypatch, cdn: RawServer, file_variable: str, base_url: str
) -> None:
    monkeypatch.setenv(file_variable, str(certificates.bundle))
    settings = Settings(KEY, base_url.format(cdn.url))
    assert downloaded(settings, f"{cdn.url}/a.png") == PICTURE


def test_the_connections_own_authorities_do_not_vouch_for_another_host_but_the_environments_do(
    certificates: Certificates, monkeypatch, cdn: RawServer
) -> None:
    settings = Settings(KEY, "https://localhost:1", ca_bundle=str(certificates.bundle))
    with pytest.raises(Undelivered, match="certificate is not trusted"):
        downloaded(settings, f"{cdn.url}/a.png")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.bundle))
    assert downloaded(settings, f"{cdn.url}/a.png") == PICTURE


def test_what_cannot_be_read_is_named(monkeypatch, cdn: RawServer) -> None:
    monkeypatch.setenv("CURL_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(Undelivered, match=r"environment variable CURL_CA_BUNDLE .*/nowhere/ca\.pem"):
        downloaded(Settings(KEY, cdn.url), f"{cdn.url}/a.png")


def test_what_the_connection_says_takes_the_place_of_certifis_list(certificates: Certificates) -> None:
    """`requests` would add certifi's authorities to what it is given, for all who share it."""
    settings = Settings(KEY, "https://127.0.0.1:1", ca_bundle=str(certificates.bundle))
    with RawServer((answers(answer(200, PICTURE)),), certificates.server("127.0.0.1")) as server:
        own = Settings(KEY, server.url, ca_bundle=str(certificates.bundle))
        assert downloaded(own, f"{server.url}/a.png") == PICTURE
    assert len(tls_context(settings).get_ca_certs()) == 1
