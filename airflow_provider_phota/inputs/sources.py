"""Pictures to edit that lie in object storage: looked at before money is spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.storage.drafts import open_for_reading
from airflow_provider_phota.storage.paths import Place, reason_of
from airflow_provider_phota.storage.pictures import INPUTS, NotAPicture, Picture, inspect_picture
from airflow_provider_phota.storage.rights import Right, explain, is_denied

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath


@dataclass(frozen=True)
class Source:
    """A picture of a store, as it is now."""

    path: ObjectStoragePath
    picture: Picture

    @property
    def identity(self) -> str:
        """What tells it from other pictures, wherever it lies and whatever it is called."""
        return f"sha256:{self.picture.sha256}"


def looked_at(path: ObjectStoragePath, max_pixels: int, argument: str = "image_urls") -> Source:
    """A picture of a store, read once, whole.

    Args:
        path: of the picture.
        max_pixels: how many it may have.
        argument: that named it, for the error.

    Raises:
        PhotaInputError: there is none, or it is cut, damaged or no picture.
        PhotaUnreachable: the store could not be asked; that may heal.
    """
    if "\0" in str(path):
        raise PhotaInputError(argument, f"{shown(path)} has a NUL character in it.")
    try:
        with open_for_reading(Place.of(path)) as file:
            return Source(path, inspect_picture(file, INPUTS, max_pixels=max_pixels, decoded=True))
    except NotAPicture as problem:
        raise PhotaInputError(argument, f"{shown(path)} {problem}.") from None
    except UnicodeError:
        raise PhotaInputError(argument, f"{shown(path)} is not a name that a file there can have.") from None
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise PhotaInputError(argument, f"{shown(path)} cannot be read ({reason_of(error)}).") from None
    except Exception as error:  # of whatever library the store speaks by
        if is_denied(error):
            why = explain(error, Place.of(path), Right.READ)
            raise PhotaInputError(
                argument, f"{shown(path)} is not there or cannot be read ({why})."
            ) from None
        raise PhotaUnreachable(f"{argument}: {shown(path)} could not be read ({reason_of(error)}).") from None
