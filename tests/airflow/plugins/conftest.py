"""Airflow's own API application with the gallery in it, over a database in which DAGs have really run."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_phota.emulator import Emulator, Fault

sys.path.insert(0, str(Path(__file__).parent))
if version("apache-airflow") < "3.1":
    collect_ignore_glob = ["test_gallery*"]  # there is no gallery before 3.1

#: What a page must not do, though it may say it.
HOSTILE = "a \u202ehostile\u202c prompt <img src=x onerror=alert(1)> {{ 7 * 7 }} " + "long " * 1_000
FAILS, HELD = "this one fails", "this one is held"


@dataclass
class Seen:
    """What was answered to a reader."""

    status: int
    text: str
    content: bytes
    headers: Any


Look = Callable[..., Seen]


@dataclass(frozen=True)
class Landed:
    """A run whose pictures have landed.

    Attributes:
        url: of its task instance's page, without the word for the page.
        folder: of its card.
    """

    run_id: str
    url: str
    folder: Path
    destination: Path

    @property
    def card(self) -> Path:
        return self.folder / "card.json"

    def change_card(self, **fields: Any) -> None:
        self.card.write_text(json.dumps(json.loads(self.card.read_text()) | fields))


def address(dag_id: str, run_id: str, task_id: str = "edit", map_index: int = -1) -> str:
    return f"{dag_id}/{quote(run_id, safe='')}/{task_id}/{map_index}"


@contextmanager
def asking(dag_id: str, run_id: str, state: str, **given: Any) -> Iterator[None]:
    """The task instance `edit` of a run is a review for a while.

    Args:
        dag_id: of the run.
        run_id: that has ended.
        state: of the task instance meanwhile.
        given: `operator` and `try_number` of it; all others are what it has pushed.
    """
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import update

    names = {"dag_id": dag_id, "run_id": run_id, "task_id": "edit"}
    columns = {name: given.pop(name) for name in ("operator", "try_number") if name in given}

    def stand(session: Any, **values: Any) -> None:
        session.execute(update(TaskInstance).filter_by(**names).values(**values))

    with create_session() as session:
        before = session.query(TaskInstance).filter_by(**names).one()
        undone = {name: getattr(before, name) for name in ("state", "operator", "try_number")}
        rows = session.query(XComModel).filter_by(**names).filter(XComModel.key.in_(given))
        kept = {row.key: XComModel.deserialize_value(row) for row in rows}
        for key, value in given.items():
            XComModel.set(key=key, value=value, **names, session=session)
        stand(session, state=state, **columns)
    try:
        yield
    finally:
        with create_session() as session:
            stand(session, **undone)
            session.query(XComModel).filter_by(**names).filter(XComModel.key.in_(given)).delete()
            for key, value in kept.items():
                XComModel.set(key=key, value=value, **names, session=session)


@pytest.fixture(scope="session")
def service(metadata_database: None, emulator_process: Emulator) -> Iterator[Emulator]:
    """A PHOTA service with a few faults, and `phota_default` pointing at it."""
    emulator_process.reset()
    emulator_process.add_faults(
        Fault(on="submit", kind="fail_task", match={"prompt": FAILS}, times=None, message="It is too <dark>.")
    )
    emulator_process.add_faults(Fault(on="submit", kind="reset_after", match={"prompt": HELD}, times=None))
    connection = {"conn_type": "phota", "password": emulator_process.key, "host": emulator_process.url}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))
        yield emulator_process


@pytest.fixture(scope="session")
def order(service: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Runs an edit: `order(prompt)` returns its run and the folder that it lands in."""
    from airflow_runs import PICTURE, run

    def ordered(prompt: str, dag_id: str = "gallery_edit", **conf: Any) -> tuple[Any, Path]:
        folder = tmp_path_factory.mktemp("landed")
        given = {"picture": f"file://{PICTURE}", "destination": f"file://{folder}", "num_outputs": 1}
        return run(dag_id, **given | {"prompt": prompt} | conf), folder

    return ordered


@pytest.fixture(scope="session")
def once_landed(order: Callable[..., Any]) -> Landed:
    edited, folder = order(HOSTILE, num_outputs=2)
    assert edited.state == "success"
    return Landed(
        edited.run_id,
        address("gallery_edit", edited.run_id),
        Path(edited.xcom("edit", "phota_card").removeprefix("file://")).parent,
        folder,
    )


@pytest.fixture
def landed(once_landed: Landed, tmp_path: Path) -> Iterator[Landed]:
    """The landed run. What a test does to its card is undone."""
    kept = tmp_path / "kept"
    shutil.copytree(once_landed.folder, kept)
    yield once_landed
    shutil.rmtree(once_landed.folder)
    shutil.copytree(kept, once_landed.folder)


@pytest.fixture(scope="session")
def look(service: Emulator) -> Iterator[Look]:
    """Reads a page: `look("/phota/", user=READER)`; nobody is logged in if `user` is None."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__AUTH_MANAGER", "gallery_auth.ByName")
        patch.setenv(
            "AIRFLOW__API_AUTH__JWT_SECRET",
            "a secret of more than sixty-four characters, as Airflow asks for it",
        )
        from airflow.api_fastapi.app import create_app
        from fastapi.testclient import TestClient
        from gallery_auth import READER

        app = create_app("core")
        manager = app.state.auth_manager
        client = TestClient(app, raise_server_exceptions=True)

        def looked(path: str, user: Any = READER) -> Seen:
            headers = {"Authorization": f"Bearer {manager.generate_jwt(user)}"} if user else {}
            answer = client.get(path, headers=headers, follow_redirects=False)
            return Seen(answer.status_code, answer.text, answer.content, answer.headers)

        yield looked
