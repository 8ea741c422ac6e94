"""Defines types for type checkers: the words that arguments take, and what operators and the sensor return.

Arguments that Airflow renders also take another task's output (`XComArg`). In place of a fixed word or a
number, a Jinja template is a `Template`, as in `Template("{{ params.size }}")`, so that a type checker still
finds a misspelt word.
"""

from __future__ import annotations

from typing import Literal, NewType, NotRequired, TypedDict

#: A Jinja template, as a plain string at run time.
Template = NewType("Template", str)

Resolution = Literal["1K", "4K"]
AspectRatio = Literal["1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9"]
PublishWay = Literal["presign", "upload"]
IfFileExists = Literal["skip", "overwrite", "fail"]
ItemStatus = Literal["landed", "existing", "failed", "refused", "ambiguous", "expired", "not_sent"]
FailOrResubmit = Literal["fail", "resubmit"]
FailResubmitOrSettle = Literal["fail", "resubmit", "settle"]
FailOrSkip = Literal["fail", "skip"]
ShareOrPay = Literal["share", "pay"]
Choose = Literal["approve", "pick_one", "pick_many"]
OnReject = Literal["skip", "fail", "edit_again"]
ReviewDecision = Literal["approved", "rejected", "edit_again"]
OnBudgetExceeded = Literal["fail", "skip", "wait"]


class PhotaImage(TypedDict):
    """Describes one picture of a finished PHOTA task. Anyone who has the URL can read it for 24 hours."""

    url: str
    content_type: str | None


class PhotaFile(TypedDict):
    """Describes one landed picture."""

    path: str
    sha256: str
    bytes: int
    width: int
    height: int
    content_type: str
    phota_task_id: str


class PhotaCost(TypedDict):
    """Describes what an order costs.

    `usd` is by the service's list of prices, and None if that did not tell. `credits` is what the service has
    reserved or used, and None if it did not say. `is_estimate` is true until the service has confirmed it.
    """

    usd: float | None
    credits: float | None
    is_estimate: bool


class PhotaResult(TypedDict):
    """Describes a finished PHOTA task, as the sensor and a waiting operator return it.

    An order whose pictures had landed before has no images, and no ID if another Airflow task has paid for
    it. `created` and `expires_at` are ISO 8601; `usage` is what the service said. `cost` is what the order
    has cost; the sensor does not know the order, so `usd` is None there. `profile_ids` are there if the task
    created profiles.
    """

    phota_task_id: str | None
    model: str
    status: str
    images: list[PhotaImage]
    created: str | None
    expires_at: str | None
    usage: dict[str, str | int | float]
    cost: PhotaCost
    files: NotRequired[list[PhotaFile]]
    profile_ids: NotRequired[list[str]]


class PhotaBatchRow(TypedDict):
    """Describes what became of one item of a batch: a line of `results.jsonl`.

    `number` is the item's place among all items, from 1, and `key` its name. `credits` is what the service
    reserved; it is None if the service did not say. `cost` is what the item has cost in the end, and nothing
    if another item was paid for in its place. `submitted_at` and `ended_at` are ISO 8601 in UTC.
    `can_retry` is true if another attempt can end better: without another payment if there is a PHOTA task,
    and else by the first one. `same_as` is the key of the item that was paid for in its place, since it asks
    for the same.
    """

    number: int
    key: str
    status: ItemStatus
    files: list[PhotaFile]
    phota_task_id: str | None
    credits: float | None
    error: str
    submitted_at: str | None
    ended_at: str | None
    can_retry: bool
    same_as: str | None
    cost: PhotaCost


class PhotaBatchSummary(TypedDict):
    """Describes how a batch has ended, as a batch operator returns it.

    `counts` has a number for each status of an item. `submitted` is how many PHOTA tasks are paid for in all
    attempts, `credits` what the service reserved for them, as far as it said, and `cost` what they have cost.
    `results` and `results_csv` are paths,
    `journal` is a folder, and `seconds` are counted from the first attempt on.
    """

    counts: dict[str, int]
    total: int
    submitted: int
    credits: float
    cost: PhotaCost
    results: str
    results_csv: str
    journal: str
    seconds: float


class PhotaBatchPreview(TypedDict):
    """Describes what a batch would pay for, as a batch operator returns it with `dry_run`.

    `landed` items are done already, `to_pay` would be paid for. `pictures` is how many pictures those make,
    and `usd` what they cost by the service's price list; it is None if the service does not say.
    """

    total: int
    landed: int
    to_pay: int
    pictures: int
    usd: float | None


class PhotaReviewedPicture(PhotaFile):
    """Describes one picture that a person has decided about.

    `index` is its place among the pictures of its PHOTA task, from 0, as far as these were handed in, and
    `item` the key of its item in a batch. If it has not landed, there are only `phota_task_id` and `index`.
    """

    index: int
    item: NotRequired[str]


class PhotaReviewer(TypedDict):
    """Names the user of Airflow who has decided."""

    id: str
    name: str


class PhotaReview(TypedDict):
    """Describes what a person has decided, as `PhotaReviewOperator` returns it.

    `decision` is `approved`, `rejected` or `edit_again`. `chosen` and `rejected` are the pictures,
    `published` the copies of the chosen ones. A batch has at most 1,000 of each here, and all of them in
    `record`; `counts` has the numbers. `decided_by` is None if nobody answered in time, and `decided_at` is
    ISO 8601. `prompt` is what a reviewer wants edited instead. `record` is where
    the same is in a store, if it is.
    """

    decision: ReviewDecision
    chosen: list[PhotaReviewedPicture]
    rejected: list[PhotaReviewedPicture]
    published: list[PhotaFile]
    counts: dict[str, int]
    decided_by: PhotaReviewer | None
    decided_at: str
    prompt: str
    record: str | None
