"""Starts processes, each in its own session, and ends them by process id alone."""

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
    """A process that should be running has ended. The message has the end of its log."""


@dataclass(frozen=True)
class Service:
    """Names one started process. It leads a session, so that all that it forks can be found again."""

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
    """Starts `command` without stdin, and appends both outputs to `log`."""
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
    """Sends TERM to the services, and after `grace` seconds KILL to what is left of them."""
    started = list(services)
    for service in started:
        service.process.terminate()  # Popen sends nothing to a process that has ended and was waited for
    deadline = time.monotonic() + grace
    while members(started) and time.monotonic() < deadline:
        for service in started:
            service.process.poll()
        time.sleep(0.05)
    kill(started)


def kill(services: Iterable[Service]) -> None:
    """Kills the services and all they started."""
    started = list(services)
    while left := members(started):  # in a loop, since a process may fork meanwhile
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=5)
    for service in started:
        service.process.wait(timeout=5)


def members(services: Iterable[Service]) -> list[psutil.Process]:
    """Returns all living processes of the services' sessions.

    They cannot be found by process group, since Airflow puts every task into its own, nor by parent, since a
    task loses its parent when its supervisor is killed.
    """
    sessions = {service.pid for service in services}
    return [process for process in psutil.process_iter() if _session(process) in sessions]


def free_ports(count: int) -> list[int]:
    """Returns free ports of 127.0.0.1. All are held until the last one is found, so that they differ."""
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
    except (psutil.Error, OSError):  # it has ended, or belongs to another user
        return None
