"""Lists the files below a folder of a store, in the order of their paths and with little of it in memory.

fsspec's own walk would pass over a folder that it cannot read, as if it were empty, and it holds all that it
knows of each file in memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # it has no types

from airflow_provider_phota.batch.items.patterns import Pattern
from airflow_provider_phota.storage.paths import Place

#: Yields what is in a folder, by its path below the root: sorted paths below the root. The path of a folder
#: ends in a slash, so that it sorts as the files in it do.
_Lister = Callable[[str], Iterator[str]]


def files_below(pattern: Pattern) -> Iterator[str]:
    """Yields the paths of files below the root of a pattern, sorted. What is hidden is left out."""
    lister = _lister_of(pattern)
    deep = [lister("")]
    while deep:
        path = next(deep[-1], None)
        if path is None:
            deep.pop()
        elif is_hidden(path):
            continue
        elif not path.endswith("/"):
            yield path
        elif pattern.depth is None or len(deep) <= pattern.depth:
            deep.append(lister(path))


def is_hidden(path: str) -> bool:
    """Returns True if a file, or a folder that it lies in, has a name that begins with a dot."""
    return path.startswith(".") or "/." in path


def _lister_of(pattern: Pattern) -> _Lister:
    root = pattern.root
    if isinstance(root.fs, LocalFileSystem):
        return lambda folder: _members_on_disk(root.path, folder)
    if root.protocol in ("s3", "s3a") and hasattr(root.fs, "call_s3"):
        return lambda folder: _members_in_s3(pattern, folder)
    return lambda folder: _members_elsewhere(root, folder)


def _members_on_disk(root: str, folder: str) -> Iterator[str]:
    with os.scandir(f"{root}/{folder}") as entries:
        paths = [
            f"{folder}{entry.name}{end}" for entry in entries if (end := _end_on_disk(entry)) is not None
        ]
    paths.sort()
    yield from paths


def _end_on_disk(entry: os.DirEntry[str]) -> str | None:
    """Returns what the path of a file or a folder ends in; None for anything else, such as a pipe."""
    if entry.is_dir(follow_symlinks=False):
        return "/"
    # a folder behind a link may lead round in a circle; a link to nothing becomes an item that is refused
    is_link_to_nothing = entry.is_symlink() and not entry.is_dir()
    return "" if entry.is_file() or is_link_to_nothing else None


def _members_in_s3(pattern: Pattern, folder: str) -> Iterator[str]:
    """Lists page by page; S3 sorts. If all folders are meant, all of them are one listing."""
    bucket, _, base = pattern.root.path.partition("/")
    base = f"{base}/" if base else ""
    is_flat = pattern.depth is None
    options = {"Bucket": bucket, "Prefix": base + (folder or pattern.head)}
    if not is_flat:
        options["Delimiter"] = "/"
    for page in _pages(pattern.root.fs, options):
        keys = [each["Key"] for each in page.get("Contents", ())]
        keys += [each["Prefix"] for each in page.get("CommonPrefixes", ())]
        for path in sorted(key.removeprefix(base) for key in keys):
            # an object may stand for a folder
            if path != folder and not (is_flat and path.endswith("/")):
                yield path


def _pages(fs: Any, options: dict[str, str]) -> Iterator[dict[str, Any]]:
    following: dict[str, str] = {}
    while True:
        page = fs.call_s3("list_objects_v2", **options, **following)
        yield page
        if not page.get("IsTruncated"):
            return
        following = {"ContinuationToken": page["NextContinuationToken"]}


def _members_elsewhere(root: Place, folder: str) -> Iterator[str]:
    own = f"{root.path}/{folder}".rstrip("/")
    infos = [(info["name"].rstrip("/"), info) for info in root.fs.ls(own or "/", detail=True)]
    yield from sorted(
        f"{folder}{path.rpartition('/')[2]}{'/' if info['type'] == 'directory' else ''}"
        for path, info in infos
        if path != own and info["type"] in ("file", "directory")
    )
