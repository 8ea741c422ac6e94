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
FailOrResubmit = Literal["fail", "resubmit"]
FailOrSkip = Literal["fail", "skip"]
ShareOrPay = Literal["share", "pay"]


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


class PhotaResult(TypedDict):
    """Describes a finished PHOTA task, as the sensor and a waiting operator return it.

    An order whose pictures had landed before has no images, and no ID if another Airflow task has paid for
    it. `created` and `expires_at` are ISO 8601; `usage` is what the service said. `profile_ids` are there if
    the task created profiles.
    """

    phota_task_id: str | None
    model: str
    status: str
    images: list[PhotaImage]
    created: str | None
    expires_at: str | None
    usage: dict[str, str | int | float]
    files: NotRequired[list[PhotaFile]]
    profile_ids: NotRequired[list[str]]
