"""Checks the names of the pictures and archives that an order is about."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from airflow_provider_phota.api.addresses import Reach
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.hints import RENDERED_TO_TEXT, hint_for, is_collection_repr
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.orders.checks import check_sendable, checked_texts
from airflow_provider_phota.api.settings import is_loopback
from airflow_provider_phota.api.shown import shown

_UPLOAD = "upload the file with PhotaHook.upload_file() and pass the URL it returns."


def checked_files(
    argument: str, value: object, *, local_inputs: bool, stored_inputs: bool
) -> tuple[str, ...]:
    """Returns the URLs or paths of pictures.

    Args:
        argument: what the user calls them.
        value: one, or a list.
        local_inputs: whether addresses on loopback and private networks make sense, because the service
            itself is there.
        stored_inputs: whether the pictures may be in an object store, because they will be published.

    Raises:
        PhotaInputError: There are no pictures in it, one of them twice, or one that the service cannot read.
    """
    if isinstance(value, str):
        _refuse_text_of_list(argument, value)
        value = [value]
    names = checked_texts(argument, value, of="URLs")
    if not names:
        raise PhotaInputError(argument, "is empty: at least one picture is needed.")
    for name in names:
        if not (stored_inputs and is_stored(name)):
            check_url(argument, name, local_inputs=local_inputs)
    if len(set(names)) < len(names):
        raise PhotaInputError(argument, "names the same picture twice.")
    return names


def checked_file(argument: str, value: object, *, local_inputs: bool, stored_inputs: bool) -> str:
    """Returns the URL or path of the one file that an order takes; arguments as in `checked_files`.

    Raises:
        PhotaInputError: It is not one, or the service cannot read it.
    """
    if is_list(value) and len(value) == 1:
        (value,) = value  # what a task returned that publishes any number of pictures
    if not isinstance(value, str):
        raise PhotaInputError(argument, f"must be one URL or path, got {shown(value)}.{hint_for(value)}")
    if not value.strip() or value == "None":
        raise PhotaInputError(argument, f"must be a URL or a path, got {shown(value)}.")
    return checked_files(argument, value, local_inputs=local_inputs, stored_inputs=stored_inputs)[0]


def is_stored(name: str) -> bool:
    """Returns True if it names a file of an object store, and not something on the web."""
    scheme, separator, _ = name.partition("://")
    return bool(separator) and scheme.lower() not in ("http", "https")


def check_url(argument: str, url: str, *, local_inputs: bool) -> None:
    """Refuses a URL that the service cannot read; arguments as in `checked_files`.

    Raises:
        PhotaInputError: It says why.
    """
    check_sendable(argument, url)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise PhotaInputError(argument, f"{shown(url)} is not a URL.") from None
    if parts.scheme not in ("http", "https"):
        raise PhotaInputError(argument, f"{shown(url)} {_what_to_do_instead(parts.scheme)}")
    if not parts.hostname or re.search(r"\s", url):
        raise PhotaInputError(argument, f"{shown(url)} is not a complete http(s) URL.")
    if parts.username is not None:
        raise PhotaInputError(
            argument, "a URL carries a user name or password: use a signed or public URL instead."
        )
    if not local_inputs and _is_local(parts.hostname):
        raise PhotaInputError(
            argument,
            f"{shown(url)} is on this machine or a private network, which the service cannot read: {_UPLOAD}",
        )


def _refuse_text_of_list(argument: str, text: str) -> None:
    if is_collection_repr(text):
        raise PhotaInputError(argument, f"is the text of a list, {shown(text)}. {RENDERED_TO_TEXT}")


def _what_to_do_instead(scheme: str) -> str:
    if scheme in ("file", "data"):
        return f"is a {scheme}: URL, which the service cannot read: {_UPLOAD}"
    return (
        "is not an http(s) URL. Pass a URL the service can read, such as the one PhotaHook.upload_file() "
        "returns."
    )


def _is_local(hostname: str) -> bool:
    if is_loopback(hostname):
        return True
    try:
        return Reach.of(ipaddress.ip_address(hostname)) is not Reach.PUBLIC
    except ValueError:
        return False
