"""Holds and checks what a DAG's author said about where pictures land."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.parsing import check_not_templated, is_known
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.results.directories import check_directory, check_directory_as_written
from airflow_provider_phota.results.landing import MAX_BYTES, IfExists, Landing
from airflow_provider_phota.results.names import NAMES_BY_DIGEST, FileNames, Names
from airflow_provider_phota.storage.paths import Place, check_storable, checked_path


@dataclass(frozen=True)
class LandingOptions:
    """Says where pictures go, as the arguments of an operator or a sensor do.

    Attributes:
        destination: the directory.
        filename: the template of the files' names; None for the usual one.
        if_exists: what to do about a file that is there.
        max_bytes: of one picture.
        skip_argument: the argument by which the author asks to skip what has landed before, if it is set:
            files are then named by the digest of the order.
        thumbnails: whether small copies of the pictures are written too.
    """

    destination: object
    filename: object = None
    if_exists: object = IfExists.SKIP.value
    max_bytes: object = MAX_BYTES
    skip_argument: str = ""
    thumbnails: bool = False

    def check_as_written(self, *, pictures: object = 1) -> None:
        """Checks plain values when the DAG is parsed; a template is checked when it is rendered.

        Args:
            pictures: how many are ordered.

        Raises:
            PhotaInputError: It names the argument.
        """
        check_not_templated(if_exists=self.if_exists, max_bytes=self.max_bytes)
        checked_choice(IfExists, "if_exists", self.if_exists)
        _checked_max_bytes(self.max_bytes)
        check_directory_as_written("destination", self.destination)
        if is_known(self._template):
            self._names_and_policy(pictures if isinstance(pictures, int) else 1)

    def check_without_destination(self, defaults: Container[str] = ()) -> None:
        """Refuses arguments that mean nothing without a destination.

        Args:
            defaults: names of arguments that the author gave to the whole DAG.

        Raises:
            PhotaInputError: It names the argument.
        """
        checked_choice(IfExists, "if_exists", self.if_exists)
        if self.skip_argument:
            raise PhotaInputError(
                self.skip_argument, "needs a destination, where earlier pictures are looked for."
            )
        left_out = {"filename": (None, Names.template), "if_exists": (IfExists.SKIP.value,)}
        for argument, value in (("filename", self.filename), ("if_exists", self.if_exists)):
            if value not in left_out[argument] and argument not in defaults:
                raise PhotaInputError(argument, "needs a destination: without it no file is landed.")

    def landing(self, *, digest: str = "", pictures: int = 1) -> Landing:
        """Returns where pictures go, after templates were rendered.

        Args:
            digest: of the order, if files are named by it.
            pictures: how many are ordered, as far as that is known.

        Raises:
            PhotaInputError: It names the argument.
        """
        names, policy = self._names_and_policy(pictures)
        check_storable("destination", self.destination)
        check_directory("destination", self.destination)
        limit = _checked_max_bytes(self.max_bytes)
        directory = Place.of(checked_path("destination", self.destination))
        digest = digest if self.skip_argument else ""
        return Landing(directory, names, policy, limit, digest, thumbnails=self.thumbnails)

    @property
    def _template(self) -> object:
        usual = NAMES_BY_DIGEST if self.skip_argument else Names.template
        return usual if self.filename is None else self.filename

    def _names_and_policy(self, pictures: int) -> tuple[Names, IfExists]:
        names = Names.checked(self._template, has_digest=bool(self.skip_argument))
        check_index(names, pictures)
        policy = checked_choice(IfExists, "if_exists", self.if_exists)
        if self.skip_argument:
            return names, self._policy_by_digest(names, policy)
        if policy is IfExists.SKIP and not names.has("phota_task_id"):
            raise PhotaInputError(
                "filename",
                "must have {phota_task_id} in it where if_exists is 'skip', or another task's picture would "
                f"pass for this one's; got {shown(self._template)}.",
            )
        return names, policy

    def _policy_by_digest(self, names: Names, policy: IfExists) -> IfExists:
        """Returns what to do about files that are there although the order is not marked as landed."""
        if not names.has("digest") or names.has("phota_task_id"):
            raise PhotaInputError(
                "filename",
                f"must have {{digest}} in it with {self.skip_argument}, and not {{phota_task_id}}; got "
                f"{shown(names.template)}.",
            )
        if policy is IfExists.FAIL:
            raise PhotaInputError("if_exists", f"cannot be 'fail' with {self.skip_argument}.")
        return IfExists.OVERWRITE  # it is not known which task made them


def check_index(names: FileNames, pictures: int) -> None:
    """Refuses names that several pictures would share.

    Raises:
        PhotaInputError: There are several pictures, and the names do not count them.
    """
    if pictures > 1 and not names.has("index"):
        raise PhotaInputError("filename", f"needs {{index}} for {pictures} pictures.")


def _checked_max_bytes(max_bytes: object) -> int:
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise PhotaInputError("max_bytes", f"must be an int of at least 1, got {shown(max_bytes)}.")
    return max_bytes
