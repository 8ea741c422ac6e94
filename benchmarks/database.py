"""Asks Airflow's database how much is in it, and how a run goes, without a component of Airflow."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import create_engine, text

_TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
_RUN = (
    "SELECT state, EXTRACT(EPOCH FROM start_date), EXTRACT(EPOCH FROM end_date) FROM dag_run "
    "WHERE dag_id = :dag_id AND run_id = :run_id"
)
_TASKS = "SELECT state, count(*) FROM task_instance WHERE dag_id = :dag_id AND run_id = :run_id GROUP BY 1"


@dataclass(frozen=True)
class Contents:
    """Says how much is in a database.

    Attributes:
        rows: of all tables.
        bytes: of the whole database, with its indexes.
    """

    rows: int
    bytes: int


@dataclass(frozen=True)
class Run:
    """Says how a DAG run goes.

    Attributes:
        seconds: from its start to its end; 0.0 if it has not ended.
    """

    state: str
    seconds: float

    @property
    def is_over(self) -> bool:
        return self.state in ("success", "failed")


class Database:
    """Reads Airflow's PostgreSQL database.

    Args:
        url: for SQLAlchemy.
    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def contents(self) -> Contents:
        with self._engine.connect() as connection:
            tables = connection.execute(text(_TABLES)).scalars().all()
            rows = [
                connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608  # quoted
                for table in tables
            ]
            size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        return Contents(sum(rows), int(size))

    def run(self, dag_id: str, run_id: str) -> Run:
        with self._engine.connect() as connection:
            row = connection.execute(text(_RUN), {"dag_id": dag_id, "run_id": run_id}).one()
        return Run(str(row[0]), float(row[2] - row[1]) if row[1] and row[2] else 0.0)

    def task_states(self, dag_id: str, run_id: str) -> dict[str, int]:
        """Returns how many task instances are in each state."""
        with self._engine.connect() as connection:
            rows = connection.execute(text(_TASKS), {"dag_id": dag_id, "run_id": run_id})
            return {str(state): int(count) for state, count in rows}
