"""Publishes approved pictures: says under which names, and what became of all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.results.landing import LandedFile
from airflow_provider_phota.reviews.copies import StoreFailed, asking, check_source, is_taken, put, taken
from airflow_provider_phota.reviews.errors import PhotaPublishError, PhotaReviewError
from airflow_provider_phota.reviews.pictures import Picture
from airflow_provider_phota.storage.access import try_to_write
from airflow_provider_phota.storage.calls import at_once
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.rights import Right

#: Pictures that are copied, or looked for, at the same time.
_AT_ONCE = 8
_NOT_ASKED = (
    "Nobody was asked yet. The pictures are paid, and stay where they are.\n"
    "A retry checks again, and then asks."
)
_CARRIES_ON = "A retry publishes what is missing by the same decision, and asks nobody again."


class Shelf:
    """Is the directory that pictures are published in.

    Args:
        folder: the directory.
        batch: the path of the results of a batch, whose folders are kept; empty outside a batch.
    """

    def __init__(self, folder: Place, batch: str = "") -> None:
        self.folder = folder
        self._home = f"{batch.rpartition('/')[0]}/" if batch else ""

    def check(self, pictures: Sequence[Picture]) -> None:
        """Checks, before a person is asked, that all pictures could be published.

        Raises:
            PhotaInputError: A picture has not landed, two of them have one name, or another file has it.
            PhotaReviewError: A picture is not there any more, or has changed.
            PhotaPublishError: A store could not be asked.
        """
        targets = self._targets(pictures)
        try:
            with asking("publish_to", self.folder, Right.CREATE, Right.READ):
                try_to_write(self.folder)
            for _, call in at_once(_AT_ONCE, self._check, targets.items()):
                call.result()
        except StoreFailed as error:
            raise PhotaPublishError(f"{error}.\n{_NOT_ASKED}") from None
        except PhotaReviewError as error:
            raise error.saying("Nobody was asked yet.") from None

    def publish(self, pictures: Sequence[Picture]) -> list[LandedFile]:
        """Copies pictures, all that are not there yet, and returns the copies.

        Raises:
            PhotaInputError: Another file has the name of a picture.
            PhotaReviewError: A picture is not there any more, or is not the one that was approved.
            PhotaPublishError: A store failed. What is missing can be copied later.
        """
        targets = self._targets(pictures)
        calls = list(at_once(_AT_ONCE, self._put, targets.items()))
        done = [call.result() for _, call in calls if call.exception() is None]
        failures = [error for _, call in calls if (error := call.exception())]
        if not failures:
            return done
        for error in failures:
            if isinstance(error, PhotaReviewError | PhotaInputError):
                raise error.saying(f"{len(done)} of {len(calls)} approved pictures are published.")
            if not isinstance(error, StoreFailed):
                raise error
        raise PhotaPublishError(
            f"{len(done)} of {len(calls)} approved pictures are published in {self.folder}, not the others "
            f"({failures[0]}).\nThe pictures are paid, and stay where they are.\n{_CARRIES_ON}"
        )

    def _targets(self, pictures: Sequence[Picture]) -> Mapping[str, LandedFile]:
        """Returns each file by its name in the directory."""
        targets: dict[str, LandedFile] = {}
        for picture in pictures:
            file = picture.file
            if file is None:
                raise PhotaInputError(
                    "publish_to",
                    f"needs pictures that have landed, and PHOTA task {picture.phota_task_id} has others.\n"
                    "It is paid, and nobody was asked. Give its task a destination, or land the pictures "
                    "with PhotaToObjectStorageOperator, and review what it returns.",
                )
            known = targets.setdefault(self._name(file), file)
            if known.sha256 != file.sha256:
                raise PhotaInputError(
                    "publish_to",
                    f"would get two pictures of the name {self._name(file)}:\n"
                    f"{shown(known.path)} and {shown(file.path)}.\n"
                    "Nobody was asked. Put {phota_task_id} in the filename of the tasks.",
                )
        return targets

    def _name(self, file: LandedFile) -> str:
        if self._home and file.path.startswith(self._home):
            return file.path.removeprefix(self._home)
        return file.path.rpartition("/")[2]

    def _check(self, named: tuple[str, LandedFile]) -> None:
        name, file = named
        check_source(file)
        if is_taken(file, self.folder / name):
            raise taken(file, self.folder / name)

    def _put(self, named: tuple[str, LandedFile]) -> LandedFile:
        name, file = named
        put(file, self.folder / name)
        return replace(file, path=(self.folder / name).url)
