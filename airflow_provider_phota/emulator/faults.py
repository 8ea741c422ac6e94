"""Defines the faults that a test can script."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

PLACES = ("submit", "task", "upload", "models", "usage", "result")
_ANSWER = frozenset({"status", "headers", "code", "message", "body"})
_OPTIONAL = _ANSWER | {"seconds", "created", "word"}

#: What each kind takes: (places, required fields, optional fields).
KINDS: Mapping[str, tuple[tuple[str, ...], frozenset[str], frozenset[str]]] = {
    "status": (PLACES, frozenset({"status"}), _ANSWER),
    "billed_status": (("submit",), frozenset({"status"}), _ANSWER),
    "reset_before": (PLACES, frozenset(), frozenset()),
    "reset_after": (PLACES, frozenset(), frozenset()),
    "hang": (PLACES, frozenset({"seconds"}), frozenset({"created"})),
    "slow_body": (PLACES, frozenset({"seconds"}), frozenset()),
    "truncated_body": (PLACES, frozenset(), frozenset()),
    "html": (PLACES, frozenset(), frozenset({"status", "created"})),
    "no_results": (("task",), frozenset(), frozenset()),
    "fail_task": (("submit", "task"), frozenset(), frozenset({"code", "message"})),
    "status_word": (("task",), frozenset(), frozenset({"word"})),
    "latency": (("submit",), frozenset({"seconds"}), frozenset()),
}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_seconds(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, float)) and 0 <= value < 1e9


def _has_only_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(text, str) for pair in value.items() for text in pair
    )


_CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "on": (lambda v: v in PLACES, f"one of {', '.join(PLACES)}"),
    "kind": (lambda v: isinstance(v, str) and v in KINDS, f"one of {', '.join(KINDS)}"),
    "match": (
        lambda v: _has_only_texts(v) and set(v) <= {"task_id", "prompt", "url"},
        "an object with task_id, prompt and/or url",
    ),
    "skip": (lambda v: _is_count(v) and v >= 0, "an integer of at least 0"),
    "times": (
        lambda v: v is None or (_is_count(v) and v >= 1),
        "an integer of at least 1, or null: for ever",
    ),
    "status": (lambda v: _is_count(v) and 200 <= v <= 599, "an HTTP status from 200 to 599"),
    "headers": (
        lambda v: _has_only_texts(v) and not any(c in "\r\n\0" for pair in v.items() for c in "".join(pair)),
        "an object of strings without line breaks",
    ),
    "code": (lambda v: isinstance(v, str), "a string"),
    "message": (lambda v: isinstance(v, str), "a string"),
    "body": (lambda v: isinstance(v, (str, dict, list)), "a string, an object or an array"),
    "seconds": (_is_seconds, "a number of seconds, at least 0"),
    "created": (lambda v: isinstance(v, bool), "true or false"),
    "word": (lambda v: isinstance(v, str) and bool(v), "a non-empty string"),
    "share": (
        lambda v: v is None or (not isinstance(v, bool) and isinstance(v, (int, float)) and 0 < v <= 1),
        "a number above 0, and at most 1",
    ),
    "seed": (_is_count, "an integer"),
    "drawn": (lambda v: _is_count(v) and v >= 0, "an integer of at least 0"),
}


@dataclass(frozen=True)
class Fault:
    """Says on which requests something goes wrong, what happens, and how often.

    Attributes:
        on: ``submit``, ``task`` (status query), ``upload``, ``models``, ``usage``, ``result`` (a download).
        kind: What happens:

            - ``status``: the answer is ``status``; nothing is created.
            - ``billed_status``: the task is created and billed, and the answer is ``status`` all the same.
            - ``reset_before``, ``reset_after``: the connection is reset before or after serving the request.
            - ``hang``: no answer for ``seconds``, then the connection closes; ``created``: served first.
            - ``slow_body``: the true answer, its body spread over ``seconds``.
            - ``truncated_body``: the true answer, cut off in its body.
            - ``html``: a page (``status``, default 200) instead of JSON; ``created``: served first.
            - ``no_results``: a completed task has no results yet.
            - ``fail_task``: the task fails with ``code`` and ``message``: on ``submit`` at the end of its
              duration, on ``task`` at once.
            - ``status_word``: the task shows ``word`` as its status.
            - ``latency``: the submitted task takes ``seconds``.
        match: Only requests about this ``task_id``, and/or a task whose prompt contains ``prompt``, and/or a
            task that reads a file whose URL contains ``url``.
        skip: The number of matching requests that pass first.
        times: The number of requests that are hit. If it is None, all later ones are.
        status: HTTP status of the answer.
        headers: Headers of the answer, for example Retry-After.
        code: ``error.code`` of the answer, or of the failed task.
        message: ``error.message`` of the answer, or of the failed task.
        body: The whole body of the answer instead of the documented one.
        seconds: A duration, for the kinds that take one.
        created: True if the request is served before the fault (``hang``, ``html``).
        word: The status word.
        share: Only this share of the requests is hit: 0.05 for one in twenty. Each is drawn by itself. On
            ``task`` and ``result`` tasks are drawn, so that all requests about a task are hit, or none is; on
            other places requests are. What is not hit counts neither for ``skip`` nor for ``times``.
        seed: Another seed draws others. The same fault hits the same tasks, or requests, by their numbers.
        drawn: How many requests were drawn so far, where requests are drawn.

    Raises:
        ValueError: The fault makes no sense. The message says why.
    """

    on: str
    kind: str
    match: Mapping[str, str] = field(default_factory=dict)
    skip: int = 0
    times: int | None = 1
    status: int | None = None
    headers: Mapping[str, str] | None = None
    code: str | None = None
    message: str | None = None
    body: str | dict[str, Any] | list[Any] | None = None
    seconds: float | None = None
    created: bool | None = None
    word: str | None = None
    share: float | None = None
    seed: int = 0
    drawn: int = 0

    def __post_init__(self) -> None:
        for name, (accepts, what) in _CHECKS.items():
            value = getattr(self, name)
            if not (name in _OPTIONAL and value is None) and not accepts(value):
                raise ValueError(f"{name} must be {what}, got {value!r}")
        self._check_kind()
        self._check_match()

    def _check_kind(self) -> None:
        places, required, optional = KINDS[self.kind]
        if self.on not in places:
            raise ValueError(f"kind {self.kind!r} works on {', '.join(places)}, not on {self.on!r}")
        given = {name for name in _OPTIONAL if getattr(self, name) is not None}
        for name in sorted(required - given):
            raise ValueError(f"kind {self.kind!r} needs {name}")
        for name in sorted(given - required - optional):
            takes = ", ".join(sorted(required | optional)) or "nothing more"
            raise ValueError(f"kind {self.kind!r} takes {takes}; it has no {name}")

    def _check_match(self) -> None:
        if self.match and self.on not in ("submit", "task", "result"):
            raise ValueError(f"match works on submit, task and result, not on {self.on!r}")
        if self.on == "submit" and "task_id" in self.match:
            raise ValueError(
                "match.task_id does not work on 'submit': there is no task yet; match its prompt or url"
            )

    def hits(self, number: int) -> bool:
        """Returns True if the n-th task or request, from 0, is among those that are hit."""
        if self.share is None:
            return True
        counts = {"skip", "times", "drawn"}
        spec = json.dumps({k: v for k, v in self.to_dict().items() if k not in counts})
        # each has its own generator, so that its fate depends neither on the order of the requests nor on
        # what another fault has drawn
        return random.Random(f"{spec}:{number}").random() < self.share  # noqa: S311 - it is not a secret

    @classmethod
    def from_dict(cls, spec: object) -> "Fault":
        """Reads a fault as it comes in JSON.

        Raises:
            ValueError: It is not a fault. The message says why.
        """
        if not isinstance(spec, dict):
            raise ValueError(f"a fault must be an object, got {spec!r}")
        known = {f.name for f in fields(cls)}
        for name in spec:
            if name not in known:
                raise ValueError(f"unknown field {name!r}; a fault has {', '.join(sorted(known))}")
        for name in ("on", "kind"):
            if name not in spec:
                raise ValueError(f"{name} is required: {_CHECKS[name][1]}")
        return cls(**spec)

    def to_dict(self) -> dict[str, Any]:
        """Returns the fault for JSON, without the fields that are not set."""
        always = {"on": self.on, "kind": self.kind, "skip": self.skip, "times": self.times}
        given = {name: getattr(self, name) for name in sorted(_OPTIONAL) if getattr(self, name) is not None}
        drawing = {"share": self.share, "seed": self.seed, "drawn": self.drawn} if self.share else {}
        return always | ({"match": dict(self.match)} if self.match else {}) | given | drawing
