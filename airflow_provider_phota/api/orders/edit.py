"""The edit a user asks for, checked before anything is sent or paid."""

from __future__ import annotations

import ast
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from airflow_provider_phota.api.addresses import Reach
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import flattened
from airflow_provider_phota.api.parsing import is_known
from airflow_provider_phota.api.settings import is_loopback
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.written import NATIVE_RENDERING

EDIT_MODEL = "phota-image-edit"
RESOLUTIONS = ("1K", "4K")
#: What the vendor's own clients accept, taken together, but for what means a folder in a path.
TASK_ID = re.compile(r"(?!\.{1,2}\Z)(?:[A-Za-z0-9][A-Za-z0-9._:-]{0,255}|[A-Za-z0-9._~-]{1,256})")

_NATIVE_HINT = (
    "A Jinja template renders to a string: pass the XComArg itself (task.output), or set "
    "render_template_as_native_obj=True on the DAG."
)


@dataclass(frozen=True)
class EditRequest:
    """One call of `phota-image-edit`. Build it with `checked`, which refuses what cannot be meant.

    Attributes:
        prompt: what to change.
        image_urls: the pictures to edit, as URLs the service can read.
        num_outputs: how many pictures to make; each is billed on its own.
        resolution: `1K` or `4K`; `4K` costs double.
        profile_ids: profiles to keep a person's likeness by, or None.
    """

    prompt: str
    image_urls: tuple[str, ...]
    num_outputs: int = 1
    resolution: str = "1K"
    profile_ids: tuple[str, ...] | None = None

    @classmethod
    def checked(
        cls,
        *,
        prompt: object,
        image_urls: object,
        num_outputs: object = 1,
        resolution: object = "1K",
        profile_ids: object = None,
        local_inputs: bool = False,
        stored_inputs: bool = False,
    ) -> EditRequest:
        """Make a request of what a user gave, templates rendered.

        Args:
            prompt: as the attribute.
            image_urls: one URL or several.
            num_outputs: as the attribute.
            resolution: as the attribute.
            profile_ids: as the attribute.
            local_inputs: whether pictures on loopback or private addresses make sense, because the
                service itself is there.
            stored_inputs: whether pictures may lie in an object store, because they will be published.

        Raises:
            PhotaInputError: names the argument and the value.
        """
        return cls(
            prompt=_checked_prompt(prompt),
            image_urls=_checked_image_urls(
                image_urls, local_inputs=local_inputs, stored_inputs=stored_inputs
            ),
            num_outputs=_checked_num_outputs(num_outputs),
            resolution=_checked_resolution(resolution),
            profile_ids=_checked_profile_ids(profile_ids),
        )

    def body(self) -> bytes:
        """The JSON the service gets: optional arguments only where the user gave them."""
        fields: dict[str, object] = {
            "model": EDIT_MODEL,
            "prompt": self.prompt,
            "image_urls": self.image_urls,
            "num_outputs": self.num_outputs,
            "resolution": self.resolution,
        }
        if self.profile_ids is not None:
            fields["profile_ids"] = self.profile_ids
        return json.dumps(fields).encode()


def checked_task_id(value: object, argument: str = "phota_task_id") -> str:
    """A PHOTA task ID, fit to stand in a URL.

    Args:
        value: the ID, or the dict of a finished task, which has it.
        argument: what the user calls it.

    Raises:
        PhotaInputError: it is no task ID.
    """
    if isinstance(value, Mapping) and "phota_task_id" in value:
        value = _id_of_a_result(value, argument)
    if not isinstance(value, str):
        raise PhotaInputError(
            argument, f"must be a PHOTA task ID (a string), got {shown(value)}.{_hint_for(value)}"
        )
    if _is_collection_repr(value):
        raise PhotaInputError(argument, f"is the text of a list or a dict, {shown(value)}. {_NATIVE_HINT}")
    if value == "None":
        raise PhotaInputError(
            argument, f"rendered to the text 'None': the template found no value. {_NATIVE_HINT}"
        )
    if not TASK_ID.fullmatch(value):
        raise PhotaInputError(argument, f"is no PHOTA task ID: {shown(value)}.")
    return value


def _id_of_a_result(result: Mapping[object, object], argument: str) -> object:
    phota_task_id = result["phota_task_id"]
    if phota_task_id is None and result.get("files"):
        raise PhotaInputError(
            argument,
            "is the result of an edit whose pictures had landed before: nothing was submitted, so there is "
            "no PHOTA task to ask about. Its files are in the result.",
        )
    return phota_task_id


def check_edit_as_written(*, num_outputs: object, resolution: object) -> None:
    """Check what a DAG's author gave as a plain value, before any template is rendered.

    Raises:
        PhotaInputError: names the argument and the value.
    """
    if is_known(num_outputs):
        _checked_num_outputs(num_outputs)
    if is_known(resolution):
        _checked_resolution(resolution)


def _hint_for(value: object) -> str:
    """What may have made a value out of a text."""
    return "" if value is None else f" {NATIVE_RENDERING}"


def _checked_prompt(value: object) -> str:
    if not isinstance(value, str):
        raise PhotaInputError("prompt", f"must be a string, got {shown(value)}.{_hint_for(value)}")
    if not value.strip():
        raise PhotaInputError("prompt", "is empty: say what to change in the picture.")
    if value.strip() == "None" or _is_collection_repr(value):
        raise PhotaInputError(
            "prompt", f"is {shown(value)}, which looks like a value that was no text. {_NATIVE_HINT}"
        )
    _refuse_unsendable("prompt", value)
    return value


def _checked_image_urls(value: object, *, local_inputs: bool, stored_inputs: bool) -> tuple[str, ...]:
    if isinstance(value, str):
        if _is_collection_repr(value):
            raise PhotaInputError("image_urls", f"is the text of a list, {shown(value)}. {_NATIVE_HINT}")
        value = [value]
    urls = _checked_list("image_urls", value, of="URLs")
    if not urls:
        raise PhotaInputError("image_urls", "is empty: an edit needs at least one picture.")
    for url in urls:
        if not (stored_inputs and is_stored(url)):
            check_image_url(url, local_inputs=local_inputs)
    if len(set(urls)) < len(urls):
        raise PhotaInputError("image_urls", "names the same picture twice.")
    return urls


def is_stored(url: str) -> bool:
    """Whether it names a file of an object store, and not something on the web."""
    scheme, separator, _ = url.partition("://")
    return bool(separator) and scheme.lower() not in ("http", "https")


def check_image_url(url: str, *, local_inputs: bool) -> None:
    """Refuse a URL that the service cannot read.

    Raises:
        PhotaInputError: why.
    """
    _refuse_unsendable("image_urls", url)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise PhotaInputError("image_urls", f"{shown(url)} is no URL.") from None
    if parts.scheme not in ("http", "https"):
        raise PhotaInputError("image_urls", f"{shown(url)} {_what_to_do_instead(parts.scheme)}")
    if not parts.hostname or re.search(r"\s", url):
        raise PhotaInputError("image_urls", f"{shown(url)} is no complete http(s) URL.")
    if parts.username is not None:
        raise PhotaInputError(
            "image_urls", "a URL carries a user name or password: use a signed or public URL instead."
        )
    if not local_inputs and _is_local(parts.hostname):
        raise PhotaInputError(
            "image_urls",
            f"{shown(url)} is on this machine or a private network, which the service cannot read: "
            "upload the picture with PhotaHook.upload_file() and pass the URL it returns.",
        )


def _what_to_do_instead(scheme: str) -> str:
    if scheme in ("file", "data"):
        return (
            f"is a {scheme}: URL, which the service cannot read: "
            "upload the picture with PhotaHook.upload_file() and pass the URL it returns."
        )
    return (
        "is no http(s) URL. Pass a URL the service can read, such as the one PhotaHook.upload_file() returns."
    )


def _is_local(hostname: str) -> bool:
    if is_loopback(hostname):
        return True
    try:
        return Reach.of(ipaddress.ip_address(hostname)) is not Reach.PUBLIC
    except ValueError:
        return False


def _checked_num_outputs(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        hint = f" {_NATIVE_HINT}" if isinstance(value, str) else ""
        raise PhotaInputError("num_outputs", f"must be an int of at least 1, got {shown(value)}.{hint}")
    if value < 1:
        raise PhotaInputError("num_outputs", f"must be at least 1, got {shown(value)}.")
    return value


def _checked_resolution(value: object) -> str:
    if not isinstance(value, str) or value not in RESOLUTIONS:
        raise PhotaInputError("resolution", f"must be '1K' or '4K', got {shown(value)}.")
    return value


def _checked_profile_ids(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str):
        raise PhotaInputError("profile_ids", f"must be a list of profile IDs, got the string {shown(value)}.")
    profile_ids = _checked_list("profile_ids", value, of="profile IDs")
    if not profile_ids:
        raise PhotaInputError("profile_ids", "is an empty list: leave it out to edit without a profile.")
    if len(set(profile_ids)) < len(profile_ids):
        raise PhotaInputError("profile_ids", "names the same profile twice.")
    for profile_id in profile_ids:
        _refuse_unsendable("profile_ids", profile_id)
    return profile_ids


def _checked_list(argument: str, value: object, *, of: str) -> tuple[str, ...]:
    # a mapped task hands over a lazy sequence that is no list; a dict would become its keys
    if not isinstance(value, Iterable) or isinstance(value, (bytes, bytearray, dict, set)):
        raise PhotaInputError(argument, f"must be a list of {of}, got {shown(value)}.")
    items = tuple(flattened(value))
    strings = tuple(item for item in items if isinstance(item, str) and item.strip() and item != "None")
    if len(strings) < len(items):
        wrong = next(item for item in items if item not in strings)
        hint = _hint_for(wrong) if isinstance(wrong, (int, float)) else ""
        raise PhotaInputError(argument, f"must hold non-empty strings only, got {shown(wrong)} in it.{hint}")
    return strings


def _is_collection_repr(text: str) -> bool:
    """Whether the text is a Python list, tuple or dict, as Jinja writes one into a string."""
    if not text.strip().startswith(("[", "(", "{")):
        return False
    try:
        return isinstance(ast.literal_eval(text.strip()), (list, tuple, dict, set))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _refuse_unsendable(argument: str, text: str) -> None:
    if "\x00" in text:
        raise PhotaInputError(argument, "has a NUL character in it.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PhotaInputError(argument, "has half a surrogate pair in it, which is no text.") from None
