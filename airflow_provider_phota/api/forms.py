"""Builds the multipart body of a file upload (RFC 7578) around a file that the driver streams."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.wire import FileForm, Openable


def file_form(file: Path) -> FileForm:
    """Returns a form whose only field, `file`, is the file, under a name without unusual characters.

    Raises:
        PhotaInputError: the path is not a readable file, or the file is empty.
    """
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    # the name is used in a header and in a URL of the service: keep the characters that both take unquoted
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", file.name).strip("-.")[-100:] or "picture"
    return form_of(file, _checked_size(file), name, media_type)


def form_of(file: Openable, size: int, name: str, media_type: str, sha256: str = "") -> FileForm:
    """Returns a form around a file that was checked before.

    Args:
        file: the file.
        size: its bytes.
        name: a name without characters that a header or a URL would quote.
        media_type: of the file.
        sha256: of the file, as `FileForm.sha256`.
    """
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
    except (OSError, ValueError) as error:  # ValueError: the path has a NUL in it
        reason = getattr(error, "strerror", error)
        raise PhotaInputError("path", f"cannot be read: {shown(file)} ({reason}).") from None
    if not file.is_file() or not size:
        raise PhotaInputError("path", f"is empty or is not a regular file: {shown(file)}.")
    return size
