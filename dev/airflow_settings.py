"""Says where one Airflow of the development stack lives, and who may use it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev.processes import free_ports


@dataclass(frozen=True)
class Settings:
    """Says where one Airflow lives; `dev.airflow_environment` makes of it what its components are told."""

    home: Path
    dags_folder: Path
    executor: str
    parallelism: int
    database: str | None
    extra: Mapping[str, str]
    user: str = "admin"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)
    ports: tuple[int, ...] = field(default_factory=lambda: tuple(free_ports(3)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def sqlite_file(self) -> Path:
        return self.home / "airflow.db"
