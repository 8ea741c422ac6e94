"""An S3 endpoint as a role sees it that may not list the bucket: a missing key answers 403, not 404.

`with LeastRights("http://127.0.0.1:PORT-OF-A-LOCAL-S3") as url:` forwards to a local S3 server (moto, for one).
`refused` names methods that the role may not use at all.
"""

from __future__ import annotations

import threading
from collections.abc import Container
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

DENIED = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'


class LeastRights:
    def __init__(self, behind: str, refused: Container[str] = ()) -> None:
        self.denied: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else None
                key = self.path.split("?")[0].strip("/").partition("/")[2]
                if self.command in refused:
                    outer.denied.append((self.command, self.path))
                    self.answer(
                        403, {"Content-Type": "application/xml"}, DENIED if self.command != "HEAD" else b""
                    )
                    return
                headers = {
                    k: v
                    for k, v in self.headers.items()
                    if k.lower() not in {"host", "content-length", "connection"}
                }
                answer = requests.request(
                    self.command, behind + self.path, headers=headers, data=body, timeout=30
                )
                if answer.status_code == 404 or (self.command == "GET" and not key):
                    outer.denied.append((self.command, self.path))
                    self.answer(
                        403, {"Content-Type": "application/xml"}, b"" if self.command == "HEAD" else DENIED
                    )
                    return
                kept = {
                    k: v
                    for k, v in answer.headers.items()
                    if k.lower() in {"etag", "content-type", "last-modified", "content-range"}
                }
                size = answer.headers.get("Content-Length") if self.command == "HEAD" else None
                self.answer(answer.status_code, kept, answer.content, size)

            def answer(
                self, status: int, headers: dict[str, str], body: bytes, size: str | None = None
            ) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", size or str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = forward  # noqa: N815  # the names that the server calls

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
