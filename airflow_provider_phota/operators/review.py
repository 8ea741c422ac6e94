"""Lets a person decide about pictures, and publishes those that are approved (Airflow 3.1 and later)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Unpack

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, Param, SkipMixin

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.costs import NO_COST
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.parsing import check_not_templated
from airflow_provider_phota.api.types import Choose, OnReject, PhotaReview
from airflow_provider_phota.compat import HAS_HUMANS
from airflow_provider_phota.operators.arguments import AirflowArguments
from airflow_provider_phota.results.delivery import announce_files
from airflow_provider_phota.results.directories import check_directory, check_directory_as_written
from airflow_provider_phota.retrying import (
    NOT_RETRIED,
    as_airflow_errors,
    checking_arguments,
    log_lines,
    noting_problems,
)
from airflow_provider_phota.reviews.arguments import (
    OnRejected,
    check_can_ask,
    check_not_airflows,
    check_users,
    checked_default,
    checked_notifiers,
    checked_timeout,
)
from airflow_provider_phota.reviews.decisions import ASKS_AGAIN, Choice, Decided, decide
from airflow_provider_phota.reviews.endings import rejected, unanswered, who
from airflow_provider_phota.reviews.errors import PhotaReviewError
from airflow_provider_phota.reviews.fields import fields_of_batch, fields_of_round
from airflow_provider_phota.reviews.pictures import without_urls
from airflow_provider_phota.reviews.questions import Question
from airflow_provider_phota.reviews.records import Verdict, without_pictures
from airflow_provider_phota.reviews.review import Review
from airflow_provider_phota.reviews.sources import find_sources
from airflow_provider_phota.storage.paths import checked_path

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath, XComArg
    from airflow.sdk.bases.notifier import BaseNotifier
    from airflow.sdk.execution_time.hitl import HITLUser

if TYPE_CHECKING or HAS_HUMANS:
    from airflow.providers.standard.operators.hitl import HITLOperator
else:  # it can be imported, and says what is missing when it is made
    from airflow.providers.common.compat.sdk import BaseOperator as HITLOperator

#: The word for `on_reject` that only `review_rounds` takes.
EDIT_AGAIN = "edit_again"


class PhotaReviewOperator(HITLOperator, SkipMixin):
    """Asks a person about pictures, and publishes those that are approved. It needs Airflow 3.1 or later.

    Airflow shows the question with small pictures before and after, the prompts and the cost, and the task
    waits without a worker slot. It returns a `PhotaReview`: what was decided, by whom and when, and the
    published files. An asset among the task's `outlets` gets the published files as the extra `files` of its
    event, an asset alias gets an asset for each file. Nothing is announced if nothing is approved.

    Args:
        results: what an edit, a sensor, a landing or a batch returned, or a list of that (templated).
        choose: `approve` all of them or none, `pick_one` or `pick_many`. In a batch, single items can be
            approved or rejected.
        publish_to: the object-storage directory that chosen pictures are copied to, each as a whole. Another
            file of the same name is never replaced. Nothing is copied if it is left out (templated).
        on_reject: what becomes of a rejection: `skip` the tasks right after this one, or `fail`.
            `edit_again` is there in `review_rounds` only.
        assigned_users: the users who may answer, each a dict with `id` and `name`. If it is left out, these
            are all who may answer questions of this DAG.
        notifiers: Airflow's notifiers, which are called when the question is put.
        timeout: how long to wait for an answer, in seconds or as a timedelta. If it is left out, there is no
            end to it.
        default: the answer that holds if nobody answers in time: `approve`, `reject`, or an option such as
            `Picture 1`. If it is left out, the task then fails.
        subject: the headline of the question (templated).

    Raises:
        AirflowFailException: An argument or the answer is wrong, nobody answered in time, or `on_reject` is
            `fail` and the pictures are rejected.
        PhotaPublishError: A store failed; a retry goes on by the same answer.
    """

    template_fields: Sequence[str] = ("results", "publish_to", "subject")
    ui_color = "#fff4e6"
    inherits_from_skipmixin = True

    def __init__(
        self,
        *,
        results: object,
        choose: Choose = "approve",
        publish_to: str | ObjectStoragePath | XComArg | None = None,
        on_reject: OnReject = "skip",
        assigned_users: HITLUser | list[HITLUser] | None = None,
        notifiers: BaseNotifier | Sequence[BaseNotifier] | None = None,
        timeout: float | timedelta | None = None,
        default: str | None = None,
        subject: str | XComArg = "",
        **kwargs: Unpack[AirflowArguments],
    ) -> None:
        check_can_ask(type(self).__name__)
        with checking_arguments(self):
            check_not_airflows(kwargs)
            notified, response_timeout = checked_notifiers(notifiers), self._time_for(timeout, default)
        super().__init__(
            subject=subject,  # type: ignore[arg-type]  # rendered before Airflow's operator uses it
            options=["Approve"],  # which ones there are follows from the pictures
            defaults=None,  # they are checked once the pictures are known
            multiple=choose == Choice.PICK_MANY.value,
            notifiers=notified,
            assigned_users=assigned_users,
            # without any, Airflow takes execution_timeout for the time that a person has, and drops it
            response_timeout=response_timeout or timedelta.max,
            **kwargs,
        )
        self.response_timeout = response_timeout
        self.results = results
        self.choose = choose
        self.publish_to = publish_to
        self.on_reject = on_reject
        self.timeout = timeout
        self.default = default
        with checking_arguments(self):
            self._check_as_written()

    def _check_as_written(self) -> None:
        check_not_templated(choose=self.choose, on_reject=self.on_reject)
        checked_default(checked_choice(Choice, "choose", self.choose), self.default)
        check_users(self.assigned_users)
        self._check_on_reject()
        if self.publish_to is not None:
            check_directory_as_written("publish_to", self.publish_to)

    @staticmethod
    def _time_for(timeout: float | timedelta | None, default: str | None) -> timedelta | None:
        check_not_templated(timeout=timeout, default=default)
        return checked_timeout(timeout, default)

    def _check_on_reject(self) -> None:
        if self.on_reject == EDIT_AGAIN:
            raise PhotaInputError(
                "on_reject",
                "'edit_again' needs an edit for each round, since Airflow has one answer for each task: use "
                "review_rounds of airflow_provider_phota.operators.review_rounds.",
            )
        checked_choice(OnRejected, "on_reject", self.on_reject)

    @property
    def _edits_again(self) -> bool:
        """Returns True if a person can ask for another edit."""
        return False

    @property
    def _present_prompt(self) -> str:
        """Returns what another edit starts from."""
        return ""

    @property
    def _fails_on_reject(self) -> bool:
        return OnRejected(self.on_reject) is OnRejected.FAIL

    def _do_render_template_fields(self, *args: Any, **kwargs: Any) -> None:
        """Renders the fields. Airflow shows them to everybody, so the URLs of the service are left out.

        Of a mapped task Airflow calls nothing else that renders.
        """
        super()._do_render_template_fields(*args, **kwargs)
        self.results = without_urls(self.results)

    @noting_problems
    def execute(self, context: Context) -> Any:
        with as_airflow_errors():
            review = self._review(context)
            if verdict := review.decided_before():
                self.log.info("This was decided at %s, in an earlier attempt.", verdict.decided_at)
                return self._end(context, review, verdict)
            review.check()
            self._put(context, review)
        context["ti"].xcom_push(key=xcom_keys.REVIEW, value=review.reviewed.asked())
        return super().execute(context)

    @noting_problems
    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Carries out the answer."""
        with as_airflow_errors():
            review = self._review(context)
            self._put(context, review)
            return self._end(context, review, self._verdict(context, review, event))

    def _review(self, context: Context) -> Review:
        if self.publish_to is not None:
            check_directory("publish_to", self.publish_to)
        choice = Choice(self.choose)
        return Review.of(context, self.results, choice, self.publish_to, edits_again=self._edits_again)

    def _put(self, context: Context, review: Review) -> None:
        """Puts the question where Airflow's own operator takes it from."""
        reviewed = review.reviewed
        question = Question(
            reviewed, review.name, publish_to=str(review.shelf.folder) if review.shelf else ""
        )
        question = question.with_sources(find_sources(context, reviewed, question.shown))
        self.subject = str(self.subject or question.subject)
        self.body = question.body
        self.options = list(review.options)
        self.defaults = checked_default(Choice(self.choose), self.default)
        self.params = type(self.params)(self._fields_of(review))
        try:
            self.validate_defaults()
        except ValueError:
            raise PhotaInputError(
                "default", f"is {self.default!r}, and there are {len(reviewed.pictures)} pictures."
            ) from None

    def _fields_of(self, review: Review) -> dict[str, Param]:
        if self._edits_again:
            return fields_of_round(self._present_prompt)
        return fields_of_batch() if review.reviewed.batch else {}

    def _verdict(self, context: Context, review: Review, event: dict[str, Any]) -> Verdict:
        key, index = xcom_keys.REVIEW, review.name.map_index
        asked = context["ti"].xcom_pull(self.task_id, key=key, map_indexes=index)
        if not isinstance(asked, dict) or asked.get("digest") != review.reviewed.digest:
            raise PhotaReviewError(
                "The pictures have changed since the question was put: the answer is not about them.\n"
                f"{review.whereabouts}\n{ASKS_AGAIN}"
            )
        if "error" in event:
            raise unanswered(event, review)
        try:
            answer = super().execute_complete(context, event)
        except (ValueError, AirflowException) as error:  # of a program that answers by Airflow's API
            raise PhotaReviewError(
                f"The answer does not fit the question ({type(error).__name__}).\n{ASKS_AGAIN}"
            ) from None
        decision = decide(
            review.reviewed,
            Choice(self.choose),
            answer["chosen_options"],
            answer["params_input"],
            edits_again=self._edits_again,
        )
        return Verdict(decision, answer["responded_by_user"], answer["responded_at"].isoformat())

    def _end(self, context: Context, review: Review, verdict: Verdict) -> PhotaReview:
        result, published = review.carry_out(verdict)
        self.log.info("%s by %s: %s published.", result["decision"], who(verdict), len(published))
        if published:
            folder = checked_path("publish_to", self.publish_to)
            announce_files(context, self.outlets, published, NO_COST, by=folder)
        if verdict.decision.outcome is not Decided.APPROVED:
            # an asset among them would get an event as this task succeeds, although nothing is published
            self.outlets = []
        context["ti"].xcom_push(key=xcom_keys.DECISION, value=without_pictures(result))
        self._follow(context, review, verdict, result)
        return result

    def _follow(self, context: Context, review: Review, verdict: Verdict, result: PhotaReview) -> None:
        """Skips what comes next, or fails, if the pictures are rejected."""
        if verdict.decision.outcome is not Decided.REJECTED:
            return
        context["ti"].xcom_push(key="return_value", value=result)  # it is lost otherwise
        if self._fails_on_reject:
            raise AirflowFailException(log_lines(str(rejected(review, verdict).saying(NOT_RETRIED))))
        following = context["task"].get_direct_relatives(upstream=False)
        tasks = [task for task in following if not task.is_teardown]
        if review.name.map_index >= 0:
            self._warn_of_gathering(tasks)
        self.skip(ti=context["ti"], tasks=tasks)

    def _warn_of_gathering(self, tasks: Iterable[Any]) -> None:
        """Says that a task which waits for all reviews of a mapped task is not skipped by one of them."""
        if gathering := [task.task_id for task in tasks if not _is_mapped(task)]:
            self.log.warning(
                "Not skipped: %s. It waits for all reviews of this mapped task: let it look at `decision`.",
                ", ".join(gathering),
            )


def _is_mapped(task: Any) -> bool:
    return bool(task.get_needs_expansion())
