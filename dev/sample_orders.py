"""Places orders at an emulator, so that there is something to see: of each model, and in each status."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import requests

from airflow_provider_phota.emulator import Emulator, Fault

PICTURE = Path(__file__).resolve().parents[1] / "example_dags" / "pictures" / "mountain-lake.jpg"
_PATIENCE = 60.0
_EDITS = (
    "make it an autumn evening",
    "turn the water into a mirror, without a breath of wind, and let the last light fall on the peaks",
    "remove the cabin",
    "a hazy morning in June",
)


class SampleOrders:
    """Sends orders as a client does.

    Args:
        emulator: Where they are sent. It must be running.
        pictures: What is edited, one after the other. If there is none, it is the photograph of the demo.
    """

    def __init__(self, emulator: Emulator, pictures: Sequence[bytes] = ()) -> None:
        self._emulator = emulator
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy would look for the emulator on its own machine
        self._session.headers["Authorization"] = f"Bearer {emulator.key}"
        self._urls = [self.upload("lake.jpg", each) for each in pictures or [PICTURE.read_bytes()]]

    def close(self) -> None:
        self._session.close()

    def upload(self, name: str, content: bytes) -> str:
        """Uploads a file, and returns its URL."""
        return str(self._post("/v1/files/upload/stream", files={"file": (name, content)})["url"])

    def order(self, **body: Any) -> str:
        """Places an order, and returns the ID of its task."""
        return str(self._post("/v1/images/generations", json=body)["id"])

    def edit(self, prompt: str, number: int = 0, **more: Any) -> str:
        """Orders an edit of one of the pictures."""
        url = self._urls[number % len(self._urls)]
        return self.order(model="phota-image-edit", prompt=prompt, image_urls=[url], **more)

    def place_all(self) -> None:
        """Places a dozen orders. Most are over, one is refused, one is half done, and one has just begun."""
        self._place_what_ends()
        running = [self._edit_that_takes(1_000, "crop it to the peaks, and make the sky a little darker", 2)]
        self.edit(_EDITS[0])
        running.append(self._edit_that_takes(100, "lift the shadows a little", 1))
        self._emulator.advance(30)
        self.edit("winter, with fresh snow on the shore", 1, num_outputs=2)
        self._emulator.advance(25)
        self._let_end(set(running))
        self._add_faults()

    def _place_what_ends(self) -> None:
        refused = Fault("submit", "fail_task", code="content_policy", message="refused by moderation")
        places: Sequence[Callable[[], object]] = (
            lambda: self.order(
                model="phota-create-profile", image_archive_url=self.upload("1.zip", _archive())
            ),
            lambda: self._emulator.add_faults(refused),
            lambda: self.edit("something that moderation refuses", 2),
            lambda: self.order(model="phota-image-enhance", image_url=self._urls[-1], creativity=0.4),
            lambda: self.order(model="phota-image", prompt="a lighthouse at dawn", num_outputs=4),
            *[partial(self.edit, prompt, number) for number, prompt in enumerate(_EDITS[1:], 1)],
        )
        for place in places:
            place()
            self._emulator.advance(40)

    def _edit_that_takes(self, seconds: float, prompt: str, number: int) -> str:
        self._emulator.add_faults(Fault("submit", "latency", seconds=seconds))
        return self.edit(prompt, number)

    def _let_end(self, running: set[str]) -> None:
        """Waits for all tasks but those that go on."""
        until = time.monotonic() + _PATIENCE
        while any(
            e.status in ("pending", "processing") for e in self._emulator.ledger() if e.id not in running
        ):
            if time.monotonic() > until:
                raise TimeoutError("the emulator has not finished the samples")
            time.sleep(0.02)

    def _add_faults(self) -> None:
        self._emulator.add_faults(
            Fault("task", "status", status=503, times=3),
            Fault("submit", "reset_after", match={"prompt": "autumn"}, skip=2),
        )

    def _post(self, path: str, **content: Any) -> dict[str, Any]:
        answer = self._session.post(self._emulator.url + path, timeout=_PATIENCE, **content)
        answer.raise_for_status()
        body = answer.json()
        assert isinstance(body, dict)  # noqa: S101 - for mypy: the emulator answers with an object
        return body


def _archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.write(PICTURE, "1.jpg")
    return out.getvalue()
