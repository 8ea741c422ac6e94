"""Whether a failure says that the input is refused: then a new edit of it is paid, and refused again."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Codes that say that something failed, and not what.
_SAYS_NOTHING = re.compile(
    r"[\d_]*|((task|job|generation|request|unknown)_)?(error|failed|failure|fail|unknown)", re.ASCII
)
#: What the service, or one behind it, could not do: another attempt may find it well.
_NOT_THE_INPUT = re.compile(
    r"time_?out|timed_?out|unavailable|overload|rate_?limit|too_many_request|busy|temporar|retry|try_again|"
    r"internal|upstream|response|channel|gateway|server|connection|network|quota|balance|api_?key|auth|token|"
    r"credential|signature|no_available_model|unsupported_advanced_options"
)
#: Codes, in lower case and with underscores.
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
#: What a sentence says where the service could not do it.
_NOT_THE_INPUT_IN_WORDS = re.compile(
    r"timed?[ -]?out|unavailable|overload|rate limit|too many requests|busy|temporar|"
    r"(try again|retry) (later|in |after)|internal (server )?error|upstream|gateway|connection|network"
)
#: Words for where no code says anything: few and plain, since a sentence can say anything.
_REFUSED_IN_WORDS = re.compile(
    r"content (policy|moderation|filter|violation)|(usage|safety) polic|"
    r"violat\w* .{0,60}(polic|guideline|terms)|"
    r"(rejected|blocked|flagged|refused) (by|as|for) .{0,40}(moderation|safety|filter|nsfw|sensitive|"
    r"inappropriate|unsafe|polic)|nsfw|(sensitive|inappropriate|prohibited|explicit|unsafe|sexual) "
    r"(content|material|information|words?|image|prompt)|"
    r"(invalid|unsupported|corrupted|unreadable) "
    r"(image|picture|file|prompt|input|parameter|format|media type)|"
    # the vendor and those behind it also answer in Chinese: sensitive, against the rules, not let pass
    r"敏感|违规|违禁|不合规|审核(未|不)通过|未通过.{0,10}审核"
)


def refuses_input(codes: Sequence[str], message: str = "") -> bool:
    """Decide by the first code that says anything; by the message only where no code does.

    Args:
        codes: of an error: its code, and then its type, which says less.
        message: its words.
    """
    for code in codes:
        if says_something(code):
            told = _in_words(code)
            return bool(_REFUSED.search(told) and not _NOT_THE_INPUT.search(told))
    words = " ".join((message.lower(), *codes))
    return bool(_REFUSED_IN_WORDS.search(words) and not _NOT_THE_INPUT_IN_WORDS.search(words))


def says_something(code: str) -> bool:
    """Whether a code tells what failed, and is not a number or just `task_error`."""
    return not _SAYS_NOTHING.fullmatch(_in_words(code))


def _in_words(code: str) -> str:
    """`ContentPolicyViolation` and `content-policy.violation` as `content_policy_violation`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", code)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
