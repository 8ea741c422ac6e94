"""Reads a PHOTA account from the parts of an Airflow connection, and checks it before anything is sent."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from airflow_provider_phota.api.console import checked_console_url
from airflow_provider_phota.api.errors import PhotaConfigurationError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.wire import FileForm, Request

DEFAULT_BASE_URL = "https://api.foxapi.cc"

#: Visible ASCII characters, so that a key fits into a header and can be masked in logs.
_KEY = re.compile(r"[\x21-\x7e]{8,256}")
#: Bytes a second of the slowest upload that is waited for.
_SLOWEST_UPLOAD = 64 * 1024


@dataclass(frozen=True)
class Settings:
    """Describes one PHOTA account and how to reach it.

    Attributes:
        api_key: sent as a Bearer token to `base_url` only; never part of a repr.
        base_url: scheme, host and port, without a trailing slash.
        connect_timeout: seconds until TCP and TLS are established.
        read_timeout: seconds without a byte of the answer.
        total_timeout: seconds for one whole request, even if bytes keep coming.
        proxy: URL of an HTTP proxy. The environment decides (HTTPS_PROXY, NO_PROXY) if this is None.
        ca_bundle: path of a PEM file, or a folder, with the certificate authorities to trust. The environment
            decides (REQUESTS_CA_BUNDLE, SSL_CERT_FILE ...), or certifi does, if this is None.
        ledger_path: object-storage directory in which operators record what they paid for, or None.
        publish: how pictures in an object store become URLs for the service: `upload` or `presign`.
        resend_on_503: True to treat a 503 to a submit as a refusal, and to send it again. The vendor does not
            promise that it is one.
        requests_per_second: questions that all the waits of a triggerer together ask in a second, at most.
            The vendor does not name a limit; this one keeps thousands of waits from looking like an attack.
        expected_pollers: how many triggerers and workers are expected to ask at the same time, so that each
            begins with its share of `requests_per_second`.
        max_pixels: pixels of a picture that is published or landed, at most. A decoded picture takes memory.
        user_group: whose prices hold until the service has named the group of the account.
        credits_per_usd: what a USD is in credits, for a budget in credits; None if that is not known.
        budget: what may be spent, such as "50 USD / month"; None if that is not limited.
        budget_path: object-storage directory in which all who share the budget count what is spent, or None.
        console_url: template of the URLs at which the vendor's console shows a PHOTA task, or None.
    """

    api_key: str = field(repr=False)
    base_url: str = DEFAULT_BASE_URL
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    total_timeout: float = 60.0
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None
    ledger_path: str | None = None
    publish: str = "upload"
    resend_on_503: bool = False
    requests_per_second: float = 50.0
    expected_pollers: int = 1
    max_pixels: int = 200_000_000
    user_group: str = "default"
    credits_per_usd: float | None = None
    budget: str | None = None
    budget_path: str | None = None
    console_url: str | None = None

    @property
    def is_loopback(self) -> bool:
        """True if the service runs on this machine."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    def time_allowed(self, request: Request) -> float:
        """Returns the seconds that a request may take from its first byte to the last byte of its answer."""
        upload = request.body.size / _SLOWEST_UPLOAD if isinstance(request.body, FileForm) else 0.0
        return self.total_timeout + upload


NUMBERS = ("connect_timeout", "read_timeout", "total_timeout", "requests_per_second")
EXTRAS = frozenset(
    {
        *NUMBERS,
        *("max_pixels", "proxy", "ca_bundle", "allow_http", "ledger_path", "publish", "resend_on_503"),
        *("expected_pollers", "user_group", "credits_per_usd", "budget", "budget_path", "console_url"),
    }
)
_BASE_URL_EXTRAS = frozenset({"base_url", "host", "url", "endpoint", "api_base"})


def settings_from_connection(
    *,
    host: str | None,
    port: int | None,
    schema: str | None,
    password: str | None,
    extra: Mapping[str, object],
) -> Settings:
    """Returns the account that the parts of an Airflow connection of type `phota` describe.

    Raises:
        PhotaConfigurationError: a part is missing or malformed. The text names the part without any secret.
    """
    _refuse_base_url_in(extra)
    api_key = _checked_key(password)
    return Settings(
        api_key=api_key,
        base_url=_checked_base_url(host, port, schema, allow_http=_flag(extra, "allow_http")),
        **{name: _positive(extra, name) for name in NUMBERS if _is_set(extra, name)},
        proxy=_proxy(extra),
        ca_bundle=_text(extra, "ca_bundle"),
        ledger_path=_text(extra, "ledger_path"),
        publish=_checked_publish(extra),
        resend_on_503=_flag(extra, "resend_on_503"),
        expected_pollers=_positive_int(extra, "expected_pollers", Settings.expected_pollers),
        max_pixels=_positive_int(extra, "max_pixels", Settings.max_pixels),
        user_group=_text(extra, "user_group") or Settings.user_group,
        credits_per_usd=_positive(extra, "credits_per_usd") if _is_set(extra, "credits_per_usd") else None,
        budget=_text(extra, "budget"),
        budget_path=_text(extra, "budget_path"),
        console_url=_console_url(extra, api_key),
    )


def is_loopback(hostname: str) -> bool:
    """True if a host name or an IP address means this machine."""
    if hostname.lower() in ("localhost", "localhost."):
        return True
    try:
        return ipaddress.ip_address(hostname).is_loopback
    except ValueError:
        return False


def _checked_key(password: str | None) -> str:
    key = (password or "").strip()
    if not key:
        raise PhotaConfigurationError("The connection has no API key: put it into the password field.")
    if not _KEY.fullmatch(key):
        raise PhotaConfigurationError(
            "The connection's API key (password) is malformed: a key is 8 to 256 visible ASCII characters "
            "without spaces or line breaks. Copy it again from the vendor's console."
        )
    return key


def _checked_base_url(host: str | None, port: int | None, schema: str | None, *, allow_http: bool) -> str:
    text = (host or "").strip() or DEFAULT_BASE_URL
    scheme = schema.strip().lower() if schema else ""
    if scheme and scheme not in ("http", "https"):
        raise PhotaConfigurationError(f"The connection's schema {shown(schema)} is not used; leave it empty.")
    if "://" not in text:
        text = f"{scheme or 'https'}://{text}"
    url = _split_url(text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise PhotaConfigurationError(f"The connection's host {shown(text)} is not an http(s) URL.")
    if url.username is not None or url.path.strip("/") or url.query or url.fragment:
        raise PhotaConfigurationError(
            f"The connection's host {shown(text)} must be a scheme, a host and a port only: "
            "no path, query or user name. The API key goes into the password field."
        )
    if url.scheme == "http" and not (is_loopback(url.hostname) or allow_http):
        raise PhotaConfigurationError(
            f"The connection's host {shown(text)} is plain http, which would show the API key to the "
            'network: use https, or set the extra "allow_http": true for a gateway on your own network.'
        )
    return f"{url.scheme}://{_netloc(url, port)}"


def _split_url(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        raise PhotaConfigurationError(
            "The connection's host is not a URL: its host or port is malformed."
        ) from None
    if re.search(r"[\s\x00-\x1f\x7f\\]", text) or not text.isascii():
        raise PhotaConfigurationError(
            "The connection's host has spaces, control or non-ASCII characters in it."
        )
    return url


def _netloc(url: SplitResult, port: int | None) -> str:
    # Airflow's UI sends 0 for a port that is left empty (apache/airflow#73298)
    port = url.port if url.port is not None else port or None
    if port is not None and not 0 < port < 65536:
        raise PhotaConfigurationError(f"The connection's port {port} is not between 1 and 65535.")
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{host}:{port}" if port is not None else f"{host}"


def _refuse_base_url_in(extra: Mapping[str, object]) -> None:
    # Airflow asks for the key again when the host or port of a connection changes, but not when an extra
    # changes: with a base URL in the extras, an editor of the connection could send the stored key anywhere
    for name in _BASE_URL_EXTRAS & extra.keys():
        raise PhotaConfigurationError(
            f"The connection's extra has {name!r}: the base URL goes into the host field."
        )


def _is_set(extra: Mapping[str, object], name: str) -> bool:
    return extra.get(name) not in (None, "")


def _positive(extra: Mapping[str, object], name: str) -> float:
    value = extra[name]
    try:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)  # type: ignore[arg-type]  # float() itself refuses other types
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 < number < math.inf:
        raise PhotaConfigurationError(
            f"The connection's extra {name!r} must be a number > 0, got {shown(value)}."
        )
    return number


def _positive_int(extra: Mapping[str, object], name: str, default: int) -> int:
    if not _is_set(extra, name):
        return default
    number = _positive(extra, name)
    if not number.is_integer():
        raise PhotaConfigurationError(
            f"The connection's extra {name!r} must be a whole number > 0, got {extra[name]!r}."
        )
    return int(number)


def _flag(extra: Mapping[str, object], name: str) -> bool:
    value = extra.get(name, False)
    if isinstance(value, str):  # a connection in URI form has only strings
        value = {"true": True, "1": True, "false": False, "0": False, "": False}.get(value.lower(), value)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise PhotaConfigurationError(
        f"The connection's extra {name!r} must be true or false, got {shown(value)}."
    )


def _text(extra: Mapping[str, object], name: str) -> str | None:
    return str(extra[name]) if extra.get(name) else None


def _checked_publish(extra: Mapping[str, object]) -> str:
    publish = _text(extra, "publish") or Settings.publish
    if publish not in ("upload", "presign"):
        raise PhotaConfigurationError(
            f"The connection's extra 'publish' must be 'upload' or 'presign', got {shown(publish)}."
        )
    return publish


def _console_url(extra: Mapping[str, object], api_key: str) -> str | None:
    template = _text(extra, "console_url")
    return None if template is None else checked_console_url(template, api_key)


def _proxy(extra: Mapping[str, object]) -> str | None:
    value = extra.get("proxy")
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not _is_origin(value):
        # not shown, since the URL of a proxy may hold a password
        raise PhotaConfigurationError("The connection's extra 'proxy' must be an http(s) URL.")
    return value


def _is_origin(text: str) -> bool:
    """True for an http(s) URL of a host, with or without a port, but without a path."""
    try:
        url = urlsplit(text)
        return bool(re.fullmatch(r"https?://[^\s/]+/?", text) and url.hostname) and url.port != 0
    except ValueError:
        return False
