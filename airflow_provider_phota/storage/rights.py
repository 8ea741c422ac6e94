"""Tells what a store's error means, and which right is missing, in the words of that store's own settings."""

from __future__ import annotations

from enum import Enum
from typing import Any

from airflow_provider_phota.storage.paths import OBJECT_STORES, Place, reason_of


class Right(Enum):
    """A right that a role needs for objects. The text is for stores that have no name of their own for it."""

    CREATE = "write files in that directory"
    REPLACE = "replace files in that directory"
    READ = "read files in that directory"
    LIST = "list that directory"
    DELETE = "delete files in that directory"


_S3 = {
    Right.CREATE: "s3:PutObject",
    Right.REPLACE: "s3:PutObject",
    Right.READ: "s3:GetObject",
    Right.LIST: "s3:ListBucket",
    Right.DELETE: "s3:DeleteObject",
}
_GCS = {
    Right.CREATE: "storage.objects.create",
    Right.REPLACE: "storage.objects.create and storage.objects.delete",
    Right.READ: "storage.objects.get",
    Right.LIST: "storage.objects.list",
    Right.DELETE: "storage.objects.delete",
}
_AZURE = {
    Right.CREATE: "blobs/add/action",
    Right.REPLACE: "blobs/write",
    Right.READ: "blobs/read",
    Right.LIST: "blobs/read",
    Right.DELETE: "blobs/delete",
}
#: Protocol -> right -> the store's name for it.
_NAMES = {
    **dict.fromkeys(("s3", "s3a"), _S3),
    **dict.fromkeys(("gs", "gcs"), _GCS),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), _AZURE),
}
#: Protocol -> the store's word for a bucket, if it has another one.
_ROOT_WORDS = {"abfs": "container", "abfss": "container", "az": "container", "adl": "container"}
_DENIED = frozenset({401, 403})
_ABSENT = frozenset({404})
_TAKEN = frozenset({409, 412})
_UNKNOWN_CONDITION = frozenset({501})


def is_denied(error: BaseException) -> bool:
    """Returns True if the store forbids the act to this role, or does not know the role."""
    # gcsfs raises a plain OSError for 403
    is_forbidden = type(error) is OSError and str(error).startswith("Forbidden")
    return isinstance(error, PermissionError) or is_forbidden or _status(error) in _DENIED


def is_absent(error: BaseException) -> bool:
    """Returns True if the object or its bucket does not exist."""
    return isinstance(error, FileNotFoundError) or _status(error) in _ABSENT


def is_taken(error: BaseException) -> bool:
    """Returns True if exclusive creation failed because another object has the name."""
    return isinstance(error, FileExistsError) or _status(error) in _TAKEN


def lacks_exclusive_creation(error: BaseException) -> bool:
    """Returns True if the store, or the library that speaks to it, cannot create exclusively."""
    unknown_argument = isinstance(error, TypeError) or type(error).__name__ == "ParamValidationError"
    return unknown_argument or _status(error) in _UNKNOWN_CONDITION


def explain(error: BaseException, place: Place, *rights: Right) -> str:
    """Returns what went wrong in a store and what to do about it, without credentials.

    Args:
        error: raised by the store's library, whichever that is.
        place: the file or directory that was asked for.
        rights: the rights that the act needs.
    """
    if is_absent(error) and place.protocol in OBJECT_STORES:
        word = _ROOT_WORDS.get(place.protocol, "bucket")
        return f"there is no {word} {place.root!r}, and this provider does not make one. Is the name right?"
    if is_denied(error) and place.protocol in OBJECT_STORES:
        needed = " and ".join(dict.fromkeys(_name_of(right, place) for right in rights))
        return f"permission denied: the role needs {needed} there; are the connection and the name right?"
    return reason_of(error)


def _name_of(right: Right, place: Place) -> str:
    return _NAMES.get(place.protocol, {}).get(right, f"the right to {right.value}")


def _status(error: BaseException) -> int | None:
    """Returns the HTTP status in an error of a store's library, or None if the error has no status."""
    source = error.__cause__ if isinstance(error, OSError) and error.__cause__ is not None else error
    response: Any = getattr(source, "response", None)
    if isinstance(response, dict):  # botocore
        return _int_or_none(response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
    for name in ("status_code", "status", "code"):  # Azure's library, aiohttp, gcsfs
        if (status := _int_or_none(getattr(source, name, None))) is not None:
            return status
    return None


def _int_or_none(value: object) -> int | None:
    try:
        return int(value) if isinstance(value, (int, str)) else None
    except ValueError:
        return None
