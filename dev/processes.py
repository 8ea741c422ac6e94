"""Processes of our own: each in a session of its own, ended by process id and nothing else."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil


class ProcessDiedError(RuntimeError):
    """A process that should be running has ended; the message has the end of its log."""


@dataclass(frozen=True)
class Service:
    """One started process: session leader, so that all it forks can be found again."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def require_alive(self) -> None:
        code = self.process.poll()
        if code is not None:
            raise ProcessDiedError(f"{self.name} ended with code {code}; {self.log} ends:\n{tail(self.log)}")


def start(name: str, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> Service:
    """Start `command` without stdin, both outputs appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Service(name, process, log)


def stop(services: Iterable[Service], *, grace: float = 5.0) -> None:
    """TERM the services, which end what they started; after `grace` seconds KILL what is left of it."""
    started = list(services)
    for service in started:
        service.process.terminate()  # nothing is sent to a process that was already waited for
    deadline = time.monotonic() + grace
    while members(started) and time.monotonic() < deadline:
        for service in started:
            service.process.poll()
        time.sleep(0.05)
    kill(started)


def kill(services: Iterable[Service]) -> None:
    """KILL the services and all they started."""
    started = list(services)
    while left := members(started):  # again and again: a process may fork while it is looked at
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=5)
    for service in started:
        service.process.wait(timeout=5)


def members(services: Iterable[Service]) -> list[psutil.Process]:
    """All living processes of the services' sessions.

    By session and not by parent or process group: Airflow puts every task into a process group of its own,
    and a task whose supervisor was killed has no parent to be found by.
    """
    sessions = {service.pid for service in services}
    return [process for process in psutil.process_iter() if _session(process) in sessions]


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody uses; all held until the last is found, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def tail(log: Path, lines: int = 40) -> str:
    text = log.read_text(errors="replace") if log.exists() else "(no log)"
    return "\n".join(text.splitlines()[-lines:])


def _session(process: psutil.Process) -> int | None:
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else os.getsid(process.pid)
    except (psutil.Error, OSError):  # gone, or somebody else's
        return None
