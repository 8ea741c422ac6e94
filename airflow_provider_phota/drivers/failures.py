"""Maps the exceptions of any HTTP library to the one answer that counts: was the request sent?"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from airflow_provider_phota.api.errors import (
    MaybeSent,
    NotSent,
    PhotaInputError,
    PhotaUnreachable,
    TransportError,
)

#: Why nothing was sent over a connection that stood for a moment.
CLOSED_TOO_EARLY = "the service closed the connection before anything was sent"


def transport_error(error: Exception, *, sent: bool) -> TransportError | PhotaInputError | PhotaUnreachable:
    """Returns what a library's exception means.

    Args:
        error: the exception. Its text is not used, since it may hold the URL or a header.
        sent: True if a byte of the request was handed to a socket.
    """
    chain = list(_causes(error))
    for cause in chain:
        # the file to upload has changed, or its store does not deliver it: this network is not at fault
        if isinstance(cause, (PhotaInputError, PhotaUnreachable)):
            return cause
    reason = _reason(chain)
    if sent:
        return MaybeSent(reason)
    return NotSent(reason, permanent=any(_is_tls_refusal(cause) for cause in chain))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields the error and every error inside it, outermost first."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        # requests and urllib3 hide the cause in `reason` or in `args`, aiohttp in attributes of its own
        inner = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]
        for name in ("os_error", "certificate_error"):
            each = getattr(cause, name, None)
            waiting += [each] if isinstance(each, BaseException) else []


def _is_tls_refusal(error: BaseException) -> bool:
    """True if TLS failed for good: the certificate is not trusted, or the port does not speak TLS."""
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)):
        return False
    return isinstance(error, ssl.SSLError) and "timed out" not in str(error)


def _reason(chain: list[BaseException]) -> str:
    """Returns the words of TLS or of the operating system if they are there, else the outermost class."""
    for error in reversed(chain):
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"the certificate is not trusted: {error.verify_message.rstrip('.')}"
        if isinstance(error, OSError) and error.strerror and error.errno is not None:
            return f"{type(error).__name__}: {error.strerror}"
    return type(chain[0]).__name__
