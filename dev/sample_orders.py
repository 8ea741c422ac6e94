"""Places orders at an emulator, so that there is something to see: of each model, and in each status."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Sequence
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
#: Seconds that the samples take which are not over yet: one has just begun, and one is half done.
_PENDING, _PROCESSING = 600.0, 60.0


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
        """Places a dozen orders. Some are over, one is refused, one is half done, and one has just begun."""
        for number, prompt in enumerate(_EDITS):
            self.edit(prompt, number)
        self.order(model="phota-image", prompt="a lighthouse at dawn", num_outputs=4, aspect_ratio="4:3")
        self.order(model="phota-image-enhance", image_url=self._urls[-1], creativity=0.4, resolution="1K")
        self.order(model="phota-create-profile", image_archive_url=self.upload("faces.zip", _archive()))
        self.edit("winter, with fresh snow on the shore", 1, num_outputs=2)
        self._emulator.add_faults(
            Fault("submit", "fail_task", code="content_policy", message="refused by moderation")
        )
        self.edit("something that moderation refuses", 2)
        self._let_them_end()
        self._add_those_that_run()
        self._add_faults()

    def _let_them_end(self) -> None:
        self._emulator.advance(_PROCESSING)
        until = time.monotonic() + _PATIENCE
        while any(entry.status in ("pending", "processing") for entry in self._emulator.ledger()):
            if time.monotonic() > until:
                raise TimeoutError("the emulator has not finished the samples")
            time.sleep(0.02)

    def _add_those_that_run(self) -> None:
        self._emulator.add_faults(Fault("submit", "latency", seconds=2 * _PROCESSING))
        self.edit("lift the shadows a little", 1)
        self._emulator.advance(1.1 * _PROCESSING)
        self._emulator.add_faults(Fault("submit", "latency", seconds=_PENDING))
        self.edit("crop it to the peaks, and make the sky a little darker", 2)

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
