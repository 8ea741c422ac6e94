"""Lists the files below a folder of a store, in the order of their paths and with little of it in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # it has no types

from airflow_provider_phota.batch.items.patterns import Pattern
from airflow_provider_phota.storage.paths import Place


@dataclass(frozen=True, slots=True)
class _Member:
    """Is a file or a folder.

    Attributes:
        path: below the root of the listing. That of a folder ends in a slash, so that it sorts as its files
            do.
    """

    path: str

    @property
    def is_folder(self) -> bool:
        return self.path.endswith("/")


def is_hidden(path: str) -> bool:
    """Returns True if a file or a folder that it lies in begins with a dot."""
    return path.startswith(".") or "/." in path


#: Yields the members of a folder, by its path below the root, sorted.
_Lister = Callable[[str], Iterator[_Member]]


def files_below(pattern: Pattern) -> Iterator[str]:
    """Yields the paths of files below the root of a pattern, sorted. What begins with a dot is left out.

    fsspec's own walk would pass over a folder that it cannot read, as if it were empty, and hold the listing
    of a whole folder in memory.
    """
    lister = _lister_of(pattern)
    deep = [lister("")]
    while deep:
        member = next(deep[-1], None)
        if member is None:
            deep.pop()
        elif is_hidden(member.path):
            continue
        elif not member.is_folder:
            yield member.path
        elif pattern.depth is None or len(deep) <= pattern.depth:
            deep.append(lister(member.path))


def _lister_of(pattern: Pattern) -> _Lister:
    root = pattern.root
    if isinstance(root.fs, LocalFileSystem):
        return lambda folder: _members_on_disk(root.path, folder)
    if root.protocol in ("s3", "s3a") and hasattr(root.fs, "call_s3"):
        return lambda folder: _members_in_s3(pattern, folder)
    return lambda folder: _members_elsewhere(root, folder)


def _members_on_disk(root: str, folder: str) -> Iterator[_Member]:
    with os.scandir(f"{root}/{folder}") as entries:
        # a folder behind a link is left out, since it may lead round in a circle
        paths = [_path_on_disk(folder, entry) for entry in entries if not _is_linked_folder(entry)]
    paths.sort()
    yield from map(_Member, paths)


def _path_on_disk(folder: str, entry: os.DirEntry[str]) -> str:
    return f"{folder}{entry.name}/" if entry.is_dir(follow_symlinks=False) else f"{folder}{entry.name}"


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and entry.is_dir()


def _members_in_s3(pattern: Pattern, folder: str) -> Iterator[_Member]:
    """Lists page by page; S3 sorts them. Where folders do not matter, all of them are one listing."""
    bucket, _, base = pattern.root.path.partition("/")
    base = f"{base}/" if base else ""
    options = {"Bucket": bucket, "Prefix": base + (folder or pattern.head)}
    if pattern.depth is not None:
        options["Delimiter"] = "/"
    for page in _pages(pattern.root.fs, options):
        found = [each["Key"] for each in page.get("Contents", ())]
        found += [each["Prefix"] for each in page.get("CommonPrefixes", ())]
        found.sort()
        for key in found:
            path = key[len(base) :]
            # an object may stand for the folder itself
            if path != folder and (pattern.depth is not None or not path.endswith("/")):
                yield _Member(path)


def _pages(fs: Any, options: dict[str, str]) -> Iterator[dict[str, Any]]:
    following: dict[str, str] = {}
    while True:
        page = fs.call_s3("list_objects_v2", **options, **following)
        yield page
        if not page.get("IsTruncated"):
            return
        following = {"ContinuationToken": page["NextContinuationToken"]}


def _members_elsewhere(root: Place, folder: str) -> Iterator[_Member]:
    path = f"{root.path}/{folder}".rstrip("/")
    paths = []
    for info in root.fs.ls(path or "/", detail=True):
        name = info["name"].rstrip("/").rpartition("/")[2]
        if name and info["name"].rstrip("/") != path and not (info.get("islink") and info["type"] != "file"):
            paths.append(f"{folder}{name}/" if info["type"] == "directory" else f"{folder}{name}")
    paths.sort()
    yield from map(_Member, paths)
