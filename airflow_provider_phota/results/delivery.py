"""What the waiting operator, the sensor and the transfer share: pictures are brought home and announced."""

from __future__ import annotations

import logging
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector
from airflow.providers.common.compat.sdk import Asset, AssetAlias

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.errors import (
    PhotaInputError,
    PhotaLandingError,
    PhotaNotBilled,
    PhotaResultsExpired,
)
from airflow_provider_phota.api.parsing import check_not_templated, is_known
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.results import manifests
from airflow_provider_phota.results.directories import check_directory, check_directory_as_written
from airflow_provider_phota.results.landing import (
    MAX_BYTES,
    IfExists,
    LandedFile,
    Landing,
    PhotaNotServed,
    land,
    manifest,
)
from airflow_provider_phota.results.landing_checks import cannot_land, check_lands_alone
from airflow_provider_phota.results.names import Names
from airflow_provider_phota.results.result import ResultImages
from airflow_provider_phota.storage.paths import Place, asset_uri, check_storable, checked_path, reason_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)


def checked_landing(
    destination: object,
    filename: object,
    if_exists: object,
    *,
    max_bytes: object = MAX_BYTES,
    digest: str = "",
    pictures: int = 1,
) -> Landing:
    """Where pictures go, of what a user gave, templates rendered.

    Args:
        destination: the directory.
        filename: the template of their names.
        if_exists: what to do about a file that is there.
        max_bytes: of one picture.
        digest: of the edit, to name files by; empty for none.
        pictures: how many are ordered, as far as that is known.

    Raises:
        PhotaInputError: names the argument.
    """
    names, policy = _checked_names(filename, if_exists, pictures, by_digest=bool(digest))
    check_storable("destination", destination)
    check_directory("destination", destination)
    limit = _checked_max_bytes(max_bytes)
    return Landing(Place.of(checked_path("destination", destination)), names, policy, limit, digest)


def check_landing_as_written(
    destination: object,
    filename: object,
    if_exists: object,
    *,
    max_bytes: object = MAX_BYTES,
    by_digest: bool = False,
    pictures: object = 1,
) -> None:
    """Check what a DAG's author gave `checked_landing` for, as far as it is a plain value and not a template.

    With `by_digest` files are named by the digest of the edit.

    Raises:
        PhotaInputError: names the argument.
    """
    check_not_templated(if_exists=if_exists, max_bytes=max_bytes)
    checked_choice(IfExists, "if_exists", if_exists)
    _checked_max_bytes(max_bytes)
    check_directory_as_written("destination", destination)
    if is_known(filename):
        ordered = pictures if isinstance(pictures, int) else 1
        _checked_names(filename, if_exists, ordered, by_digest=by_digest)


def check_nothing_to_land(filename: object, if_exists: object, defaults: Container[str] = ()) -> None:
    """Refuse arguments of landed files where no `destination` is given, which would mean nothing.

    Args:
        filename: None where it was left out.
        if_exists: `skip` where it was left out.
        defaults: names of arguments that the author gave to the whole DAG.

    Raises:
        PhotaInputError: names the argument.
    """
    checked_choice(IfExists, "if_exists", if_exists)
    left_out = {"filename": (None, Names.template), "if_exists": (IfExists.SKIP.value,)}
    for argument, value in (("filename", filename), ("if_exists", if_exists)):
        if value not in left_out[argument] and argument not in defaults:
            raise PhotaInputError(argument, "takes a destination: without it no file is landed.")


def _checked_names(
    filename: object, if_exists: object, pictures: int, *, by_digest: bool
) -> tuple[Names, IfExists]:
    names = Names.checked(filename, has_digest=by_digest)
    _check_index(names, pictures)
    policy = checked_choice(IfExists, "if_exists", if_exists)
    if by_digest:
        return names, _policy_by_digest(names, policy)
    if policy is IfExists.SKIP and not names.has("phota_task_id"):
        raise PhotaInputError(
            "filename",
            "must have {phota_task_id} in it where if_exists is 'skip', or another task's picture would pass "
            f"for this one's; got {shown(filename)}.",
        )
    return names, policy


def _checked_max_bytes(max_bytes: object) -> int:
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise PhotaInputError("max_bytes", f"must be an int of at least 1, got {shown(max_bytes)}.")
    return max_bytes


def _policy_by_digest(names: Names, policy: IfExists) -> IfExists:
    """What to do about files that are named by what was asked for, where there is no mark of a whole edit."""
    if not names.has("digest") or names.has("phota_task_id"):
        raise PhotaInputError(
            "filename",
            "must have {digest} in it with skip_existing_edits, and no {phota_task_id}; got "
            f"{shown(names.template)}.",
        )
    if policy is IfExists.FAIL:
        raise PhotaInputError("if_exists", "cannot be 'fail' with skip_existing_edits.")
    return IfExists.OVERWRITE  # they are of no known task


def _check_index(names: Names, pictures: int) -> None:
    if pictures > 1 and not names.has("index"):
        raise PhotaInputError("filename", f"needs {{index}} for {pictures} pictures.")


def _mark(landing: Landing, files: Sequence[LandedFile], phota_task_id: str) -> None:
    try:
        manifests.write(landing, files)
    except Exception as error:  # of whatever library the store speaks by
        raise PhotaLandingError(
            endings.lines(
                f"The pictures of PHOTA task {phota_task_id} have landed, but not their manifest.",
                f"{landing.directory} cannot be written to ({reason_of(error)}).",
                "The edit is billed. Trying again is free.",
            ),
            phota_task_id,
        ) from None


@dataclass(frozen=True)
class Delivery:
    """Brings a task's pictures home, and tells Airflow of them.

    Attributes:
        outlets: of the Airflow task: an asset among them gets the manifest as its event's extra, an alias an
            asset for each file.
        key: the author's name for an item of a mapped task.
    """

    hook: PhotaHook
    landing: Landing
    context: Context
    outlets: Sequence[object] = ()
    key: str | None = None

    def deliver(self, results: ResultImages, ordered: int | None = None) -> list[LandedFile]:
        """Land them and announce the files.

        Args:
            results: of the task.
            ordered: how many pictures were ordered: an edit that came short is not marked as landed.

        Raises:
            PhotaInputError: the pictures would land on one another.
            PhotaResultsExpired: a URL is no longer served, nor is a fresh one.
            PhotaLandingError: a picture did not arrive whole, is none, or could not be written.
        """
        _check_index(self.landing.names, len(results.images))
        self._check_lands_alone(results)
        try:
            files = land(results, self.landing, self.hook.settings)
        except (PhotaResultsExpired, PhotaNotServed):
            # the URLs may be older than the task's results: the service is asked for fresh ones, once
            fresh = ResultImages.of_task(self.hook.get_task(results.phota_task_id))
            files = land(fresh, self.landing, self.hook.settings)
        if self.landing.digest and len(files) == ordered:
            _mark(self.landing, files, results.phota_task_id)
        self.announce(files)
        log.info("Landed PHOTA task %s: %s", results.phota_task_id, shown([file.path for file in files]))
        return files

    def _check_lands_alone(self, results: ResultImages) -> None:
        try:
            check_lands_alone(self.landing, self.context, len(results.images), self.key)
        except PhotaNotBilled as problem:
            raise cannot_land(results.phota_task_id, problem) from None

    def announce(self, files: Sequence[LandedFile]) -> None:
        """As lineage, and by the asset events of the outlets."""
        for file in files:
            get_hook_lineage_collector().add_output_asset(context=self.hook, uri=asset_uri(file.path))
        for outlet in self.outlets:
            if isinstance(outlet, Asset):
                self._event(outlet).extra = {"files": manifest(files)}
            elif isinstance(outlet, AssetAlias):
                for file in files:
                    self._event(outlet).add(Asset(asset_uri(file.path)), extra=file.to_dict())

    def _event(self, outlet: Asset | AssetAlias) -> Any:
        return self.context["outlet_events"][outlet]
