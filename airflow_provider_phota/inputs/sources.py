"""Looks at files of an object store that the service will read, before money is spent."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.wire import Openable
from airflow_provider_phota.storage.drafts import open_for_reading
from airflow_provider_phota.storage.paths import Place, reason_of
from airflow_provider_phota.storage.pictures import INPUTS, NotAPicture, inspect_picture
from airflow_provider_phota.storage.rights import Right, explain, is_denied

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

#: Numbers of errors that a path has by itself, so that a retry does not help.
_OF_THE_PATH = frozenset({errno.ENAMETOOLONG, errno.ELOOP})


@dataclass(frozen=True)
class Source:
    """Stands for a picture or an archive that was looked at, as it was then.

    Attributes:
        content: the file, to be opened for the upload. It is the path itself if the file lies in a store.
        name: a harmless name for the uploaded file.
        bytes: its size.
        sha256: of the bytes, in hex.
        content_type: what its bytes are, whatever it is called.
        identity: what tells it from others, wherever it lies and whatever it is called.
    """

    content: Openable
    name: str
    bytes: int
    sha256: str
    content_type: str
    identity: str


def looked_at(path: ObjectStoragePath, max_pixels: int, argument: str = "image_urls") -> Source:
    """Returns a picture of a store, which is read once, whole.

    Args:
        path: of the picture.
        max_pixels: how many it may have.
        argument: that named it, for the error.

    Raises:
        PhotaInputError: It is not there, or it is cut, damaged or not a picture.
        PhotaUnreachable: The store could not be asked; a retry may help.
    """
    place = Place.of(path)
    with reading(place, argument), open_for_reading(place) as file:
        picture = inspect_picture(file, INPUTS, max_pixels=max_pixels, decoded=True)
    return Source(
        content=path,
        name=f"{picture.sha256[:16]}.{picture.extension}",
        bytes=picture.bytes,
        sha256=picture.sha256,
        content_type=picture.content_type,
        identity=f"sha256:{picture.sha256}",
    )


def archive_source(content: Openable, size: int, sha256: str, photos: Iterable[str]) -> Source:
    """Returns a ZIP of photos.

    Its identity is that of the photos: under other names, in another order or in another ZIP they are still
    the same.

    Args:
        content: the ZIP, to be opened for the upload.
        size: of the ZIP in bytes.
        sha256: of its bytes, in hex.
        photos: the SHA-256 of each photo in it, in hex.
    """
    return Source(
        content=content,
        name=f"{sha256[:16]}.zip",
        bytes=size,
        sha256=sha256,
        content_type="application/zip",
        identity=f"photos:{hashlib.sha256(' '.join(sorted(photos)).encode()).hexdigest()}",
    )


@contextmanager
def reading(place: Place, argument: str) -> Iterator[None]:
    """Explains what goes wrong while a file is read, in terms of the argument that named it.

    Args:
        place: of the file.
        argument: that named it.

    Raises:
        PhotaInputError: It is not there, or not what it must be.
        PhotaUnreachable: The store could not be asked; a retry may help.
    """
    url = shown(place.url)
    if "\0" in place.url:
        raise PhotaInputError(argument, f"{url} has a NUL character in it.")
    try:
        yield
    except (PhotaInputError, PhotaUnreachable):
        raise
    except NotAPicture as problem:
        raise PhotaInputError(argument, f"{url} {problem}.") from None
    except UnicodeError:
        raise PhotaInputError(argument, f"{url} is not a name that a file there can have.") from None
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise PhotaInputError(argument, f"{url} cannot be read ({reason_of(error)}).") from None
    except Exception as error:  # of whatever library the store speaks by
        if isinstance(error, OSError) and error.errno in _OF_THE_PATH:
            raise PhotaInputError(argument, f"{url} cannot be read ({reason_of(error)}).") from None
        if is_denied(error):
            why = explain(error, place, Right.READ)
            raise PhotaInputError(argument, f"{url} is not there or cannot be read ({why}).") from None
        raise PhotaUnreachable(f"{argument}: {url} could not be read ({reason_of(error)}).") from None
