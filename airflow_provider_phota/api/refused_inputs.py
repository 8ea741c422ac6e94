"""Recognizes failures that refuse the input: a new order of it would be paid for, and refused again."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Codes that say only that something failed, not what.
_SAYS_NOTHING = re.compile(
    r"[\d_]*|((task|job|generation|request|unknown)_)?(error|failed|failure|fail|unknown)", re.ASCII
)
#: Codes of what the service, or a service behind it, could not do: another attempt may succeed.
_NOT_THE_INPUT = re.compile(
    r"time_?out|timed_?out|unavailable|overload|rate_?limit|too_many_request|busy|temporar|retry|try_again|"
    r"internal|upstream|response|channel|gateway|server|connection|network|quota|balance|api_?key|auth|token|"
    r"credential|signature|no_available_model|unsupported_advanced_options"
)
#: Codes that refuse the input, in lower case and with underscores.
_REFUSED = re.compile(
    r"(^|_)(content|usage|safety)_?(policy|filter(ed)?|violation|restricted)|polic(y|ies)_violat|"
    r"violat(es|ed|ion|ions)(_|$)|moderat(ion|ed)|(^|_)(un)?safe(ty)?(_|$)|nsfw|(^|_)sensitive|prohibited|"
    r"inappropriate|(^|_)(porn|sexual|explicit|violence|hate|self_harm)|copyright|public_figure|celebrit|"
    r"data_inspection_failed|risk_control|recitation|"
    r"(^|_)(image|prompt|content|input)s?_(is_)?(blocked|rejected|refused|forbidden|flagged)|"
    r"(blocked|flagged|rejected)_(image|prompt|content|input)|"
    r"^invalid(_|$)|_invalid(_|$)|_invalid_(image|prompt|input|param|file|url|argument|request)|"
    r"^unsupported(_|$)|_unsupported$|_not_supported$|validation_(error|failed)|bad_request|user_error|"
    r"(image|file|picture|prompt|input|url|text)s?_(is_)?(too_(large|small|long|short|big|many)|corrupt(ed)?|malformed)|"
    r"too_(large|many)_(image|file|input)|(corrupt(ed)?|malformed|bad)_(image|file|input)|"
    r"(^|_)no_face|face_not_(found|detected)"
)
#: Words of a message that says that the service could not do it.
_NOT_THE_INPUT_IN_WORDS = re.compile(
    r"timed?[ -]?out|unavailable|overload|rate limit|too many requests|busy|temporar|"
    r"(try again|retry) (later|in |after)|internal (server )?error|upstream|gateway|connection|network"
)
#: Words of a message that refuses the input. Few and plain, since a message can contain anything.
_REFUSED_IN_WORDS = re.compile(
    r"content (policy|moderation|filter|violation)|(usage|safety) polic|"
    r"violat\w* .{0,60}(polic|guideline|terms)|"
    r"(rejected|blocked|flagged|refused) (by|as|for) .{0,40}(moderation|safety|filter|nsfw|sensitive|"
    r"inappropriate|unsafe|polic)|nsfw|(sensitive|inappropriate|prohibited|explicit|unsafe|sexual) "
    r"(content|material|information|words?|image|prompt)|"
    r"(invalid|unsupported|corrupted|unreadable) "
    r"(image|picture|file|prompt|input|parameter|format|media type)|"
    # the vendor also answers in Chinese: "sensitive", "against the rules", "did not pass the review"
    r"敏感|违规|违禁|不合规|审核(未|不)通过|未通过.{0,10}审核"
)


def refuses_input(codes: Sequence[str], message: str = "") -> bool:
    """True if an error refuses the input, by the first code that says what failed, else by the message.

    Args:
        codes: the error's code, and then its type, which says less.
        message: the error's message.
    """
    for code in codes:
        if says_something(code):
            words = _snake_case(code)
            return bool(_REFUSED.search(words) and not _NOT_THE_INPUT.search(words))
    text = " ".join((message.lower(), *codes))
    return bool(_REFUSED_IN_WORDS.search(text) and not _NOT_THE_INPUT_IN_WORDS.search(text))


def says_something(code: str) -> bool:
    """True if a code says what failed: not a bare number, and not just `task_error`."""
    return not _SAYS_NOTHING.fullmatch(_snake_case(code))


def _snake_case(code: str) -> str:
    """Writes `ContentPolicyViolation` and `content-policy.violation` as `content_policy_violation`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", code)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
