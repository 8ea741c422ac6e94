"""One answer to "was it sent?", whatever library failed and however it words it."""

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


def transport_error(error: Exception, *, sent: bool) -> TransportError | PhotaInputError | PhotaUnreachable:
    """What a library's exception means.

    Args:
        error: as it was raised; its text is not used, since it may hold the URL or a header.
        sent: whether a byte of the request was handed to a socket.
    """
    chain = list(_chain(error))
    for link in chain:
        # the file to upload is not what it was, or its store does not give it: not this network's fault
        if isinstance(link, (PhotaInputError, PhotaUnreachable)):
            return link
    reason = _reason(chain)
    if sent:
        return MaybeSent(reason)
    return NotSent(reason, permanent=any(_is_tls_refusal(link) for link in chain))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and every error it was made of, outermost first."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        hidden = (link.__cause__, link.__context__, getattr(link, "reason", None), *link.args)
        waiting += [cause for cause in hidden if isinstance(cause, BaseException)]
        for name in ("os_error", "certificate_error"):
            cause = getattr(link, name, None)
            waiting += [cause] if isinstance(cause, BaseException) else []


def _is_tls_refusal(link: BaseException) -> bool:
    """Whether the TLS handshake failed for good: an untrusted certificate, or a port that speaks no TLS."""
    if isinstance(link, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)):
        return False
    return isinstance(link, ssl.SSLError) and "timed out" not in str(link)


def _reason(chain: list[BaseException]) -> str:
    """The most telling link in words: the operating system's or TLS's own, or the outermost class."""
    for link in reversed(chain):
        if isinstance(link, ssl.SSLCertVerificationError):
            return f"the certificate is not trusted: {link.verify_message.rstrip('.')}"
        if isinstance(link, OSError) and link.strerror and link.errno is not None:
            return f"{type(link).__name__}: {link.strerror}"
    return type(chain[0]).__name__
