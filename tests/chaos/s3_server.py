"""Serves S3, and can hang, refuse or lose a bucket: `python -m tests.chaos.s3_server PORT`.

It is moto behind a gate. `POST /_gate` with `{"bucket": ..., "mode": ..., "match": ...}` says what happens to
the requests for a bucket whose path contains `match`. The mode "open" lets them through again.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

Answer = Iterable[bytes]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]

#: Mode -> the status and the code that S3 answers.
ERRORS = {
    "forbidden": ("403 Forbidden", "AccessDenied"),
    "failing": ("500 Internal Server Error", "InternalError"),
    "away": ("404 Not Found", "NoSuchBucket"),
}
#: Each request by itself may be refused, be carried out and then answered with an error, or take long.
FLAKY = "flaky"
#: What happens to that share of the requests then: the status, the code, and if it is carried out before.
_MISHAPS = (
    (0.06, ("409 Conflict", "ConditionalRequestConflict"), False),
    (0.05, ("503 Slow Down", "SlowDown"), False),
    (0.05, ("503 Slow Down", "SlowDown"), True),
)
#: The share that is slow, and for how many seconds.
_SLOW, _DELAY = 0.05, 0.4
#: Requests wait until the gate opens, and are then closed without an answer.
HANGING = "hanging"
#: Requests are carried out at once, and answered when the gate opens.
UNANSWERED = "unanswered"
LONGEST_HOLD = 300.0


@dataclass(frozen=True)
class Rule:
    """Says what happens to the requests whose path contains `match`."""

    mode: str
    match: str = ""


class Gate:
    """Stands in front of moto, and lets requests through or not."""

    def __init__(self, store: Callable[..., Answer]) -> None:
        self._store = store
        self._rules: dict[str, Rule] = {}
        self._changed = threading.Condition()
        # S3 decides between two writers, but moto first looks and then writes
        self._one_writer = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Answer:
        path = str(environ["PATH_INFO"])
        if path == "/_gate":
            return self._set_rule(environ, start_response)
        bucket = path.split("/")[1]
        mode = self._mode_for(bucket, path)
        if mode in ERRORS:
            return _error(*ERRORS[mode], environ, start_response)
        if mode == HANGING:
            self._hold(bucket, path)
            environ["werkzeug.socket"].close()
            return _error(*ERRORS["failing"], environ, start_response)
        if mode == FLAKY and (mishap := self._mishap(environ)):
            return _error(*mishap, environ, start_response)
        answer = self._carry_out(environ, start_response)
        if mode == UNANSWERED:
            self._hold(bucket, path)
        return answer

    def _mishap(self, environ: dict[str, Any]) -> tuple[str, str] | None:
        drawn = random.random()
        if drawn > 1 - _SLOW:
            time.sleep(_DELAY)
        for share, error, is_carried_out in _MISHAPS:
            if drawn < share and (error[0] != "409 Conflict" or environ["REQUEST_METHOD"] == "PUT"):
                if is_carried_out:
                    list(self._carry_out(environ, lambda *_: None))
                return error
            drawn -= share
        return None

    def _carry_out(self, environ: dict[str, Any], start_response: StartResponse) -> Answer:
        if environ["REQUEST_METHOD"] != "PUT":
            return self._store(environ, start_response)
        with self._one_writer:
            return self._store(environ, start_response)

    def _mode_for(self, bucket: str, path: str) -> str:
        rule = self._rules.get(bucket)
        return rule.mode if rule and rule.match in path else "open"

    def _hold(self, bucket: str, path: str) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._mode_for(bucket, path) not in {HANGING, UNANSWERED}, LONGEST_HOLD
            )

    def _set_rule(self, environ: dict[str, Any], start_response: StartResponse) -> Answer:
        rule = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        with self._changed:
            self._rules[rule["bucket"]] = Rule(rule["mode"], rule.get("match", ""))
            self._changed.notify_all()
        start_response("204 No Content", [])
        return [b""]


def _error(status: str, code: str, environ: dict[str, Any], start_response: StartResponse) -> Answer:
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    )
    start_response(status, [("Content-Type", "application/xml"), ("Connection", "close")])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body.encode()]


def main() -> None:
    """Serves until the process is ended."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    gate = Gate(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(sys.argv[1]), gate, threaded=True)


if __name__ == "__main__":
    main()
