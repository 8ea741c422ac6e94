"""Holds and checks what a DAG's author said about a batch as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.policy import Policy, checked_policy
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.batch.choices import Duplicates, OnEmpty
from airflow_provider_phota.waiting import checked_seconds

#: Orders that may be paid and unfinished at once. Each takes about 10 KB in the worker and in the triggerer.
MOST_IN_FLIGHT = 5_000
#: Seconds without anything to do from which a deferral is worth it: leaving the worker and coming back takes
#: Airflow some 10 seconds.
DEFER_AFTER = 60.0
#: The value of `redo` that stands for all items that have failed.
REDO_FAILED = "failed"

#: What a template renders to if there is no value.
_NOTHING = (None, "", "None")
_WHOLE = re.compile(r"[0-9]{1,12}")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


@dataclass(frozen=True)
class MaxFailures:
    """Says how many items may fail.

    Attributes:
        limit: a number of items, or a share of all items if `is_share` is True.
    """

    limit: float = 0
    is_share: bool = False

    @classmethod
    def checked(cls, value: object) -> MaxFailures:
        """Reads what an author gave: a number of items, or a text such as "5%".

        Raises:
            PhotaInputError: It is neither, or more than all items.
        """
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(value)
        if isinstance(value, str) and (match := _PERCENT.fullmatch(value.strip())):
            if (percent := float(match.group(1))) <= 100:
                return cls(percent / 100, is_share=True)
        elif isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            return cls(int(value))
        raise PhotaInputError(
            "max_failures",
            f"must be a number of items, or a share such as '5%', at most '100%'; got {shown(value)}.",
        )

    def are_exceeded_by(self, failures: int, items: int) -> bool:
        """Returns True if more items have failed than may fail."""
        return failures > (self.limit * items if self.is_share else self.limit)

    def __str__(self) -> str:
        return f"{self.limit:.2%}" if self.is_share else str(int(self.limit))


@dataclass(frozen=True)
class Redo:
    """Says which items are paid for once more.

    Attributes:
        failed: True for all items that have failed.
        keys: the keys of single items.
    """

    failed: bool = False
    keys: frozenset[str] = frozenset()

    @classmethod
    def checked(cls, value: object, argument: str = "redo") -> Redo:
        """Reads what an author gave: nothing, "failed", or a list of keys, also as the text of a JSON list.

        Args:
            value: what the author gave, or what this function has made of it.
            argument: that has it, for the error.

        Raises:
            PhotaInputError: It is something else.
        """
        if isinstance(value, cls):
            return value
        value = _from_json(value)
        if value in _NOTHING:
            return cls()
        if value == REDO_FAILED:
            return cls(failed=True)
        keys = [key for key in value if isinstance(key, str) and key] if is_list(value) else []
        if is_list(value) and len(keys) == len(value):
            return cls(keys=frozenset(keys))
        raise PhotaInputError(
            argument, f"must be 'failed' or a list of keys of items (as a text: JSON), got {shown(value)}."
        )


@dataclass(frozen=True)
class BatchOptions:
    """Says how the items of a batch are placed.

    Attributes:
        in_flight: how many orders are paid and unfinished at once, at most.
        on_ambiguous: what to do about a submit whose fate is unknown.
        duplicates: what to do about items that ask for the same.
        redo: which items are paid for once more.
        adopt: PHOTA tasks that a person has found, by the keys of their items.
        skip_existing: True if an order that has landed before, in any run, is not paid for.
        defer_after: seconds without anything to do from which the batch leaves its worker slot.
        thumbnails: True if small copies of the pictures are written too.
    """

    in_flight: int = 500
    max_failures: MaxFailures = field(default_factory=MaxFailures)
    on_ambiguous: Policy = Policy.FAIL
    on_empty: OnEmpty = OnEmpty.FAIL
    duplicates: Duplicates = Duplicates.SHARE
    redo: Redo = field(default_factory=Redo)
    adopt: Mapping[str, str] = field(default_factory=dict)
    skip_existing: bool = False
    defer_after: float = DEFER_AFTER
    thumbnails: bool = True

    @classmethod
    def checked(
        cls,
        *,
        in_flight: object,
        max_failures: object,
        on_ambiguous: object,
        on_empty: object,
        duplicates: object,
        redo: object,
        adopt: object,
        skip_existing: bool,
        defer_after: object,
        thumbnails: bool,
    ) -> BatchOptions:
        """Reads what an author gave, by the names of the operator's arguments.

        Raises:
            PhotaInputError: It names the argument.
        """
        return cls(
            in_flight=_checked_in_flight(in_flight),
            max_failures=MaxFailures.checked(max_failures),
            on_ambiguous=checked_policy("on_ambiguous", on_ambiguous),
            on_empty=checked_choice(OnEmpty, "on_empty", on_empty),
            duplicates=checked_choice(Duplicates, "duplicates", duplicates),
            redo=Redo.checked(redo),
            adopt=_checked_adopt(adopt),
            skip_existing=skip_existing,
            defer_after=checked_seconds("defer_after", defer_after),
            thumbnails=thumbnails,
        )


def _checked_in_flight(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_IN_FLIGHT:
        raise PhotaInputError(
            "in_flight", f"must be a whole number from 1 to {MOST_IN_FLIGHT}, got {shown(value)}."
        )
    return value


def _from_json(value: object) -> object:
    """Returns the list or dict that a text is: a template, as of an Airflow Variable, renders to a text."""
    if not isinstance(value, str) or not value.strip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _checked_adopt(value: object) -> Mapping[str, str]:
    value = _from_json(value)
    if value in _NOTHING:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) and key for key in value):
        raise PhotaInputError(
            "adopt", f"must be a dict of PHOTA task IDs by the keys of their items, got {shown(value)}."
        )
    adopted = {key: checked_task_id(task_id, f"adopt[{key!r}]") for key, task_id in value.items()}
    _refuse_shared(list(adopted.values()))
    return adopted


def _refuse_shared(phota_task_ids: Sequence[str]) -> None:
    if len(set(phota_task_ids)) < len(phota_task_ids):
        raise PhotaInputError("adopt", "names one PHOTA task for two items: each item has a task of its own.")
