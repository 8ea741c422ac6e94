"""Talks to the emulator over plain HTTP, so that these tests do not depend on the provider's drivers."""

import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from PIL import Image

from airflow_provider_phota.emulator import Emulator

PATIENCE = 20.0


@dataclass(frozen=True)
class Client:
    url: str
    key: str = Emulator.key
    verify: str | bool = True

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}"} | kwargs.pop("headers", {})
        return requests.request(
            method, self.url + path, headers=headers, timeout=PATIENCE, verify=self.verify, **kwargs
        )

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        return self.call("POST", path, **kwargs)

    def submit(self, **body: Any) -> requests.Response:
        return self.post("/v1/images/generations", json=body)

    def create(self, **body: Any) -> str:
        answer = self.submit(**({"model": "phota-image", "prompt": "a red house"} | body))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def task(self, task_id: str) -> dict[str, Any]:
        answer = self.get(f"/v1/tasks/{task_id}")
        assert answer.status_code == 200, answer.text
        view = answer.json()
        assert isinstance(view, dict)
        return view

    def ended(self, task_id: str) -> dict[str, Any]:
        """Returns the task once it has ended. The service's clock is advanced, so that this takes no time."""
        self.post("/_emulator/clock", json={"advance": 1})
        until = time.monotonic() + PATIENCE
        while (view := self.task(task_id))["status"] not in ("completed", "failed"):
            assert time.monotonic() < until, view
            time.sleep(0.01)
        return view

    def upload(self, content: bytes, name: str = "in.png", **fields: str) -> dict[str, Any]:
        answer = self.post("/v1/files/upload/stream", files={"file": (name, content)}, data=fields)
        assert answer.status_code == 200, answer.text
        view = answer.json()
        assert isinstance(view, dict)
        return view


def wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def picture(size: tuple[int, int] = (60, 40), colour: str = "teal", kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    shown = Image.open(io.BytesIO(content))
    shown.load()
    return shown


def archive(*files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for number, content in enumerate(files):
            packed.writestr(f"{number}.png", content)
    return out.getvalue()
