"""Brings one result picture from the service's CDN to its place in object storage: whole, or not at all."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.results.landing import IfExists, LandedFile, Landing
from airflow_provider_phota.results.thumbnails import SmallCopies
from airflow_provider_phota.storage.access import is_seen
from airflow_provider_phota.storage.drafts import Draft, new_draft, open_for_reading
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.pictures import EXTENSIONS, NotAPicture, Picture, inspect_picture
from airflow_provider_phota.storage.rights import is_denied

if TYPE_CHECKING:
    from airflow_provider_phota.downloads.downloads import Downloads

log = logging.getLogger(__name__)


class Taken(Exception):
    """Says that another file has the name. The text continues the sentence "A result …"."""


def land_one_picture(
    url: str,
    landing: Landing,
    phota_task_id: str,
    index: int,
    downloads: Downloads,
    *,
    copies: SmallCopies | None = None,
) -> LandedFile:
    """Brings a picture to its place. What is there already is not fetched again, if the landing says so.

    Args:
        url: where the service has the picture.
        landing: where it goes.
        phota_task_id: the task that made it.
        index: its place among the pictures of the task, from 0.
        downloads: fetches it.
        copies: gets the picture once it has its name, if it was fetched.

    Raises:
        Gone, RefusedUrl, Undelivered: It could not be downloaded.
        NotAPicture: What came is not a picture.
        Taken: Another file has its name, and may not be replaced.
        Exception: The store's own error.
    """
    stem = landing.stem(phota_task_id, index)
    if landing.if_exists is IfExists.SKIP and (there := _existing(stem, phota_task_id, landing.max_pixels)):
        log.info("%s is there already, whole; it is not fetched again.", shown(there.path))
        return there
    with new_draft(stem) as draft:
        downloads.fetch(url, draft.file, landing.max_bytes)
        picture = inspect_picture(draft.file, max_pixels=landing.max_pixels)
        path = stem + f".{picture.extension}"
        if landing.if_exists is IfExists.FAIL:
            _publish_new(draft, path, picture, landing)
        else:
            draft.publish(path, picture.content_type)
        if copies:
            copies.take(index, draft.file)
    return LandedFile.of(path, picture, phota_task_id)


def _existing(stem: Place, phota_task_id: str, max_pixels: int) -> LandedFile | None:
    for extension in EXTENSIONS:
        path = stem + f".{extension}"
        try:
            if path.exists():
                with open_for_reading(path) as file:
                    return LandedFile.of(path, inspect_picture(file, max_pixels=max_pixels), phota_task_id)
        except NotAPicture as problem:
            log.warning("%s %s; it is replaced.", path, problem)
        except Exception as error:  # of whatever library the store speaks by
            if not is_denied(error):
                raise
            # the name contains the task ID, so a file there is the same picture and can be written again
            log.info("The role may not see whether %s is there; the picture is fetched.", path)
    return None


def _publish_new(draft: Draft, path: Place, picture: Picture, landing: Landing) -> None:
    if is_seen(path):
        _check_same(path, picture, landing)
        return
    try:
        draft.publish_new(path, picture.content_type)
    except FileExistsError:
        _check_same(path, picture, landing)


def _check_same(path: Place, picture: Picture, landing: Landing) -> None:
    """Accepts a file that an earlier attempt of the same task has landed."""
    try:
        with open_for_reading(path) as file:
            same = inspect_picture(file, max_pixels=landing.max_pixels).sha256 == picture.sha256
    except NotAPicture:
        same = False
    except Exception as error:  # of whatever library the store speaks by
        if not (is_denied(error) and landing.names.has("phota_task_id")):
            raise
        same = True  # the role may not read it, but its name says that this task made it
    if not same:
        raise Taken(f"cannot land: another file is at {path}, and if_exists is 'fail'")
