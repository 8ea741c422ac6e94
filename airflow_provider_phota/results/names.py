"""Names landed files by a template of the user's, never by an answer's headers or URLs."""

from __future__ import annotations

import hashlib
import re
import string
from dataclasses import dataclass
from itertools import takewhile
from typing import Protocol

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.written import NATIVE_RENDERING

#: Names by what was asked for: the same order of the same pictures has the same names in every run.
NAMES_BY_DIGEST = "{digest}-{index}"
_FIELDS = frozenset({"phota_task_id", "digest", "index"})
#: Bytes of one part of a path: most file systems take 255, and an extension and a marker are still added.
_LONGEST = 200
#: Stands before a task ID in a name where the ID is not written as it is; no ID has it.
_OTHER = "id="
#: As long as an ID that is shortened, and a little longer than the ones that the vendor shows.
TYPICAL_ID = "t" * 35
_EXTENSION = re.compile(r"(?i)\.(png|apng|jpe?g|jfif|webp|gif|bmp|tiff?|avif|hei[cf])$")


class FileNames(Protocol):
    """Names the pictures of a task."""

    def has(self, field: str) -> bool:
        """Returns True if the names depend on the field of that name."""

    def folder(self, digest: str = "") -> str:
        """Returns the directories that the names of all tasks have in common; empty if there are no such."""

    def stem(self, phota_task_id: str, index: int, digest: str = "") -> str:
        """Returns the name of one picture, without its extension."""


@dataclass(frozen=True)
class Names:
    """Is a template such as `{phota_task_id}-{index}`, without an extension; it may have directories."""

    template: str = "{phota_task_id}-{index}"

    @classmethod
    def checked(cls, template: object, *, has_digest: bool = False) -> Names:
        """Reads what an author gave.

        Args:
            template: after Jinja was rendered; only its own fields are left.
            has_digest: whether there is a digest of the order to name files by.

        Raises:
            PhotaInputError: It is not a template, or it has unknown fields.
        """
        if not isinstance(template, str):
            raise PhotaInputError("filename", f"must be a string, got {shown(template)}. {NATIVE_RENDERING}")
        known = _FIELDS if has_digest else _FIELDS - {"digest"}
        names = cls(template)
        if fields_of(template) - known or not names._fits():
            raise PhotaInputError(
                "filename",
                f"may have the fields {', '.join(sorted(known))} in braces, got {shown(template)}.",
            )
        names.stem(TYPICAL_ID, 0, "0" * 64)
        if extension := picture_extension(template):
            raise PhotaInputError(
                "filename",
                f"is a name without an extension, since each picture brings its own: leave out {extension}, "
                f"got {shown(template)}.",
            )
        return names

    def has(self, field: str) -> bool:
        """Returns True if the template has a field of that name."""
        return field in fields_of(self.template)

    def folder(self, digest: str = "") -> str:
        """Returns the directories that the names of all tasks have in common; empty if there are no such."""
        return common_folder(self.stem("a", 0, digest), self.stem("b", 1, digest))

    def _fits(self) -> bool:
        """Returns True if values can be put in."""
        try:
            self._filled(TYPICAL_ID, 0, "0" * 64)
        except (ValueError, LookupError, AttributeError, TypeError):
            return False
        return True

    def _filled(self, phota_task_id: str, index: int, digest: str) -> str:
        return self.template.format(phota_task_id=phota_task_id, index=index, digest=digest)

    def stem(self, phota_task_id: str, index: int, digest: str = "") -> str:
        """Returns the name of one picture, without its extension. Any task ID fits in: its picture is paid.

        Raises:
            PhotaInputError: It leads elsewhere, or is not a name that every store takes.
        """
        name = self._filled(_shown(phota_task_id), index, digest)
        if max(map(_length, name.split("/"))) > _LONGEST:
            name = self._filled(_short(phota_task_id), index, digest)
        for part in name.split("/"):
            _check_part(part)
        return name


def fields_of(template: str) -> set[str]:
    """Returns the fields in braces; the empty text stands for whatever is not such a field."""
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError:  # a brace without its other half
        return {""}
    # a number may be padded, but a part of an ID would not tell one task from another
    return {
        name if name == "index" or not (spec or conversion) else ""
        for _, name, spec, conversion in parsed
        if name is not None
    }


def common_folder(one: str, other: str) -> str:
    """Returns the directories that two paths have in common, from the first on."""
    pairs = zip(one.split("/")[:-1], other.split("/")[:-1], strict=True)
    return "/".join(same for same, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def picture_extension(name: str) -> str:
    """Returns the extension of a picture's name, with its dot; empty if the name does not have one."""
    found = _EXTENSION.search(name)
    return found.group() if found else ""


def _check_part(part: str) -> None:
    if not part or part.startswith(".") or not part.isprintable() or "\\" in part:
        raise PhotaInputError(
            "filename",
            f"gives {shown(part)} as a part of the path: each must be printable, without a backslash, and "
            "not begin with a dot.",
        )
    if _length(part) > _LONGEST:
        raise PhotaInputError("filename", f"gives a name of more than {_LONGEST} bytes.")


def _length(part: str) -> int:
    return len(part.encode(errors="replace"))


def _shown(phota_task_id: str) -> str:
    return f"{_OTHER}{phota_task_id}" if phota_task_id.startswith(".") else phota_task_id  # else it is hidden


def _short(phota_task_id: str) -> str:
    return f"{_OTHER}{hashlib.sha256(phota_task_id.encode()).hexdigest()[:32]}"
