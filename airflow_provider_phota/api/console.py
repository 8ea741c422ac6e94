"""Says where the vendor's console shows a PHOTA task, by the template of a connection.

The URL is shown to everyone who may see the Airflow task, so a template that may carry a secret is refused.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urlsplit

from airflow_provider_phota.api.errors import PhotaConfigurationError
from airflow_provider_phota.api.shown import shown

#: Where the ID of the PHOTA task goes.
FIELD = "{phota_task_id}"
_LONGEST = 2000
#: Printable ASCII, without what is not a part of a URL.
_UNUSABLE = re.compile(r"[^\x21-\x7e]|[\"<>\\^`|]")
#: A parameter of a query that is nothing but the ID: any other may be a token or a signature.
_PARAMETER = re.compile(rf"(?:[A-Za-z0-9_.-]+=)?{re.escape(FIELD)}")


def checked_console_url(template: str, api_key: str) -> str:
    """Returns the template of the console's URLs.

    Args:
        template: such as `https://console.example/tasks/{phota_task_id}`.
        api_key: of the connection, which must not be in it.

    Raises:
        PhotaConfigurationError: It is not such a template, or it may carry a secret.
    """
    problem = _problem_of(template, api_key)
    if problem:
        raise PhotaConfigurationError(f"The connection's extra 'console_url' {problem}")
    return template


def console_page(template: str, phota_task_id: str) -> str:
    """Returns the URL of the console's page about a PHOTA task.

    Args:
        template: checked.
        phota_task_id: the task.
    """
    return template.replace(FIELD, quote(phota_task_id, safe=""))


def _problem_of(template: str, api_key: str) -> str:
    parts = _split(template)
    # a template that may hold a secret is not shown
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or "{" in parts.netloc:
        return f"must be an http(s) URL with the field {FIELD}."
    if parts.username is not None or parts.password is not None:
        return "must not have a user name or a password in it."
    if api_key in template or not _is_plain(parts):
        return (
            f"must not carry anything but the ID in its query, such as ?id={FIELD}: everyone who may see the "
            "Airflow task sees the link, so that it must not have a key, a token or a signature in it."
        )
    rest = template.replace(FIELD, "")
    if rest == template or "{" in rest or "}" in rest:
        return f"must have the field {FIELD}, and no other, got {shown(template)}."
    return ""


def _split(template: str) -> SplitResult | None:
    if len(template) > _LONGEST or _UNUSABLE.search(template):
        return None
    try:
        parts = urlsplit(template)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_plain(parts: SplitResult) -> bool:
    """True if the query is nothing but the ID. Consoles of a single page have one in their fragment."""
    path, _, query = parts.fragment.partition("?")
    texts = [text for text in (parts.query, query) if text]
    parameters = [parameter for text in texts for parameter in text.split("&")]
    return not set("=&;") & set(path) and all(_PARAMETER.fullmatch(parameter) for parameter in parameters)
