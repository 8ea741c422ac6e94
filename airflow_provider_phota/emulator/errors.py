"""Builds the error answers of the service, as the vendor documents them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found",
    413: "file_too_large_error",
    422: "validation_error",
    429: "rate_limit_error",
    503: "service_unavailable_error",
}
_CHANNEL_CODES = frozenset({"no_available_model", "no_compatible_channel", "unsupported_advanced_options"})


def error_type(status: int, code: str | None = None) -> str:
    """Returns the ``type`` word that goes with an HTTP status and a code."""
    if code in _CHANNEL_CODES:
        return "service_unavailable_error"
    if code in {"model_not_found", "invalid_image_url", "invalid_file_type"}:
        return "invalid_request_error"
    return _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")


@dataclass(frozen=True)
class ApiError(Exception):
    """Refuses a request: raised anywhere in a handler, it becomes the answer, with the documented body."""

    status: int
    message: str
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        error = {
            "message": f"{self.message} (request_id: {request_id})",
            "type": error_type(self.status, self.code),
        }
        return {"error": error | ({"code": self.code} if self.code else {})}


def malformed(message: str) -> ApiError:
    return ApiError(400, message)


def unauthorized(message: str) -> ApiError:
    return ApiError(401, message)


def not_found(message: str) -> ApiError:
    return ApiError(404, message)


def invalid_param(message: str) -> ApiError:
    return ApiError(422, message, "invalid_param")


def invalid_image_url(message: str) -> ApiError:
    return ApiError(422, message, "invalid_image_url")


def model_not_found(model: str) -> ApiError:
    return ApiError(422, f"model {model!r} does not exist", "model_not_found")


def insufficient_quota(needed: int, available: int) -> ApiError:
    return ApiError(402, f"balance too low: this task needs {needed} credits, {available} are left")


def phrase(status: int) -> str:
    """Returns the standard words for ``status``, also for a status that no standard knows."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP {status}"
