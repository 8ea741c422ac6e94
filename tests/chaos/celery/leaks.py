"""Looks for the API key in all that Airflow has written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg2
from psycopg2 import sql
from sqlalchemy.engine import make_url

from tests.chaos.celery.laboratory import CeleryLaboratory
from tests.chaos.laboratory import KEY

_TABLES = (
    "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
)


def leaks(lab: CeleryLaboratory) -> Iterator[str]:
    """Yields where the key is, in words: in logs, in the database, or with the broker."""
    for folder in (lab.airflow.home, lab.broker.folder):
        for path in _files(folder):
            if KEY.encode() in path.read_bytes():
                yield f"the key is in {path}"
    yield from _tables_with_key(lab.cluster.url)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _tables_with_key(database: str) -> Iterator[str]:
    url = make_url(database)
    connection = psycopg2.connect(host=url.host, port=url.port, user=url.username, dbname=url.database)
    with connection, connection.cursor() as cursor:
        cursor.execute(_TABLES)
        for schema, table in cursor.fetchall():
            # a column of bytes is shown as hexadecimal
            found = sql.SQL("SELECT count(*) FROM {} AS row WHERE row::text LIKE %s OR row::text LIKE %s")
            cursor.execute(
                found.format(sql.Identifier(schema, table)), (f"%{KEY}%", f"%{KEY.encode().hex()}%")
            )
            (count,) = cursor.fetchone()
            if count:
                yield f"the key is in {count} rows of the table {table}"
    connection.close()
