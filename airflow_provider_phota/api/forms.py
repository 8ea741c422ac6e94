"""The multipart body of a file upload (RFC 7578), laid around a file that the driver streams."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.wire import FileForm, Openable


def file_form(file: Path) -> FileForm:
    """A form with the one field `file`, under a harmless name of our own making.

    Raises:
        PhotaInputError: the path is no readable, non-empty file.
    """
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    # the name ends up in a header and in a URL of the service: keep what needs no quoting in either
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", file.name).strip("-.")[-100:] or "picture"
    return form_of(file, _checked_size(file), name, media_type)


def form_of(file: Openable, size: int, name: str, media_type: str, sha256: str = "") -> FileForm:
    """As `file_form`, of a file that was looked at and given a harmless name already."""
    boundary = f"phota-{uuid4().hex}"
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    return FileForm(
        head=head.encode(),
        file=file,
        size=size,
        tail=f"\r\n--{boundary}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={boundary}",
        sha256=sha256,
    )


def _checked_size(file: Path) -> int:
    if file.is_dir():
        raise PhotaInputError("path", f"is a directory, not a picture: {shown(file)}.")
    try:
        size = file.stat().st_size
    except (OSError, ValueError) as error:  # a ValueError is a NUL in the path
        reason = getattr(error, "strerror", error)
        raise PhotaInputError("path", f"cannot be read: {shown(file)} ({reason}).") from None
    if not file.is_file() or not size:
        raise PhotaInputError("path", f"is empty or no regular file: {shown(file)}.")
    return size
