"""Adds to the laboratory the services and the stores that batches use."""

from __future__ import annotations

import io
from threading import Lock

from PIL import Image

from tests.chaos.batches.cases import BatchTrial
from tests.chaos.laboratory import Laboratory, PhotaService
from tests.chaos.places import BucketPlace, DiskPlace, Place

#: Seconds that an edit takes. It is long enough for a batch to leave its worker slot meanwhile.
LATENCY = ("--latency", "20..30", "--pictures", "small")
#: The connection's extra: with the seconds for one submit, also on a busy machine. A retry waits that long,
#: and 5 s more, for a sender that may be alive.
SUBMIT = {"total_timeout": 20.0}
#: Credits of the poor account at first: enough for this share of the items.
POOR_SHARE = 0.4
#: Credits of one edit.
PRICE = 5
SERVICES = ("usual", "poor", "refusing", "dropping")


class BatchLaboratory(Laboratory):
    """Runs a service for the batches, and one more for each case that breaks its own."""

    def __init__(self, database: str, items: int) -> None:
        super().__init__(database)
        self.items = items
        #: Batches begin side by side, and a service that was started twice would outlive them.
        self._opening = Lock()
        self.services = {name: self._new_service(name) for name in SERVICES}

    def _new_service(self, name: str) -> PhotaService:
        folder = self.folder / f"service-{name}"
        folder.mkdir()
        balance = ("--credits", str(int(self.items * POOR_SHARE) * PRICE)) if name == "poor" else ()
        return PhotaService(folder, options=(*LATENCY, *balance))

    def open_service(self, name: str) -> PhotaService:
        """Returns the service of that name, which runs from then on until the end."""
        service = self.services[name]
        with self._opening:
            if not service.is_started:
                self._open.callback(service.stop)
                service.start()
        return service

    def place(self, trial: BatchTrial) -> Place:
        """Makes the place of a trial's pictures, and fills its inbox."""
        name = f"batch-{trial.number}"
        if trial.store == "s3":
            self.s3.make_bucket(name)
            place: Place = BucketPlace(self.s3, name)
        else:
            place = DiskPlace(self.folder / name)
        for number in range(trial.items):
            place.put(f"inbox/{number:04d}.png", _picture(number))
        return place


def _picture(number: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (16, 16), (number % 256, number // 256, 100)).save(content, "PNG")
    return content.getvalue()
