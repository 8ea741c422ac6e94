"""Users start the emulator as a process with a command line."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import trustme
from emulator_client import Client, opened, picture

import airflow_provider_phota
from airflow_provider_phota.emulator.__main__ import main
from airflow_provider_phota.emulator.connecting import connection_to

ROOT = Path(airflow_provider_phota.__file__).parents[1]
COMMAND = [sys.executable, "-W", "error", "-m", "airflow_provider_phota.emulator"]
Start = Callable[..., tuple[subprocess.Popen[str], Client]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts processes that are killed at the end, whatever happens."""
    processes: list[subprocess.Popen[str]] = []

    def started(*arguments: str) -> tuple[subprocess.Popen[str], Client]:
        command = [*COMMAND, "--port", "0", "--latency", "0.1..0.2", *arguments]
        process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        processes.append(process)
        line = process.stdout.readline()
        match = re.fullmatch(r"PHOTA emulator listening on (https?://\S+:\d+)\n", line)
        assert match, line + process.stderr.read()
        return process, Client(match[1])

    yield started
    for process in processes:
        process.kill()
        process.communicate()


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, text=True, capture_output=True, timeout=60, check=False
    )


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_says_one_line_and_ends_quietly(start: Start, end: int):
    process, client = start()
    client.create()
    Client(client.url, "sk-canary").submit(model="phota-image")
    client.get("/v1/models", headers={"Authorization": "canary"})

    process.send_signal(end)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (0, "", "")


def test_a_kill_loses_nothing(start: Start, tmp_path: Path, files: str):
    state = ("--state", str(tmp_path / "state.db"), "--seed", "3")
    process, client = start(*state)
    upload = client.upload(picture((600, 400)))
    client.post("/_emulator/clock", json={"advance": 7200})
    fault = {"on": "task", "kind": "status", "status": 503, "skip": 5, "times": 2}
    client.post("/_emulator/faults", json={"faults": [fault, {"on": "submit", "kind": "fail_task"}]})
    failing = client.create(prompt="fails")
    edit = client.create(model="phota-image-edit", image_urls=[upload["url"], f"{files}/photo.png"])
    ledger = client.get("/_emulator/ledger").json()["tasks"]
    process.kill()
    process.wait()

    again = start(*state, "--port", client.url.rpartition(":")[2])[1]

    after = again.get("/_emulator/ledger").json()["tasks"]
    assert [task["id"] for task in after] == [task["id"] for task in ledger] == [failing, edit]
    assert [task["request"] for task in after] == [task["request"] for task in ledger]
    assert again.get("/_emulator/faults").json() == {"faults": [fault]}
    assert requests.get(upload["url"], timeout=20).content == picture((600, 400))
    assert again.get("/_emulator").json()["now"] > ledger[0]["created"]
    again.call("DELETE", "/_emulator/faults")
    assert again.ended(failing)["status"] == "failed"
    view = again.ended(edit)
    assert opened(requests.get(view["results"][0]["url"], timeout=20).content).size == (1024, 683)
    assert again.get("/api/usage/token/").json()["data"]["total_used"] == 5 * 5000
    assert b"emu-" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_inputs_under_way_at_the_kill_are_fetched_after_the_restart(start: Start, tmp_path: Path):
    state = ("--state", str(tmp_path / "state.db"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process, client = start(*state)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/photo.png"
        task_id = client.create(model="phota-image-edit", image_urls=[url])
        client.post("/_emulator/clock", json={"advance": 60})
        assert client.task(task_id)["status"] == "processing"
        assert client.task(task_id)["progress"] == 99
        process.kill()
        process.wait()

    again = start(*state)[1]

    assert again.ended(task_id)["error"]["code"] == "invalid_image_url"


def test_links_survive_a_restart(start: Start, tmp_path: Path):
    state = ("--state", str(tmp_path / "state.db"))
    process, client = start(*state)
    url = client.ended(client.create())["results"][0]["url"]
    before = requests.get(url, timeout=20).content
    process.terminate()
    process.wait()

    again = start(*state, "--port", client.url.rpartition(":")[2])[1]

    assert again.url == client.url
    assert requests.get(url, timeout=20).content == before


def test_tls(start: Start, tmp_path: Path):
    authority, pem = trustme.CA(), tmp_path / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    _, client = start("--tls-cert", str(pem))
    trusting = Client(client.url, verify=str(tmp_path / "ca.pem"))

    assert client.url.startswith("https://127.0.0.1:")
    first = trusting.ended(trusting.create())
    url = first["results"][0]["url"]
    assert url.startswith(client.url)
    assert requests.get(url, timeout=20, verify=trusting.verify).status_code == 200
    edit = trusting.create(model="phota-image-edit", image_urls=[url, trusting.upload(picture())["url"]])
    assert trusting.ended(edit)["status"] == "completed"
    reset = {"on": "models", "kind": "reset_after"}
    trusting.post("/_emulator/faults", json={"faults": [reset]})
    with pytest.raises(requests.ConnectionError):
        trusting.get("/v1/models")
    with pytest.raises(requests.exceptions.SSLError):
        client.get("/v1/models")


def test_another_host_than_loopback_is_refused():
    done = ran("--host", "0.0.0.0", "--port", "0")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("phota emulator: host '0.0.0.0' is refused: ")


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "10.0.0.1", "::", "example.com", "localhost.example.com", "", "127.1"]
)
def test_whatever_its_spelling(host: str, capsys: pytest.CaptureFixture[str]):
    assert main(["--host", host, "--port", "0"]) == 2
    assert "the emulator listens on loopback only" in capsys.readouterr().err


def test_remote_clients_are_allowed_on_request_and_told_what_that_means(start: Start, files: str):
    process, everywhere = start("--host", "0.0.0.0", "--allow-remote")
    assert process.stdout.readline().startswith('Any key that begins with "emu-" is taken, so whoever')
    # a request of another machine has another host; the results it gets lead to where it asked
    client = Client(everywhere.url.replace("0.0.0.0", "127.0.0.2"))

    own = client.upload(picture())["url"]
    done = client.ended(client.create(model="phota-image-edit", prompt="a beach", image_urls=[own]))
    assert own.startswith(client.url)
    assert done["results"][0]["url"].startswith(client.url)

    refused = client.submit(model="phota-image-edit", prompt="a", image_urls=[f"{files}/photo.png"])
    assert refused.status_code == 422
    assert "remote clients" in refused.json()["error"]["message"]


def test_the_connection_to_a_remote_emulator_allows_http():
    assert json.loads(connection_to("http://phota:8765"))["extra"] == {"allow_http": True}
    for url in ("https://phota:8765", "http://127.0.0.1:8765", "http://[::1]:8765"):
        assert "extra" not in json.loads(connection_to(url))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--latency", "5..2"], 2, "0 <= shortest <= longest"),
        (["--latency", "nan..1"], 2, "0 <= shortest <= longest"),
        (["--latency", "1..inf"], 2, "0 <= shortest <= longest"),
        (["--credits", "-1"], 2, "credits must not be negative"),
        (["--result-ttl", "0"], 2, "result_ttl must be more than 0 seconds"),
        (["--port", "70000"], 2, "port must be from 0 to 65535"),
        (
            ["--tls-cert", "/nowhere.pem"],
            1,
            "cannot start: certificate /nowhere.pem: No such file or directory",
        ),
        (["--state", "/dev/null/a.db"], 1, "cannot start: state file /dev/null/a.db: unable to open"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["--port", "0", *arguments]) == code

    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert says in said.err


def test_a_latency_that_is_no_range(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="2"):
        main(["--latency", "soon"])

    assert "'soon' is not a range of seconds such as 2..5" in capsys.readouterr().err


def test_a_file_that_is_not_its_own_is_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    notes = tmp_path / "notes.txt"
    notes.write_text("my notes " * 100)

    assert main(["--port", "0", "--tls-cert", str(notes)]) == 1
    assert f"certificate {notes}: no certificate and key in it" in capsys.readouterr().err
    assert main(["--port", "0", "--state", str(notes)]) == 1
    assert f"state file {notes}: file is not a database" in capsys.readouterr().err
    assert notes.read_text() == "my notes " * 100


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == 1

    assert "address already in use" in capsys.readouterr().err


def test_two_emulators_do_not_share_a_state_file(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    start("--state", str(tmp_path / "state.db"))

    assert main(["--port", "0", "--state", str(tmp_path / "state.db")]) == 1
    assert "state.db: database is locked" in capsys.readouterr().err


def test_help_names_every_option():
    done = ran("--help")

    options = (
        "--rate-limit",
        "--host",
        "--port",
        "--tls-cert",
        "--latency",
        "--seed",
        "--state",
        "--credits",
        "--result-ttl",
    )
    assert done.returncode == 0
    assert all(option in done.stdout for option in options)
    assert "/_emulator/ledger" in done.stdout


def test_it_does_not_import_airflow():
    code = "import sys, airflow_provider_phota.emulator.__main__; sys.exit('airflow' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60)

    assert done.returncode == 0
