"""Says where a batch keeps its journal and its results."""

from __future__ import annotations

import re

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.storage.paths import Place, checked_path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

#: Ends the name of the results files while the batch runs.
PARTIAL = ".partial"
#: The folder of all journals, below a destination.
JOURNALS = ".phota-batches"
#: The same, below the directory of a ledger.
JOURNALS_IN_LEDGER = "batches"


def journal_folder(destination: Place, ledger_path: str | None, name: InstanceName) -> Place:
    """Returns the folder of the journal of one task instance, the same in all its attempts.

    Args:
        destination: where the pictures go.
        ledger_path: the directory of a ledger, if the author or the connection names one.
        name: of the task instance.
    """
    if ledger_path:
        return Place.of(checked_path("ledger_path", ledger_path)) / JOURNALS_IN_LEDGER / name.digest
    return destination / JOURNALS / name.digest


def checked_results_name(value: object, map_index: int = -1) -> str:
    """Returns the name of the results files.

    Args:
        value: what the author gave; None for the usual name.
        map_index: of the task instance. Those of one mapped task must not overwrite each other's files.

    Raises:
        PhotaInputError: It is not a name that a file can have in every store.
    """
    if value is None or value == "":
        return "results" if map_index < 0 else f"results-{map_index}"
    if isinstance(value, str) and value.endswith(PARTIAL):
        raise PhotaInputError(
            "results_name",
            f"must not end in {PARTIAL}, as it does while a batch runs, got {shown(value)}.",
        )
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise PhotaInputError(
            "results_name",
            f"must have only letters, digits and . _ - in it, and begin with one of the first two, "
            f"got {shown(value)}.",
        )
    return value


def results_files(results_name: str) -> frozenset[str]:
    """Returns the names of the files that a batch writes beside its pictures.

    Args:
        results_name: their common part, without extension.
    """
    return frozenset(f"{results_name}{part}.{end}" for part in ("", PARTIAL) for end in ("jsonl", "csv"))


def paths_of_rows(destination: Place, results_name: str) -> dict[str, str]:
    """Returns where the rows of a batch are, for those who look at it: at the end, and while it runs."""
    stem = destination / results_name
    return {"results": f"{stem.url}.jsonl", "so_far": f"{stem.url}{PARTIAL}.jsonl"}


def check_results_replace_nothing(destination: Place, results_name: str, source: object) -> None:
    """Refuses results files that would replace the manifest of the items.

    Args:
        destination: where the results files go.
        results_name: their name, without extension.
        source: of the items, as the author gave it.

    Raises:
        PhotaInputError: They would.
    """
    if is_list(source):
        return
    manifest = Place.of(checked_path("results_name", source))
    paths = [(destination.protocol, (destination / name).path) for name in results_files(results_name)]
    if (manifest.protocol, manifest.path) in paths:
        raise PhotaInputError(
            "results_name", f"would replace the manifest {shown(manifest.url)}: choose another name."
        )
