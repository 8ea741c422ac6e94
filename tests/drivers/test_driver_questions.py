"""The free questions and the connections they go over."""

import asyncio
import contextlib
import threading
from pathlib import Path

import pytest
from certificates import Certificates
from driving import KEY, Account, Run
from http_text import ACCEPTED, TASK, TASK_ID, answer, head, refusal
from raw_server import (
    Behaviour,
    Peer,
    RawServer,
    answers,
    drips,
    hangs_after,
    resets_after,
    resets_on_accept,
)

from airflow_provider_phota import __version__
from airflow_provider_phota.api.errors import (
    PhotaConfigurationError,
    PhotaError,
    PhotaNotFound,
    PhotaUnreachable,
)
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import get_models, get_task, submit
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.wire import Conversation
from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task

ONCE = Backoff(tries=1)
TWICE = Backoff(tries=2, first=0.01)
MODELS = answer(200, {"data": [{"id": "phota-image-edit"}]})
EDIT = EditOrder("make it winter", ("https://pictures.example/lake.jpg",))
COMMON = {
    "authorization": f"Bearer {KEY}",
    "accept": "application/json",
    "accept-encoding": "identity",
    "user-agent": f"airflow-provider-phota/{__version__}",
}


def ask(*, tries: Backoff = ONCE) -> Conversation[PhotaTask]:
    return get_task("task:1", sync_upstream=True, backoff=tries)


def in_turn(*conversations: Conversation[object]) -> Conversation[object]:
    """Several conversations over one driver."""
    for conversation in conversations:
        yield from conversation


def test_a_question_says_the_same_over_both_drivers(run: Run, account: Account) -> None:
    with RawServer((answers(answer(200, TASK | {"id": "task:1"})),)) as server:
        assert run(ask(), account(server.url)).id == "task:1"
    (request,) = server.received
    assert (request.method, request.target) == ("GET", "/v1/tasks/task%3A1?sync_upstream=true")
    expected = COMMON | {"host": f"127.0.0.1:{server.port}"}
    assert {name: value for name, value in request.headers.items() if name != "connection"} == expected


def test_a_submit_says_the_same_over_both_drivers(run: Run, account: Account) -> None:
    with RawServer((answers(ACCEPTED),)) as server:
        run(submit(EDIT), account(server.url))
    (request,) = server.received
    assert request.headers == COMMON | {
        "host": f"127.0.0.1:{server.port}",
        "content-type": "application/json",
        "content-length": str(len(EDIT.body())),
        "connection": "close",
    }


def test_questions_share_a_connection_but_a_submit_has_its_own(run: Run, account: Account) -> None:
    def serves(peer: Peer) -> None:
        while request := peer.receive():
            peer.sock.sendall(ACCEPTED if request.method == "POST" else MODELS)

    with RawServer((serves,)) as server:
        talk = in_turn(get_models(ONCE), get_models(ONCE), submit(EDIT), get_models(ONCE), submit(EDIT))
        run(talk, account(server.url))
    assert [request.method for request in server.received] == ["GET", "GET", "POST", "GET", "POST"]
    assert server.connections in (3, 4)  # a driver may keep the questions' connection or open another one


def test_a_submit_never_goes_over_a_connection_that_is_about_to_close(run: Run, account: Account) -> None:
    def answers_and_resets_on_the_next_byte(peer: Peer) -> None:
        peer.receive()
        peer.sock.sendall(MODELS)
        if peer.sock.recv(1):
            peer.reset()

    with RawServer((answers_and_resets_on_the_next_byte, answers(ACCEPTED))) as server:
        run(in_turn(get_models(ONCE), submit(EDIT)), account(server.url))
    assert (server.connections, len(server.posts())) == (2, 1)


def test_a_connection_that_was_closed_while_idle_is_opened_again(run: Run, account: Account) -> None:
    with RawServer((answers(MODELS),)) as server:
        run(in_turn(get_models(TWICE), get_models(TWICE), get_models(TWICE)), account(server.url))
    assert len(server.received) == 3


def test_cookies_are_not_kept(run: Run, account: Account) -> None:
    sets_a_cookie = answer(200, {"data": []}, "Set-Cookie: session=1; Path=/")
    with RawServer((answers(sets_a_cookie, sets_a_cookie),)) as server:
        run(in_turn(get_models(ONCE), get_models(ONCE)), account(server.url))
    assert ["cookie" in request.headers for request in server.received] == [False, False]


def test_the_netrc_file_is_not_read(
    run: Run, account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in (".netrc", "_netrc"):
        (tmp_path / name).write_text("machine 127.0.0.1 login me password SECRET\n")
        (tmp_path / name).chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with RawServer((answers(MODELS), answers(ACCEPTED))) as server:
        run(in_turn(get_models(ONCE), submit(EDIT)), account(server.url))
    assert [request.headers["authorization"] for request in server.received] == [f"Bearer {KEY}"] * 2


HEALING: list[object] = [
    pytest.param(answers(refusal(503)), id="503"),
    pytest.param(answers(refusal(503, "", "busy", "Retry-After: 0")), id="503 with Retry-After"),
    pytest.param(answers(refusal(429)), id="429"),
    pytest.param(answers(answer(502, b"<html>")), id="502 with HTML"),
    pytest.param(answers(answer(200, b"<html>")), id="200 with HTML"),
    pytest.param(answers(answer(302, b"", "Location: /v1/models")), id="302"),
    pytest.param(answers(b""), id="FIN"),
    pytest.param(resets_after(b""), id="RST"),
    pytest.param(resets_on_accept, id="RST on accept"),
    pytest.param(answers(head(200, "Content-Length: 99") + b"{"), id="cut"),
    pytest.param(hangs_after(b""), id="no answer"),
    pytest.param(drips(head(200, "Content-Length: 9999")), id="drips"),
]


@pytest.mark.parametrize("behaviour", HEALING)
def test_a_question_survives_a_temporary_failure(run: Run, account: Account, behaviour: Behaviour) -> None:
    # aiohttp repeats a GET by itself once where the connection broke: two may meet the same fate
    with RawServer((behaviour, behaviour, answers(MODELS))) as server:
        settings = account(server.url, read_timeout=0.4, total_timeout=0.6)
        assert run(get_models(Backoff(tries=3, first=0.01)), settings) == ("phota-image-edit",)


@pytest.mark.parametrize("behaviour", HEALING)
def test_a_question_that_stays_unanswered_says_so_without_secrets(
    run: Run, account: Account, behaviour: Behaviour
) -> None:
    with RawServer((behaviour,)) as server, pytest.raises(PhotaError) as caught:
        run(ask(), account(server.url, read_timeout=0.4, total_timeout=0.6))
    assert caught.value.retryable
    for secret in (KEY, "sync_upstream", "://"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(run: Run, account: Account, status: int) -> None:
    with (
        RawServer((answers(MODELS),)) as elsewhere,
        RawServer((answers(answer(status, b"", f"Location: {elsewhere.url}/v1/models")),)) as server,
        pytest.raises(PhotaUnreachable, match=f"HTTP {status}"),
    ):
        run(get_models(TWICE), account(server.url))
    assert (len(server.received), elsewhere.connections) == (2, 0)


def test_a_long_listing_is_read_but_not_an_endless_one(run: Run, account: Account) -> None:
    listing = {"data": [{"id": "m" * 1000} for _ in range(2000)]}
    with RawServer((answers(answer(200, listing)),)) as server:
        assert len(run(get_models(ONCE), account(server.url))) == 2000
    endless = RawServer((drips(head(200), b" " * 1_000_000),))
    with endless, pytest.raises(PhotaUnreachable, match="longer than"):
        run(get_models(ONCE), account(endless.url))


def test_a_wait_goes_on_through_faults_to_its_end(run: Run, account: Account) -> None:
    done = TASK | {"status": "completed", "results": [{"url": "https://cdn.example/out.png"}]}
    faults = (
        answers(refusal(404)),
        answers(refusal(503)),
        answers(answer(200, TASK)),
        answers(answer(200, TASK | {"status": "completed", "results": None})),
        resets_after(b""),
        answers(answer(200, done)),
    )
    wait = wait_for_task(TASK_ID, seconds=60.0, schedule=PollSchedule(0.01, 0.01), patience=Patience())
    with RawServer(faults) as server:
        assert run(wait, account(server.url)).images[0].url == "https://cdn.example/out.png"


def test_an_unknown_task_is_not_found(run: Run, account: Account) -> None:
    with RawServer((answers(refusal(404)),)) as server, pytest.raises(PhotaNotFound):
        run(ask(tries=TWICE), account(server.url))
    assert len(server.received) == 1


def test_the_total_time_holds_even_if_the_handshake_used_it_up(
    run: Run, account: Account, certificates: Certificates
) -> None:
    def shakes_hands_late(peer: Peer) -> None:
        peer.server.stopping.wait(0.6)
        peer.shake_hands()
        drips(head(200))(peer)

    tls = certificates.server("127.0.0.1")
    with RawServer((shakes_hands_late,), tls, handshake=False) as server:
        with pytest.raises(PhotaUnreachable):
            run(get_models(ONCE), account(server.url, connect_timeout=5.0, total_timeout=0.3))
        assert server.received == []


@pytest.mark.parametrize("content", [None, "no certificate", ""])
def test_a_ca_bundle_that_is_none_is_a_matter_of_configuration(
    run: Run, account: Account, tmp_path: Path, content: str | None
) -> None:
    bundle = tmp_path / "own.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(PhotaConfigurationError, match=r"ca_bundle.*own\.pem"):
        run(submit(EDIT), account("https://127.0.0.1:1", ca_bundle=str(bundle)))


def test_the_aiohttp_driver_wants_to_be_entered(account: Account) -> None:
    with pytest.raises(RuntimeError, match="context manager"):
        asyncio.run(AiohttpDriver(account("https://phota.invalid")).run(get_models(ONCE)))


def test_a_cancelled_submit_is_cancelled_and_not_sent_again(account: Account) -> None:
    received = threading.Event()

    def hangs_and_says_so(peer: Peer) -> None:
        peer.receive()
        received.set()
        peer.hang()

    async def cancel(settings: Settings) -> None:
        async with AiohttpDriver(settings) as driver:
            talk = asyncio.ensure_future(driver.run(submit(EDIT)))
            await asyncio.to_thread(received.wait)
            talk.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await talk
            assert talk.cancelled()

    with RawServer((hangs_and_says_so,)) as server:
        asyncio.run(cancel(account(server.url)))
    assert (server.connections, len(server.posts())) == (1, 1)
