"""Proxies: of the connection or of the environment, and what a failure in one means for a paid POST."""

import base64

import pytest
from certificates import Certificates
from driving import KEY, Account, Run
from http_text import ACCEPTED, TASK_ID, answer, head
from proxying import answers_connect, tunnels
from raw_server import Behaviour, RawServer, answers, closed_port, drips, resets_after

from airflow_provider_phota.api.errors import (
    PhotaConfigurationError,
    PhotaError,
    PhotaSubmitAmbiguous,
    PhotaUnreachable,
)
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import submit
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.wire import Conversation

CREDENTIALS = "me:SECRET"


def edit() -> Conversation[PhotaTask]:
    request = EditOrder("make it winter", ("https://pictures.example/lake.jpg",))
    return submit(request, Backoff(tries=2, first=0.01))


@pytest.fixture
def service(certificates: Certificates):
    """The service over TLS, taking every edit."""
    with RawServer((answers(ACCEPTED),), certificates.server("127.0.0.1")) as server:
        yield server


def test_the_connections_proxy_opens_a_tunnel_and_never_sees_the_key(
    run: Run, account: Account, service: RawServer
) -> None:
    with RawServer((tunnels,)) as proxy:
        settings = account(service.url, proxy=f"http://{CREDENTIALS}@127.0.0.1:{proxy.port}")
        assert run(edit(), settings).id == TASK_ID
    (connect,) = proxy.received
    assert (connect.method, connect.target) == ("CONNECT", f"127.0.0.1:{service.port}")
    assert (
        connect.headers["proxy-authorization"] == f"Basic {base64.b64encode(CREDENTIALS.encode()).decode()}"
    )
    assert "authorization" not in connect.headers
    (post,) = service.posts()
    assert post.headers["authorization"] == f"Bearer {KEY}"
    assert "proxy-authorization" not in post.headers


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_the_environments_proxy_is_used(
    run: Run, account: Account, service: RawServer, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with RawServer((tunnels,)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}127.0.0.1:{proxy.port}")
        assert run(edit(), account(service.url)).id == TASK_ID
    assert len(proxy.received) == 1


def test_no_proxy_keeps_the_environments_proxy_out(
    run: Run, account: Account, service: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closed_port() as nowhere:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{nowhere}")
        monkeypatch.setenv("NO_PROXY", "example.org,127.0.0.1")
        assert run(edit(), account(service.url)).id == TASK_ID


def test_the_connections_proxy_goes_before_the_environments(
    run: Run, account: Account, service: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closed_port() as nowhere, RawServer((tunnels,)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{nowhere}")
        assert run(edit(), account(service.url, proxy=f"http://127.0.0.1:{proxy.port}")).id == TASK_ID


def test_a_proxy_over_tls_is_used(
    run: Run, account: Account, service: RawServer, certificates: Certificates
) -> None:
    with RawServer((tunnels,), certificates.server("127.0.0.1")) as proxy:
        settings = account(service.url, proxy=f"https://127.0.0.1:{proxy.port}")
        assert run(edit(), settings).id == TASK_ID
    assert [request.method for request in proxy.received] == ["CONNECT"]


NOT_SENT: list[object] = [
    pytest.param(answers(b""), id="closed"),
    pytest.param(resets_after(b""), id="reset"),
    pytest.param(answers_connect(b""), id="no answer"),
    pytest.param(answers_connect(b"HTTP/1.1 200 Connection est"), id="no whole answer"),
    pytest.param(answers_connect(b"HTTP/1.1 200 Connection established\r\n\r\n"), id="no server behind it"),
    *(
        pytest.param(answers(answer(status, b"<html>")), id=str(status))
        for status in (400, 403, 407, 429, 502, 503)
    ),
]


@pytest.mark.parametrize("behaviour", NOT_SENT)
def test_a_tunnel_that_does_not_come_about_sent_nothing(
    run: Run, account: Account, service: RawServer, behaviour: Behaviour
) -> None:
    with RawServer((behaviour,)) as proxy:
        url = f"http://{CREDENTIALS}@127.0.0.1:{proxy.port}"
        with pytest.raises(PhotaError) as caught:
            run(edit(), account(service.url, proxy=url, connect_timeout=0.3, total_timeout=0.4))
    assert type(caught.value) is PhotaUnreachable
    assert "SECRET" not in str(caught.value)
    assert (proxy.connections, service.received) == (2, [])


def test_a_proxy_that_is_not_there_sent_nothing(run: Run, account: Account, service: RawServer) -> None:
    with closed_port() as port, pytest.raises(PhotaError) as caught:
        run(edit(), account(service.url, proxy=f"http://{CREDENTIALS}@127.0.0.1:{port}"))
    assert type(caught.value) is PhotaUnreachable
    assert "SECRET" not in str(caught.value)


def test_an_untrusted_certificate_behind_a_tunnel_is_a_matter_of_configuration(
    run: Run, account: Account, service: RawServer
) -> None:
    with RawServer((tunnels,)) as proxy, pytest.raises(PhotaConfigurationError, match="not trusted"):
        run(edit(), account(service.url, proxy=f"http://127.0.0.1:{proxy.port}", ca_bundle=None))
    assert service.received == []


@pytest.mark.parametrize("behaviour", [answers(b""), resets_after(b"")])
def test_what_breaks_behind_a_tunnel_after_the_request_is_in_doubt(
    run: Run, account: Account, certificates: Certificates, behaviour: Behaviour
) -> None:
    with (
        RawServer((behaviour,), certificates.server("127.0.0.1")) as server,
        RawServer((tunnels,)) as proxy,
        pytest.raises(PhotaSubmitAmbiguous),
    ):
        run(edit(), account(server.url, proxy=f"http://127.0.0.1:{proxy.port}"))
    assert len(server.posts()) == 1


def test_what_drips_through_the_tls_of_a_proxy_ends_in_time(
    run: Run, account: Account, certificates: Certificates
) -> None:
    with (
        RawServer((drips(head(200)),), certificates.server("127.0.0.1")) as server,
        RawServer((tunnels,), certificates.server("127.0.0.1")) as proxy,
        pytest.raises(PhotaSubmitAmbiguous),
    ):
        run(edit(), account(server.url, proxy=f"https://127.0.0.1:{proxy.port}", total_timeout=0.6))
    assert len(server.posts()) == 1


def test_a_plain_request_is_handed_to_the_proxy_whole(run: Run, account: Account) -> None:
    with RawServer((answers(ACCEPTED), resets_after(b""))) as proxy:
        settings = account("http://gateway.lan", proxy=f"http://127.0.0.1:{proxy.port}")
        assert run(edit(), settings).id == TASK_ID
        with pytest.raises(PhotaSubmitAmbiguous):
            run(edit(), settings)
    assert [post.target for post in proxy.posts()] == ["http://gateway.lan/v1/images/generations"] * 2
