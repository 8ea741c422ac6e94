"""Lets a person ask for another edit, with another prompt, a few times (Airflow 3.1 and later)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.common.compat.sdk import (
    AirflowSkipException,
    BaseOperator,
    TaskGroup,
    TriggerRule,
)

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.types import PhotaReview
from airflow_provider_phota.operators.review import PhotaReviewOperator
from airflow_provider_phota.reviews.arguments import check_can_ask
from airflow_provider_phota.reviews.decisions import Decided
from airflow_provider_phota.reviews.records import Verdict, without_pictures
from airflow_provider_phota.reviews.review import Review

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import DAG, Context, XComArg

#: The most rounds, since all of them are tasks of the DAG from the start.
_MOST_ROUNDS = 10
#: What `review_rounds` gives to each review itself.
_TAKEN = frozenset({"task_id", "results"})
#: Why the last task is skipped.
_WHY_SKIPPED = {
    Decided.REJECTED: "The pictures were rejected.",
    Decided.EDIT_AGAIN: "Another edit was wanted, and none was reviewed.",
}


def review_rounds(
    group_id: str,
    *,
    prompt: str | XComArg,
    edit: Callable[[Any, str], BaseOperator],
    max_rounds: int = 3,
    **review: Any,
) -> PhotaReviewOutcomeOperator:
    """Makes a task group in which a person reviews an edit, and can ask for another one instead.

    Airflow has one answer for each task, so each round is an edit and a review of its own. A round that is
    not needed is skipped. Each edit is an ordinary order, which is billed, and which ledger and budgets know.

    Args:
        group_id: of the task group.
        prompt: of the first edit. In later rounds the reviewer gives it.
        edit: makes the edit of a round: a function of the prompt and of the task ID, which are both passed on
            to an operator, such as `PhotaImageEditOperator`, that waits for its pictures. The prompt can be a
            part of a longer text. Whatever tasks are made here wait for the review of the round before.
        max_rounds: how many edits there are at most, the first one included. The last one cannot be edited
            again.
        review: arguments of `PhotaReviewOperator` for each review; `on_reject` says what becomes of pictures
            that are rejected, and not edited again.

    Returns:
        The last task of the group. It returns what the last reviewer has decided, whichever round that was,
        and is skipped if no pictures are approved.

    Raises:
        PhotaInputError: An argument is wrong.
    """
    check_can_ask("review_rounds")
    _check(max_rounds, edit, review)
    reviews: list[PhotaReviewRoundOperator] = []
    with TaskGroup(group_id) as group:
        for number in range(1, max_rounds + 1):
            known = set(group.dag.task_ids)
            made = edit(prompt, f"edit_{number}")
            if reviews:  # the prompt may not say so: it can be a part of a text, or not be used at all
                reviews[-1] >> _first_tasks(group.dag, known)
            reviews.append(
                PhotaReviewRoundOperator(
                    task_id=f"review_{number}",
                    results=_output_of(made),
                    prompt=prompt,
                    is_last=number == max_rounds,
                    **review,
                )
            )
            prompt = cast("Any", reviews[-1].output)[xcom_keys.PROMPT]
        return PhotaReviewOutcomeOperator(
            task_id="outcome",
            reviews=[each.output for each in reviews],
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        )


class PhotaReviewRoundOperator(PhotaReviewOperator):
    """Is the review of one round of `review_rounds`, which makes it.

    Args:
        prompt: of the edit that is reviewed; the reviewer starts from it (templated).
        is_last: True if there is no further round.
    """

    template_fields: Sequence[str] = (*PhotaReviewOperator.template_fields, "prompt")

    def __init__(self, *, prompt: str | XComArg, is_last: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt
        self.is_last = is_last

    @property
    def _edits_again(self) -> bool:
        return not self.is_last

    @property
    def _present_prompt(self) -> str:
        return str(self.prompt)

    def _follow(self, context: Context, review: Review, verdict: Verdict, result: PhotaReview) -> None:
        """Skips the next rounds, unless the reviewer wants another edit. The outcome is always looked at."""
        ti, outcome = context["ti"], verdict.decision.outcome
        if outcome is Decided.EDIT_AGAIN:
            ti.xcom_push(key=xcom_keys.PROMPT, value=verdict.decision.prompt)
            return
        if outcome is Decided.REJECTED and self._fails_on_reject:
            super()._follow(context, review, verdict, result)
        ti.xcom_push(key="return_value", value=result)  # it is lost otherwise
        following = context["task"].get_direct_relatives(upstream=False)
        self.skip(
            ti=ti, tasks=[task for task in following if not isinstance(task, PhotaReviewOutcomeOperator)]
        )


class PhotaReviewOutcomeOperator(BaseOperator):
    """Returns what the last reviewer of `review_rounds` has decided. It is skipped if that is a rejection.

    Args:
        reviews: what the reviews of all rounds returned, as far as they have run (templated).
    """

    template_fields: Sequence[str] = ("reviews",)
    ui_color = PhotaReviewOperator.ui_color

    def __init__(self, *, reviews: Sequence[PhotaReview | XComArg | None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reviews = reviews

    def execute(self, context: Context) -> Any:
        last = _last_of(self.reviews)
        if last is None:
            raise AirflowSkipException("No review has decided anything.")
        context["ti"].xcom_push(key=xcom_keys.DECISION, value=without_pictures(last))
        if last["decision"] != Decided.APPROVED.value:
            context["ti"].xcom_push(key="return_value", value=last)
            raise AirflowSkipException(_WHY_SKIPPED[Decided(last["decision"])])
        return last


def _last_of(reviews: Iterable[Any]) -> PhotaReview | None:
    """Returns what was decided in the last round.

    Airflow keeps what a cleared task has returned until it runs again, which a skipped one does not. So a
    round counts only if the one before it ended with another edit, and only if it is younger than that.

    Args:
        reviews: what the reviews have returned, in the order of the rounds.
    """
    last: PhotaReview | None = None
    for review in reviews:
        if not review or (last and _decided_at(review) < _decided_at(last)):
            break
        last = cast("PhotaReview", review)
        if last["decision"] != Decided.EDIT_AGAIN.value:
            break
    return last


def _decided_at(review: PhotaReview) -> datetime:
    return datetime.fromisoformat(review["decided_at"])


def _first_tasks(dag: DAG, known: Collection[str]) -> list[Any]:
    """Returns the tasks that are new in a DAG and come after no other new one.

    Args:
        dag: the DAG.
        known: the IDs of the tasks that are not new.
    """
    new = set(dag.task_ids).difference(known)
    return [task for task in map(dag.get_task, sorted(new)) if new.isdisjoint(task.upstream_task_ids)]


def _check(max_rounds: object, edit: object, review: dict[str, Any]) -> None:
    if isinstance(max_rounds, bool) or not isinstance(max_rounds, int) or not 1 <= max_rounds <= _MOST_ROUNDS:
        raise PhotaInputError(
            "max_rounds", f"must be an int from 1 to {_MOST_ROUNDS}, got {shown(max_rounds)}."
        )
    if not callable(edit):
        raise PhotaInputError(
            "edit", f"must be a function of a prompt and a task ID that makes an operator, got {shown(edit)}."
        )
    if taken := sorted(_TAKEN & set(review)):
        raise PhotaInputError(taken[0], "is given to each review by review_rounds.")


def _output_of(made: Any) -> Any:
    if not isinstance(made, BaseOperator):
        raise PhotaInputError("edit", f"must return an operator, got {shown(made)}.")
    return made.output
