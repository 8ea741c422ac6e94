"""A submit that was never sent is tried again if its failure is temporary."""

import pytest
from certificates import Certificates
from driving import Account, Run
from http_text import ACCEPTED, TASK_ID
from raw_server import (
    Behaviour,
    RawServer,
    answers,
    answers_a_handshake_in_plain,
    closed_port,
    closes_in_the_handshake,
    full_backlog,
    hangs_in_the_handshake,
    resets_in_the_handshake,
)
from submitting import edit, failure

from airflow_provider_phota.api.errors import PhotaConfigurationError, PhotaUnreachable


def test_a_host_that_has_no_address_was_not_reached(run: Run, account: Account) -> None:
    error = failure(run, account("https://phota.invalid"))
    assert type(error) is PhotaUnreachable


def test_a_refused_connection_was_not_sent(run: Run, account: Account) -> None:
    with closed_port() as port:
        error = failure(run, account(f"http://127.0.0.1:{port}"))
    assert type(error) is PhotaUnreachable
    assert "ConnectionRefusedError" in str(error)


def test_a_connection_that_does_not_come_about_was_not_sent(run: Run, account: Account) -> None:
    with full_backlog() as port:
        error = failure(run, account(f"http://127.0.0.1:{port}", connect_timeout=0.2))
    assert type(error) is PhotaUnreachable


def test_an_untrusted_certificate_is_a_matter_of_configuration(
    run: Run, account: Account, certificates: Certificates
) -> None:
    with RawServer((answers(ACCEPTED),), certificates.server("127.0.0.1")) as server:
        error = failure(run, account(server.url, ca_bundle=None))
    assert type(error) is PhotaConfigurationError
    assert "certificate is not trusted" in str(error)
    assert (server.connections, server.received) == (1, [])


def test_a_certificate_of_another_host_is_a_matter_of_configuration(
    run: Run, account: Account, certificates: Certificates
) -> None:
    with RawServer((answers(ACCEPTED),), certificates.server("other.example")) as server:
        error = failure(run, account(server.url))
    assert type(error) is PhotaConfigurationError
    assert server.received == []


def test_a_port_that_speaks_no_tls_is_a_matter_of_configuration(run: Run, account: Account) -> None:
    with RawServer((answers_a_handshake_in_plain,)) as server:
        error = failure(run, account(f"https://127.0.0.1:{server.port}"))
    assert type(error) is PhotaConfigurationError
    assert server.received == []


@pytest.mark.parametrize(
    "behaviour", [hangs_in_the_handshake, resets_in_the_handshake, closes_in_the_handshake]
)
def test_what_ends_in_the_handshake_was_not_sent(
    run: Run, account: Account, certificates: Certificates, behaviour: Behaviour
) -> None:
    tls = certificates.server("127.0.0.1")
    with RawServer((behaviour,), tls, handshake=False) as server:
        error = failure(run, account(server.url, connect_timeout=0.3))
    assert type(error) is PhotaUnreachable
    assert server.connections == 2


def test_what_was_not_sent_is_sent_again(run: Run, account: Account, certificates: Certificates) -> None:
    def serves(peer) -> None:
        peer.shake_hands()
        answers(ACCEPTED)(peer)

    tls = certificates.server("127.0.0.1")
    with RawServer((resets_in_the_handshake, serves), tls, handshake=False) as server:
        assert run(edit(), account(server.url)).id == TASK_ID
    assert (server.connections, len(server.posts())) == (2, 1)
