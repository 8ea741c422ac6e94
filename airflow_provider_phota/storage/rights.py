"""What a store's refusal means, and which right is missing, in the words of that store's own settings."""

from __future__ import annotations

from enum import Enum
from typing import Any

from airflow_provider_phota.storage.paths import OBJECT_STORES, Place, reason_of


class Right(Enum):
    """What a role may do with objects; the text is for stores that have no name of their own for it."""

    CREATE = "write files in that directory"
    REPLACE = "replace files in that directory"
    READ = "read files in that directory"


_S3 = {Right.CREATE: "s3:PutObject", Right.REPLACE: "s3:PutObject", Right.READ: "s3:GetObject"}
_GCS = {
    Right.CREATE: "storage.objects.create",
    Right.REPLACE: "storage.objects.create and storage.objects.delete",
    Right.READ: "storage.objects.get",
}
_AZURE = {Right.CREATE: "blobs/add/action", Right.REPLACE: "blobs/write", Right.READ: "blobs/read"}
#: Protocol -> right -> its name there.
_NAMES = {
    **dict.fromkeys(("s3", "s3a"), _S3),
    **dict.fromkeys(("gs", "gcs"), _GCS),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), _AZURE),
}
#: What a store calls its roots.
_ROOTS = {"abfs": "container", "abfss": "container", "az": "container", "adl": "container"}
_DENIED = frozenset({401, 403})
_ABSENT = frozenset({404})
_TAKEN = frozenset({409, 412})
_UNKNOWN_CONDITION = frozenset({501})


def is_denied(error: BaseException) -> bool:
    """True if the store says that this role may not do it, or does not know the role."""
    # gcsfs raises a plain OSError for 403
    is_forbidden = type(error) is OSError and str(error).startswith("Forbidden")
    return isinstance(error, PermissionError) or is_forbidden or _status(error) in _DENIED


def is_absent(error: BaseException) -> bool:
    """True if what was asked for is not there, or what it would lie in."""
    return isinstance(error, FileNotFoundError) or _status(error) in _ABSENT


def is_taken(error: BaseException) -> bool:
    """True if exclusive creation met another object of the name."""
    return isinstance(error, FileExistsError) or _status(error) in _TAKEN


def is_unconditional(error: BaseException) -> bool:
    """True if the store, or the library that speaks to it, knows no exclusive creation."""
    unknown_argument = isinstance(error, TypeError) or type(error).__name__ == "ParamValidationError"
    return unknown_argument or _status(error) in _UNKNOWN_CONDITION


def explained(error: BaseException, place: Place, *rights: Right) -> str:
    """What went wrong in a store, and what to do about it, without a text that may hold its credentials.

    Args:
        error: of whatever library the store speaks by.
        place: what was asked for.
        rights: that it takes.
    """
    if is_absent(error) and place.protocol in OBJECT_STORES:
        root = _ROOTS.get(place.protocol, "bucket")
        return f"there is no {root} {place.root!r}, and this provider makes none. Is the name right?"
    if is_denied(error) and place.protocol in OBJECT_STORES:
        named = " and ".join(dict.fromkeys(_name(place, right) for right in rights))
        return f"permission denied: the role needs {named} there; are the connection and the name right?"
    return reason_of(error)


def _name(place: Place, right: Right) -> str:
    return _NAMES.get(place.protocol, {}).get(right, f"the right to {right.value}")


def _status(error: BaseException) -> int | None:
    """The HTTP status that an error of a store's library stands for, if it tells one."""
    told = error.__cause__ if isinstance(error, OSError) and error.__cause__ is not None else error
    response: Any = getattr(told, "response", None)
    if isinstance(response, dict):  # of botocore
        return _number(response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
    for name in ("status_code", "status", "code"):  # of Azure's library, aiohttp, gcsfs
        if (number := _number(getattr(told, name, None))) is not None:
            return number
    return None


def _number(value: object) -> int | None:
    try:
        return int(value) if isinstance(value, (int, str)) else None
    except ValueError:
        return None
