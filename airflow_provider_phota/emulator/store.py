"""Keeps everything that must survive a kill in a SQLite database, which commits every change at once."""

import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airflow_provider_phota.emulator.records import TaskRecord, UploadRecord

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, filename TEXT NOT NULL, size INTEGER NOT NULL, created REAL NOT NULL,
    blob TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blobs (id TEXT PRIMARY KEY, digest TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS chunks (blob TEXT, number INTEGER, data BLOB NOT NULL, PRIMARY KEY (blob, number));
DELETE FROM chunks WHERE blob NOT IN (SELECT id FROM blobs);
"""


class Store:
    """Reads and writes the database. Use it from one thread.

    Bytes are kept in chunks, so that an upload of any size can be streamed. Equal bytes are kept once.
    """

    def __init__(self, path: Path | None) -> None:
        # "" is a private database in a temporary file, so uploads need not fit in memory.
        self._db = sqlite3.connect("" if path is None else path, isolation_level=None, timeout=1)
        try:
            # Two emulators on one file would not see each other's tasks, so the second one gets "locked".
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            # WAL without an fsync per commit loses nothing if the process is killed, only if the power fails.
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def clear(self) -> None:
        """Forgets everything but the signing secret."""
        self._db.execute("BEGIN")
        for table in ("tasks", "uploads", "blobs", "chunks"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above
        self._db.execute("DELETE FROM meta WHERE name != 'secret'")
        self._db.execute("COMMIT")

    def meta(self, name: str, default: str) -> str:
        row = self._row("SELECT value FROM meta WHERE name = ?", name)
        return str(row[0]) if row else default

    def set_meta(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def tasks(self) -> Iterator[TaskRecord]:
        """Yields every task, oldest first."""
        for (text,) in self._db.execute("SELECT record FROM tasks ORDER BY number"):
            yield TaskRecord.from_json(text)

    def put_task(self, task: TaskRecord) -> None:
        self._db.execute(
            "INSERT INTO tasks (id, record) VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            (task.id, task.to_json()),
        )

    def upload(self, upload_id: str) -> UploadRecord | None:
        row = self._row("SELECT id, filename, size, created, blob FROM uploads WHERE id = ?", upload_id)
        return UploadRecord(*row) if row else None

    def put_upload(self, upload: UploadRecord) -> None:
        row = (upload.id, upload.filename, upload.size, upload.created, upload.blob)
        self._db.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?)", row)

    def new_blob(self) -> str:
        return uuid.uuid4().hex

    def append(self, blob: str, number: int, data: bytes) -> None:
        self._db.execute("INSERT INTO chunks VALUES (?, ?, ?)", (blob, number, data))

    def count(self, blob: str) -> int:
        """Returns how many chunks of a blob there are."""
        return int(self._row("SELECT count(*) FROM chunks WHERE blob = ?", blob)[0])

    def seal(self, blob: str, digest: str) -> str:
        """Finishes ``blob`` and returns its name, or the name of an older blob with the same bytes."""
        older = self._row("SELECT id FROM blobs WHERE digest = ?", digest)
        if older:
            self.discard(blob)
            return str(older[0])
        self._db.execute("INSERT INTO blobs VALUES (?, ?)", (blob, digest))
        return blob

    def discard(self, blob: str) -> None:
        """Drops the chunks of a blob that was not sealed."""
        self._db.execute("DELETE FROM chunks WHERE blob = ?", (blob,))

    def chunks(self, blob: str) -> Iterator[bytes]:
        number = 0
        while row := self._row("SELECT data FROM chunks WHERE blob = ? AND number = ?", blob, number):
            yield row[0]
            number += 1

    def read(self, blob: str) -> bytes:
        return b"".join(self.chunks(blob))

    def _row(self, sql: str, *values: object) -> Any:
        return self._db.execute(sql, values).fetchone()
