"""Says where result pictures go, and describes those that have landed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import cast

from airflow_provider_phota.api.types import PhotaFile
from airflow_provider_phota.results.names import FileNames
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.pictures import MOST_PIXELS, Picture

MAX_BYTES = 200 * 1000 * 1000


class IfExists(Enum):
    """Says what to do about a file that has a picture's name already."""

    SKIP = "skip"
    OVERWRITE = "overwrite"
    FAIL = "fail"


@dataclass(frozen=True)
class Landing:
    """Says where pictures go.

    Attributes:
        directory: of an object store.
        names: of the files in it.
        max_bytes: of one picture.
        digest: of the order, for names that have it in them.
        max_pixels: of one picture, as the connection says.
        thumbnails: whether small copies of the pictures are written, with a card that describes the order.
    """

    directory: Place
    names: FileNames
    if_exists: IfExists
    max_bytes: int
    digest: str = ""
    max_pixels: int = MOST_PIXELS
    thumbnails: bool = False

    @property
    def folder(self) -> Place:
        """The directory that pictures land in, as far as it is known before there is a task."""
        below = self.names.folder(self.digest)
        return self.directory / below if below else self.directory

    @property
    def has_fixed_names(self) -> bool:
        """True if the pictures of two tasks have the same names, although they are of two orders."""
        return not (self.names.has("phota_task_id") or self.digest)

    def stem(self, phota_task_id: str, index: int) -> Place:
        """Returns the path of a picture, without its extension."""
        return self.directory / self.names.stem(phota_task_id, index, self.digest)


@dataclass(frozen=True)
class LandedFile:
    """Is one line of the manifest.

    Attributes:
        path: as a URL of the store.
        bytes: size of the file.
        width: in pixels, as is the height.
        phota_task_id: the task that made it.
    """

    path: str
    sha256: str
    bytes: int
    width: int
    height: int
    content_type: str
    phota_task_id: str

    @classmethod
    def of(cls, path: Place, picture: Picture, phota_task_id: str) -> LandedFile:
        return cls(
            path.url,
            picture.sha256,
            picture.bytes,
            picture.width,
            picture.height,
            picture.content_type,
            phota_task_id,
        )

    def to_dict(self) -> PhotaFile:
        return cast("PhotaFile", asdict(self))  # which a test compares with the fields


def manifest(files: Sequence[LandedFile]) -> list[PhotaFile]:
    """Returns files as plain data, for XCom, for asset events and for the record of a landed order."""
    return [file.to_dict() for file in files]
