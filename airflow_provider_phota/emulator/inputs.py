"""Fetches the inputs of a task in the background, once the task is created."""

import asyncio
import hashlib
import tempfile
import zipfile
from collections.abc import AsyncIterator
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

import aiohttp

from airflow_provider_phota.api.orders.base import PROFILE_MODEL
from airflow_provider_phota.emulator.errors import ApiError, invalid_image_url
from airflow_provider_phota.emulator.opening import open_picture
from airflow_provider_phota.emulator.records import Failure, TaskRecord
from airflow_provider_phota.emulator.service import Service
from airflow_provider_phota.emulator.settings import is_loopback

CHUNK = 256 * 1024
_UPLOAD = "upload:"
_AT_ONCE = 16
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10)


class FetchError(Exception):
    """An input could not be fetched, or cannot be used. The message says which one and why."""

    def __init__(self, message: str, code: str = "invalid_image_url") -> None:
        super().__init__(message)
        self.code = code


class Intake:
    """Fetches inputs in the background and keeps them in the store.

    Attributes:
        home: Where the emulator itself listens.
    """

    def __init__(self, service: Service) -> None:
        self.home = ""
        self._service = service
        self._running: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._usable: dict[tuple[str, bool], bool] = {}
        # Local servers sign their own certificates, and on loopback a certificate protects nothing.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=False),
            timeout=_TIMEOUT,
            headers={"Accept-Encoding": "identity"},
        )

    def cancel(self) -> None:
        """Cancels everything that is being fetched."""
        for job in self._running:
            job.cancel()

    async def close(self) -> None:
        self.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._session.close()

    def locate(self, url: str, base_url: str) -> str:
        """Returns the source that an input URL stands for.

        Raises:
            ApiError: 422 ``invalid_image_url``: it is not an http URL, or it leads away from this machine.
        """
        try:
            parts = urlsplit(url)
            host, own = parts.hostname or "", parts.netloc == urlsplit(base_url).netloc
        except ValueError:
            raise invalid_image_url(f"{url!r} is not a URL") from None
        if parts.scheme not in ("http", "https") or not host:
            raise invalid_image_url(f"{url!r} is not an http or https URL")
        if own and parts.path.startswith("/uploads/"):
            return _UPLOAD + unquote(parts.path.split("/")[2])
        if own:
            # The host may be a proxy's name, so the emulator reads its own files directly.
            return self.home + urlunsplit(("", "", parts.path, parts.query, ""))
        if self._service.settings.allow_remote:  # else a remote client could read what only this machine may
            raise invalid_image_url(
                f"the host {host!r} is out of reach: an emulator with remote clients reads its own "
                "uploads and results only. Upload the file first"
            )
        if not is_loopback(host):
            raise invalid_image_url(
                f"the host {host!r} is out of reach: the emulator reads its own uploads and URLs on loopback "
                "only. Upload the file first, or serve it from 127.0.0.1"
            )
        return url

    def prepare(self, task: TaskRecord) -> None:
        """Fetches the inputs of a task. The task fails if an input cannot be fetched."""
        if task.inputs is None and not task.failure:
            job = asyncio.create_task(self._prepare(task))
            self._running.add(job)
            job.add_done_callback(self._running.discard)

    async def _prepare(self, task: TaskRecord) -> None:
        try:
            async with self._gate:
                blobs = [await self.fetch(source) for source in task.sources]
                for blob, source in zip(blobs, task.sources, strict=True):
                    await self._check_content(blob, source, archive=task.order.model == PROFILE_MODEL)
        except FetchError as failure:
            now = self._service.now()
            self._service.fail_task(task.id, Failure(failure.code, str(failure), now))
        else:
            self._service.set_inputs(task.id, tuple(blobs))

    async def fetch(self, source: str) -> str:
        """Returns the blob of a source.

        Raises:
            FetchError: It cannot be fetched.
        """
        if source.startswith(_UPLOAD):
            try:
                return self._service.upload(source.removeprefix(_UPLOAD)).blob
            except ApiError as missing:
                raise FetchError(missing.message) from None
        try:
            # Redirects are not followed, since they could lead anywhere.
            async with self._session.get(source, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise FetchError(f"{source} answered HTTP {answer.status} instead of the file")
                return (await self.keep(answer.content.iter_chunked(CHUNK)))[0]
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            raise FetchError(
                f"{source} could not be fetched: {str(failure) or type(failure).__name__}"
            ) from None

    async def keep(self, pieces: AsyncIterator[bytes]) -> tuple[str, int]:
        """Stores a stream of bytes, and returns its blob and its size."""
        store, digest, size, number = self._service.store, hashlib.sha256(), 0, 0
        blob = store.new_blob()
        try:
            async for piece in pieces:
                store.append(blob, number, piece)
                digest.update(piece)
                size, number = size + len(piece), number + 1
        except BaseException:
            store.discard(blob)
            raise
        if store.count(blob) != number:
            store.discard(blob)
            raise ApiError(503, "the emulator was reset during the upload")
        return store.seal(blob, digest.hexdigest()), size

    async def _check_content(self, blob: str, source: str, *, archive: bool) -> None:
        usable = self._usable.get((blob, archive))
        if usable is None:
            usable = await (self._is_archive(blob) if archive else self._is_picture(blob))
            self._usable[blob, archive] = usable
        if not usable:
            what = "a ZIP archive with files in it" if archive else "a picture that can be read"
            raise FetchError(f"{source.replace(_UPLOAD, 'upload ')} is not {what}", "invalid_file_type")

    async def _is_picture(self, blob: str) -> bool:
        return await asyncio.to_thread(_is_picture, self._service.store.read(blob))

    async def _is_archive(self, blob: str) -> bool:
        with tempfile.TemporaryFile() as file:  # an archive may have gigabytes
            for chunk in self._service.store.chunks(blob):
                file.write(chunk)
                await asyncio.sleep(0)  # others want to be served
            return await asyncio.to_thread(_is_archive, file)


def _is_picture(content: bytes) -> bool:
    try:
        with open_picture(content) as picture:
            picture.draft("RGB", (1024, 1024))
            picture.load()
    except Exception:
        # A damaged file makes Pillow raise almost anything.
        return False
    return True


def _is_archive(file: IO[bytes]) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return bool(archive.namelist()) and archive.testzip() is None
    except Exception:
        return False
