"""A server that speaks S3 and can be told to hang, to refuse or to lose a bucket: `python -m tests.chaos.s3_server PORT`.

It is moto behind a gate. `POST /_gate` with `{"bucket": ..., "mode": ..., "match": ...}` says what befalls the
requests for a bucket whose path contains `match`; the mode "open" lets them through again.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

Answer = Iterable[bytes]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]

#: What S3 says, by mode.
ERRORS = {
    "forbidden": ("403 Forbidden", "AccessDenied"),
    "failing": ("500 Internal Server Error", "InternalError"),
    "away": ("404 Not Found", "NoSuchBucket"),
}
#: A request is held until the gate opens, and then given up unanswered.
HANGING = "hanging"
#: A request is carried out at once, and answered when the gate opens.
UNANSWERED = "unanswered"
LONGEST_HOLD = 300.0


@dataclass(frozen=True)
class Rule:
    """What befalls the requests whose path contains `match`."""

    mode: str
    match: str = ""


class Gate:
    """In front of moto."""

    def __init__(self, store: Callable[..., Answer]) -> None:
        self._store = store
        self._rules: dict[str, Rule] = {}
        self._changed = threading.Condition()
        # S3 decides between two writers; moto looks, and then writes
        self._one_writer = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Answer:
        path = str(environ["PATH_INFO"])
        if path == "/_gate":
            return self._set(environ, start_response)
        bucket = path.split("/")[1]
        mode = self._mode(bucket, path)
        if mode in ERRORS:
            return _error(*ERRORS[mode], environ, start_response)
        if mode == HANGING:
            self._hold(bucket, path)
            environ["werkzeug.socket"].close()
            return _error(*ERRORS["failing"], environ, start_response)
        answer = self._carry_out(environ, start_response)
        if mode == UNANSWERED:
            self._hold(bucket, path)
        return answer

    def _carry_out(self, environ: dict[str, Any], start_response: StartResponse) -> Answer:
        if environ["REQUEST_METHOD"] != "PUT":
            return self._store(environ, start_response)
        with self._one_writer:
            return self._store(environ, start_response)

    def _mode(self, bucket: str, path: str) -> str:
        rule = self._rules.get(bucket)
        return rule.mode if rule and rule.match in path else "open"

    def _hold(self, bucket: str, path: str) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._mode(bucket, path) not in {HANGING, UNANSWERED}, LONGEST_HOLD
            )

    def _set(self, environ: dict[str, Any], start_response: StartResponse) -> Answer:
        asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        with self._changed:
            self._rules[asked["bucket"]] = Rule(asked["mode"], asked.get("match", ""))
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
    """Serve until the process is ended."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    gate = Gate(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(sys.argv[1]), gate, threaded=True)


if __name__ == "__main__":
    main()
