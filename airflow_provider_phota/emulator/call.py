"""Logs and answers one HTTP request, and turns its errors into the documented ones."""

import json
import logging
import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web

from airflow_provider_phota.emulator.errors import ApiError, malformed
from airflow_provider_phota.emulator.faults import Fault
from airflow_provider_phota.emulator.inputs import Intake
from airflow_provider_phota.emulator.limit import RateLimit
from airflow_provider_phota.emulator.records import SeenRequest
from airflow_provider_phota.emulator.service import Service
from airflow_provider_phota.emulator.studio import Studio

log = logging.getLogger(__name__)

#: The number of requests that are remembered one by one. The counts by route have no limit.
REMEMBERED = 100_000


@dataclass(slots=True)
class RequestLog:
    """Remembers the requests since the last reset."""

    seen: deque[SeenRequest] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, request: SeenRequest, route: str) -> None:
        self.seen.append(request)
        self.counts[f"{request.method} {route}"] += 1

    def clear(self) -> None:
        self.seen.clear()
        self.counts.clear()

    def to_dict(self) -> dict[str, Any]:
        return {"requests": [asdict(request) for request in self.seen], "counts": dict(self.counts)}


@dataclass(frozen=True, slots=True)
class Desk:
    """Holds everything that the handlers work with."""

    service: Service
    intake: Intake
    studio: Studio
    log: RequestLog
    limit: RateLimit

    def reset(self) -> None:
        """Forgets tasks, uploads, balances, revoked keys, faults and requests, and sets the clock right."""
        self.intake.cancel()
        self.service.reset()
        self.studio.reset()
        self.log.clear()


@dataclass(slots=True)
class Call:
    """Holds one request and what belongs to it.

    Attributes:
        arrived: The service's time when it came. A task's status is as of then, for the choice of a fault and
            for the answer: else a task could end between the two.
        fault: The fault that this request was hit by, for the handlers that must know it.
    """

    desk: Desk
    request: web.Request
    id: str
    arrived: float
    fault: Fault | None = None

    @property
    def service(self) -> Service:
        return self.desk.service

    @property
    def base_url(self) -> str:
        """The URL by which the client reached the emulator, so that links also work through a proxy."""
        scheme = self.request.headers.get("X-Forwarded-Proto", self.request.scheme)
        return f"{scheme}://{self.request.host}"

    def account(self) -> str:
        """Returns the account that calls.

        Raises:
            ApiError: 401, the key is wrong.
        """
        return self.service.account(self.request.headers.get("Authorization"))

    async def json_body(self) -> dict[str, Any]:
        """Reads a JSON object.

        Raises:
            ApiError: 400, the body is not a JSON object.
        """
        if self.request.content_type != "application/json":
            raise malformed(f"Content-Type must be application/json, got {self.request.content_type}")
        try:
            body = json.loads(await self.request.read(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise malformed("the body is not valid JSON") from None
        if not isinstance(body, dict):
            raise malformed("the body must be a JSON object")
        return body


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


def json_answer(body: object, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")


def error_answer(error: ApiError, request_id: str) -> web.Response:
    answer = json_answer(error.body(request_id), error.status)
    answer.headers.update(error.headers)
    return answer


async def answer_with(call: Call, handler: Handler) -> web.StreamResponse:
    """Lets ``handler`` answer, and turns a refusal into its documented body and a bug into a 500."""
    try:
        return await handler(call)
    except ApiError as error:
        return error_answer(error, call.id)
    except web.RequestPayloadError:
        return error_answer(malformed("the body cannot be decoded"), call.id)
    except ConnectionError:
        return web.Response(status=499)  # the client has gone, and will not read this
    except Exception:
        log.exception("emulator bug in %s %s", call.request.method, call.request.path)
        return error_answer(ApiError(500, "internal error of the emulator; its stderr says more"), call.id)


def endpoint(
    desk: Desk, handler: Handler, route: str | None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wraps a handler for aiohttp: logs the request, and gives the answer its id and the service's time.

    Args:
        desk: What the handler works with.
        handler: Answers the request.
        route: The name under which the request is counted. If it is None, the request is not logged.
    """

    async def serve(request: web.Request) -> web.StreamResponse:
        call = Call(desk, request, secrets.token_hex(8), arrived=desk.service.now())
        seen = SeenRequest(request.method, request.path, call.arrived)
        if route is not None:
            desk.log.add(seen, route)
        answer = await answer_with(call, handler)
        if not answer.prepared:
            answer.headers.setdefault("x-request-id", call.id)
            answer.headers.setdefault("Date", formatdate(desk.service.now(), usegmt=True))
        if request.transport is not None and not request.transport.is_closing():
            seen.status = answer.status
        return answer

    return serve
