"""Names the pictures of a batch's items: by a template of the user's, into which the key of the item goes."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.written import NATIVE_RENDERING
from airflow_provider_phota.results.landing import MAX_BYTES, IfExists, Landing
from airflow_provider_phota.results.names import TYPICAL_ID, common_folder, fields_of, picture_extension
from airflow_provider_phota.results.options import check_index
from airflow_provider_phota.storage.paths import Place

NAMES_BY_KEY = "{key}-{index}"
_OF_THE_KEY = frozenset({"key", "name", "stem", "parent"})
_FIELDS = _OF_THE_KEY | {"index", "phota_task_id"}
#: Bytes of one part of a path: most file systems take 255, and an extension and a marker are still added.
_LONGEST_PART = 200
#: Bytes of all parts: an object store takes 1,024, and the destination stands before them.
_LONGEST = 800
#: Stands before the hash of a part that could not be written as it is.
_MARK = "~"
#: Stands for the parent of a key that has none, until the parts of the path are known. No key may hold it.
_NOTHING = "\0"
#: A field whose value ends where the number begins.
_INDEX_RUNS_ON = re.compile(r"}\{index")
#: Characters that some store takes for something else than a part of a name.
_UNSAFE = re.compile(r"[\\]|^\.")


@dataclass(frozen=True)
class BatchNames:
    """Is a template such as `{parent}/{stem}-{index}`, without an extension; it may have directories.

    Attributes:
        template: its fields are `{key}` (the key without the extension of a picture), `{name}` (the last
            part of the key), `{stem}` (that without the extension of a picture), `{parent}` (the parts of
            the key before the last one), `{index}`, `{phota_task_id}` and, if asked for, `{digest}`.
        if_exists: what to do about a file that is there.
    """

    template: str = NAMES_BY_KEY
    if_exists: IfExists = IfExists.OVERWRITE

    @classmethod
    def checked(
        cls,
        template: object = None,
        *,
        num_outputs: int = 1,
        if_exists: object = None,
        has_digest: bool = False,
    ) -> BatchNames:
        """Reads what an author gave.

        Args:
            template: after Jinja was rendered; None for the usual one.
            num_outputs: how many pictures an item has at most.
            if_exists: a word; None for `skip` if the names are those of one PHOTA task alone, and else for
                `overwrite`, since the pictures of an earlier run have the same names.
            has_digest: whether files may be named by the digest of the order.

        Raises:
            PhotaInputError: It names the argument.
        """
        text = NAMES_BY_KEY if template is None else template
        if not isinstance(text, str):
            raise PhotaInputError("filename", f"must be a string, got {shown(text)}. {NATIVE_RENDERING}")
        _check_template(text, _FIELDS | {"digest"} if has_digest else _FIELDS)
        names = cls(text, _checked_policy(text, if_exists))
        check_index(ItemNames(names, "a"), num_outputs)
        return names

    def has(self, field: str) -> bool:
        """Returns True if the template has a field of that name."""
        return field in fields_of(self.template)

    def landing(self, directory: Place, key: str, digest: str = "", max_bytes: int = MAX_BYTES) -> Landing:
        """Returns where the pictures of an item go.

        Args:
            directory: the destination of the batch.
            key: of the item.
            digest: of its order, if what has landed is to be found by it.
            max_bytes: of one picture.
        """
        return Landing(directory, ItemNames(self, key), self.if_exists, max_bytes, digest)


@dataclass(frozen=True)
class ItemNames:
    """Names the pictures of one item, as `Landing` wants it."""

    names: BatchNames
    key: str

    def has(self, field: str) -> bool:
        return self.names.has(field)

    def folder(self, digest: str = "") -> str:
        return common_folder(self.stem("a", 0, digest), self.stem("b", 1, digest))

    def stem(self, phota_task_id: str, index: int, digest: str = "") -> str:
        return stem_of(self.names.template, self.key, index, phota_task_id, digest)


def stem_of(
    template: str, key: str, index: int, phota_task_id: str = TYPICAL_ID, digest: str = "0" * 64
) -> str:
    """Returns the name of one picture below the destination, without its extension.

    A part that a store may not take as it is, or that is too long, is changed; it then ends in a hash of
    what it was, so that two keys never become one name by that.

    Args:
        template: one that `BatchNames.checked` has accepted.
        key: of the item. Braces in it mean nothing.
        index: of the picture among the pictures of the item, from 0.
        phota_task_id: the task that made it. Any ID will do to compare the names of two items.
        digest: of the order.

    Raises:
        PhotaInputError: The key has an empty part, or `.` or `..`, or the name is longer than stores take.
    """
    if {"", ".", ".."} & set(key.split("/")) or _NOTHING in key:
        raise PhotaInputError("key", f"has a part that is not a name: {shown(key)}.")
    parent, _, name = key.rpartition("/")
    folder = f"{parent}/" if parent else ""
    stem = _without_extension(name)
    filled = template.format(
        key=folder + stem,
        name=name,
        stem=stem,
        parent=parent or _NOTHING,
        index=index,
        phota_task_id=phota_task_id,
        digest=digest,
    )
    parts = [part.replace(_NOTHING, "") for part in filled.split("/") if part != _NOTHING]
    path = "/".join(map(_storable, parts))
    if _length(path) > _LONGEST:
        raise PhotaInputError("key", f"gives a path of more than {_LONGEST} bytes: {shown(key)}.")
    return path


def _check_template(template: str, known: frozenset[str]) -> None:
    if fields_of(template) - known or not _fits(template):
        raise PhotaInputError(
            "filename", f"may have the fields {', '.join(sorted(known))} in braces, got {shown(template)}."
        )
    if extension := picture_extension(template):
        raise PhotaInputError(
            "filename",
            f"is a name without an extension, since each picture brings its own: leave out {extension}, "
            f"got {shown(template)}.",
        )
    if _INDEX_RUNS_ON.search(template):  # else "a" and its picture 11 have the name of "a1" and its picture 1
        raise PhotaInputError(
            "filename", f"needs a character such as - between a field and {{index}}, got {shown(template)}."
        )
    # with a key that is beyond doubt, whatever is wrong is the template's
    for part in template.format(**dict.fromkeys(known, "a") | {"index": 0}).split("/"):
        if part.startswith(".") or not part or _storable(part) != part:
            raise PhotaInputError(
                "filename",
                f"gives {shown(part)} as a part of the path: each must be printable, without a backslash, "
                f"not begin with a dot, and have at most {_LONGEST_PART} bytes.",
            )
    if not fields_of(template) & (_OF_THE_KEY | {"phota_task_id", "digest"}):
        raise PhotaInputError(
            "filename",
            f"gives all items one name: put {{key}} or {{phota_task_id}} in it, got {shown(template)}.",
        )


def _checked_policy(template: str, if_exists: object) -> IfExists:
    of_one_task = "phota_task_id" in fields_of(template)
    if if_exists is None:
        return IfExists.SKIP if of_one_task else IfExists.OVERWRITE
    policy = checked_choice(IfExists, "if_exists", if_exists)
    if policy is IfExists.SKIP and not of_one_task:
        raise PhotaInputError(
            "filename",
            "must have {phota_task_id} in it where if_exists is 'skip', or another task's picture would "
            f"pass for this one's; got {shown(template)}.",
        )
    return policy


def _fits(template: str) -> bool:
    """Returns True if values can be put in."""
    try:
        template.format(**dict.fromkeys(_FIELDS | {"digest"}, "a") | {"index": 0})
    except (ValueError, LookupError, AttributeError, TypeError):
        return False
    return True


def _without_extension(name: str) -> str:
    return name.removesuffix(picture_extension(name)) or name


def _storable(part: str) -> str:
    """Returns a part of a path as every store takes it."""
    safe = part if part.isprintable() else "".join(char if _is_shown(char) else "_" for char in part)
    safe = _UNSAFE.sub("_", safe)
    if safe == part and _length(part) <= _LONGEST_PART:
        return part
    mark = _MARK + hashlib.sha256(part.encode(errors="surrogatepass")).hexdigest()[:16]
    kept = safe.encode()[: _LONGEST_PART - len(mark)].decode(errors="ignore")
    return kept + mark


def _is_shown(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"  # names from a Mac have narrow spaces


def _length(text: str) -> int:
    return len(text.encode(errors="replace"))
