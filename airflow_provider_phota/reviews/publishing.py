"""Copies approved pictures to where they are published: each as a whole, and never over another file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import IO

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.results.landing import LandedFile
from airflow_provider_phota.reviews.errors import PhotaPublishError, PhotaReviewError
from airflow_provider_phota.reviews.pictures import Picture
from airflow_provider_phota.storage.access import info_of, try_to_write
from airflow_provider_phota.storage.calls import at_once
from airflow_provider_phota.storage.drafts import new_draft, open_for_streaming
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place, checked_path
from airflow_provider_phota.storage.rights import Right, explain

#: Pictures that are copied, or looked for, at the same time.
_AT_ONCE = 8
_PIECE = 1024 * 1024
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
            PhotaPublishError: The store could not be asked.
        """
        targets = self._targets(pictures)
        try:
            try_to_write(self.folder)
            taken = [
                name for name, call in at_once(_AT_ONCE, self._is_taken, targets.items()) if call.result()
            ]
        except Exception as error:  # of whatever library the store speaks by
            why = explain(error, self.folder, Right.CREATE, Right.READ)
            raise PhotaPublishError(
                f"publish_to: {self.folder} cannot be used ({why}).\n"
                "Nobody was asked yet. The pictures are paid, and stay where they are."
            ) from None
        if taken:
            raise _taken(taken[0][1], self.folder / taken[0][0])

    def publish(self, pictures: Sequence[Picture]) -> list[LandedFile]:
        """Copies pictures, all that are not there yet, and returns the copies.

        Raises:
            PhotaInputError: Another file has the name of a picture.
            PhotaReviewError: A picture is not the one that was approved.
            PhotaPublishError: A store failed. What is missing can be copied later.
        """
        targets = self._targets(pictures)
        calls = list(at_once(_AT_ONCE, self._put, targets.items()))
        done = [call.result() for _, call in calls if call.exception() is None]
        failures = [error for _, call in calls if (error := call.exception())]
        if not failures:
            return done
        if known := next(
            (each for each in failures if isinstance(each, PhotaReviewError | PhotaInputError)), None
        ):
            raise known.saying(f"{len(done)} of {len(calls)} pictures are published.")
        why = explain(failures[0], self.folder, Right.CREATE, Right.READ)
        raise PhotaPublishError(
            f"{len(done)} of {len(calls)} approved pictures are published in {self.folder}, not the others "
            f"({why}).\nThe pictures are paid, and stay where they are.\n{_CARRIES_ON}"
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

    def _is_taken(self, named: tuple[str, LandedFile]) -> bool:
        """Returns True if another file has the name. It is read only if it is as long as the picture."""
        name, file = named
        info = info_of(self.folder / name)
        if info is None:
            return False
        return info.get("size") != file.bytes or _digest_of(self.folder / name) != file.sha256

    def _put(self, named: tuple[str, LandedFile]) -> LandedFile:
        name, file = named
        target = self.folder / name
        if info_of(target) is None:
            _copy(file, target)
        elif self._is_taken(named):
            raise _taken(file, target)
        return replace(file, path=target.url)


def _copy(file: LandedFile, target: Place) -> None:
    source = Place.of(checked_path("results", file.path))
    if source.protocol in OBJECT_STORES and _account(source) == _account(target):
        _check_same(file, _digest_of(source))
        source.fs.cp_file(source.path, target.path)
        return
    with new_draft(target) as draft, open_for_streaming(source) as original:
        _check_same(file, _copied(original, draft.file))
        try:
            draft.publish_new(target, file.content_type)
        except FileExistsError:
            if _digest_of(target) != file.sha256:
                raise _taken(file, target) from None


def _account(place: Place) -> tuple[str, str]:
    """Returns what tells whether a store can copy by itself: its kind, and the connection in the path."""
    return place.protocol, place.url.partition("://")[2].partition("/")[0].rpartition("@")[0]


def _check_same(file: LandedFile, digest: str) -> None:
    if digest != file.sha256:
        raise PhotaReviewError(
            f"{shown(file.path)} is not the picture any more that was approved: its content has changed.\n"
            "It is not published. Clear this Airflow task, and the person is asked again."
        )


def _digest_of(place: Place) -> str:
    with open_for_streaming(place) as file:
        return _copied(file)


def _copied(source: IO[bytes], target: IO[bytes] | None = None) -> str:
    """Copies a file piece by piece, if there is a target, and returns the SHA-256 of it."""
    digest = hashlib.sha256()
    while piece := source.read(_PIECE):
        digest.update(piece)
        if target:
            target.write(piece)
    return digest.hexdigest()


def _taken(file: LandedFile, target: Place) -> PhotaInputError:
    return PhotaInputError(
        "publish_to",
        f"has another file of the name {target.name} already: {target}.\n"
        f"It was not touched, and {shown(file.path)} was not published; it is paid, and stays where it is.\n"
        "Move that file away, or publish to another directory. Then clear this Airflow task.",
    )
