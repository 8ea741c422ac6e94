"""The emulator runs inside a process."""

import socket
import threading
from pathlib import Path

import pytest
from emulator_client import Client, wait_until

from airflow_provider_phota.emulator import Emulator, Fault


def durations(emulator: Emulator, count: int) -> list[float]:
    client = Client(emulator.url)
    ids = [client.create() for _ in range(count)]
    return emulator._ask_on_loop(lambda r: [r.desk.service.task(task_id).duration for task_id in ids])


def test_the_seed_decides_the_durations():
    with (
        Emulator(seed=1) as one,
        Emulator(seed=1) as same,
        Emulator(seed=2) as other,
        Emulator(seed=None) as any_,
    ):
        drawn = durations(one, 4)

        assert drawn == durations(same, 4)
        assert drawn != durations(other, 4)
        assert drawn != durations(any_, 4)
        assert all(0.1 <= seconds <= 0.3 for seconds in drawn)
        assert len(set(drawn)) == 4


def test_the_seed_goes_on_after_a_restart_and_starts_over_after_a_reset(tmp_path: Path):
    with Emulator(seed=1) as emulator:
        drawn = durations(emulator, 4)
    with Emulator(seed=1, state=tmp_path / "s") as emulator:
        first = durations(emulator, 2)
    with Emulator(seed=1, state=tmp_path / "s") as emulator:
        assert first + durations(emulator, 2) == drawn
        emulator.reset()
        assert durations(emulator, 4) == drawn


def test_stopping_twice_is_fine_and_leaves_no_thread():
    before = set(threading.enumerate())
    emulator = Emulator()
    emulator.stop()
    with emulator:
        emulator.start()
        url = emulator.url
    emulator.stop()

    assert set(threading.enumerate()) <= before
    with pytest.raises(RuntimeError, match="not running"):
        emulator.url  # noqa: B018
    with pytest.raises(RuntimeError, match="not running"):
        emulator.ledger()
    with emulator:
        assert Client(emulator.url).get("/v1/models").status_code == 200
        assert url.startswith("http://127.0.0.1:")


def test_stopping_does_not_wait_for_what_hangs():
    with Emulator() as emulator:
        emulator.add_faults(Fault("models", "hang", seconds=1e6))
        port = int(emulator.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
            raw.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_until(lambda: not emulator.faults())
            emulator.stop()
            assert raw.recv(1) == b""


def test_a_port_that_is_taken_is_the_callers_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        emulator = Emulator(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="address already in use"):
            emulator.start()
        with pytest.raises(OSError, match="address already in use"):
            emulator.start()
        emulator.stop()


@pytest.mark.parametrize(
    "wrong", [{"host": "0.0.0.0"}, {"latency": (2, 1)}, {"credits": -1}, {"result_ttl": 0}, {"port": -1}]
)
def test_wrong_arguments_are_refused_at_once(wrong: dict):
    with pytest.raises(ValueError, match=r"must|refused"):
        Emulator(**wrong)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "::1"])
def test_every_loopback_address_will_do(host: str):
    try:
        with Emulator(host=host) as emulator:
            assert Client(emulator.url).get("/v1/models").status_code == 200
    except OSError:
        if host == "::1":
            pytest.skip("this machine has no IPv6")
        raise


def test_result_ttl(phota_emulator: Emulator):
    with Emulator(result_ttl=60) as emulator:
        client = Client(emulator.url)
        url = client.ended(client.create())["results"][0]["url"].removeprefix(emulator.url)
        assert client.get(url).status_code == 200
        emulator.advance(60)
        assert client.get(url).status_code == 404


def test_tasks_and_polls_by_many_threads(phota_emulator: Emulator):
    client = Client(phota_emulator.url)
    threads = [threading.Thread(target=lambda: client.ended(client.create())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [entry.status for entry in phota_emulator.ledger()] == ["completed"] * 20
    assert len({entry.id for entry in phota_emulator.ledger()}) == 20
