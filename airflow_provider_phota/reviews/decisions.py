"""Decides what a person's answer means for the pictures. What is asked, and the words of it, are stable."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any

from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.compat import HIDES_FOUR_OPTIONS
from airflow_provider_phota.reviews.errors import PhotaReviewError
from airflow_provider_phota.reviews.pictures import Picture, Reviewed
from airflow_provider_phota.texts import count

#: What a person can choose. Programs that answer by Airflow's API send these words.
APPROVE, REJECT, NONE, EDIT_AGAIN = "Approve", "Reject", "None of them", "Edit again"
#: What a person can fill in: the keys of items of a batch, and another prompt.
APPROVED, REJECTED, PROMPT = "approved", "rejected", "prompt"
#: The most pictures of which each has an option of its own.
MOST_OPTIONS = 50
#: Keys that a message names at most.
_NAMED = 5
#: What a message says of a question without a usable answer.
ASKS_AGAIN = "Nothing was published. Clear this Airflow task, and the person is asked again."


class Choice(Enum):
    """Says what a person is asked to do."""

    APPROVE = "approve"
    PICK_ONE = "pick_one"
    PICK_MANY = "pick_many"


class Decided(Enum):
    """Says how a review has ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EDIT_AGAIN = "edit_again"


@dataclass(frozen=True)
class Decision:
    """Is what an answer means.

    Attributes:
        chosen: the pictures that are wanted.
        rejected: all others.
        prompt: what to edit instead, for `EDIT_AGAIN`.
    """

    outcome: Decided
    chosen: tuple[Picture, ...] = ()
    rejected: tuple[Picture, ...] = ()
    prompt: str = ""


def options_of(reviewed: Reviewed, choice: Choice, *, edits_again: bool = False) -> list[str]:
    """Returns what a person can choose.

    Raises:
        PhotaReviewError: There are too many pictures to choose from one by one, or it is a batch.
    """
    again = [EDIT_AGAIN] if edits_again else []
    if choice is Choice.APPROVE:
        return [APPROVE, REJECT, *again]
    if reviewed.batch:
        raise PhotaReviewError(
            f"choose: a batch is reviewed with 'approve', and not with {choice.value!r}.\n"
            "Whoever answers can name single items that are approved or rejected."
        )
    if len(reviewed.pictures) > MOST_OPTIONS:
        raise PhotaReviewError(
            f"choose: {choice.value!r} is for {MOST_OPTIONS} pictures at most: "
            f"got {len(reviewed.pictures)}.\nUse 'approve', or review fewer pictures at once."
        )
    options = [*map(option_of, range(len(reviewed.pictures))), NONE, *again]
    # with a fifth option there is a list; "Reject" means the same as "None of them"
    hides_them = HIDES_FOUR_OPTIONS and len(options) == 4 and choice is Choice.PICK_ONE
    return [*options, REJECT] if hides_them else options


def option_of(position: int) -> str:
    """Returns the option of a picture.

    Args:
        position: among all pictures that are reviewed, from 0.
    """
    return f"Picture {position + 1}"


def decide(
    reviewed: Reviewed,
    choice: Choice,
    options: Collection[str],
    given: Mapping[str, Any],
    *,
    edits_again: bool = False,
) -> Decision:
    """Returns what an answer means. Some versions of Airflow pass on any answer that a program gives.

    Args:
        reviewed: what was asked about.
        choice: that the person had.
        options: that were chosen.
        given: what was filled in.
        edits_again: True if the person could ask for another edit.

    Raises:
        PhotaReviewError: The answer contradicts itself, or names what is not there.
    """
    every = reviewed.pictures
    _check_options(options, options_of(reviewed, choice, edits_again=edits_again), choice)
    if EDIT_AGAIN in options:
        _check_alone(EDIT_AGAIN, options)
        return Decision(Decided.EDIT_AGAIN, (), every, _prompt(given))
    if REJECT in options or NONE in options:
        _check_alone(NONE, options)
        return Decision(Decided.REJECTED, (), every)
    if reviewed.batch:
        chosen = _chosen_of_batch(reviewed, given)
    elif APPROVE in options:
        chosen = set(every)
    else:
        chosen = {picture for at, picture in enumerate(every) if option_of(at) in options}
    if not chosen:
        return Decision(Decided.REJECTED, (), every)
    return Decision(
        Decided.APPROVED,
        tuple(each for each in every if each in chosen),
        tuple(each for each in every if each not in chosen),
    )


def _check_options(options: Collection[str], known: Collection[str], choice: Choice) -> None:
    if unknown := sorted(set(options).difference(known)):
        raise PhotaReviewError(
            f"The answer has options that the question does not have: {_named(unknown)}.\n{ASKS_AGAIN}"
        )
    if not options or (len(options) > 1 and choice is not Choice.PICK_MANY):
        wanted = "at least one" if choice is Choice.PICK_MANY else "one"
        raise PhotaReviewError(
            f"The answer has {count(len(options), 'option')}, and the question asks for {wanted}.\n"
            f"{ASKS_AGAIN}"
        )


def _check_alone(option: str, options: Collection[str]) -> None:
    if len(options) > 1:
        raise PhotaReviewError(f"The answer is {option!r}, and something else too.\n{ASKS_AGAIN}")


def _prompt(given: Mapping[str, Any]) -> str:
    prompt = given.get(PROMPT)
    if not isinstance(prompt, str) or not prompt.strip():
        raise PhotaReviewError(f"The answer is {EDIT_AGAIN!r}, without a prompt.\n{ASKS_AGAIN}")
    return prompt


def _chosen_of_batch(reviewed: Reviewed, given: Mapping[str, Any]) -> set[Picture]:
    items = reviewed.items
    approved, rejected = (_keys(given, name, items) for name in (APPROVED, REJECTED))
    if both := sorted(approved & rejected):
        raise PhotaReviewError(f"The answer approves and rejects {_named(both)}.\n{ASKS_AGAIN}")
    wanted = (approved or set(items)) - rejected
    return {picture for key in wanted for picture in items[key]}


def _keys(given: Mapping[str, Any], name: str, items: Mapping[str, object]) -> set[str]:
    value = given.get(name) or []
    lines: object = value.splitlines() if isinstance(value, str) else value
    if not (isinstance(lines, list | tuple) and all(isinstance(each, str) for each in lines)):
        raise PhotaReviewError(
            f"The answer has something in {name!r} that is not the key of an item: {shown(value)}.\n"
            f"{ASKS_AGAIN}"
        )
    named = {key for each in lines if (key := each if each in items else each.strip())}
    if any(lines) and not named:  # all items, or none, would be a guess
        raise PhotaReviewError(f"The answer names no item in {name!r}, which is not empty.\n{ASKS_AGAIN}")
    if unknown := sorted(named - set(items)):
        raise PhotaReviewError(
            f"The answer has items in {name!r} that are not in this review: {_named(unknown)}.\n{ASKS_AGAIN}"
        )
    return named


def _named(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return f"{', '.join(map(shown, islice(keys, _NAMED)))}{more}"
