"""Decides which process may submit: the one that holds the lease with the highest number.

A process writes its intent, then looks whether there is a later lease, and only then sends. A later process
creates its lease, and then reads the intents. So either the later one sees the intent, or the earlier one
sees the lease. For this the store must show an object as soon as it is created, and nothing may be cached.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from typing import Any
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaLedgerError, PhotaLedgerUnusable
from airflow_provider_phota.journal.names import LEASES, lease_in, lease_name
from airflow_provider_phota.storage import objects, records
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place

#: Other processes that may take a lease between a look and a try.
_RIVALS = 20


@dataclass(frozen=True, slots=True)
class Try:
    """Is one of Airflow's tries of a task instance.

    Attributes:
        number: Airflow's.
        max_tries: Airflow's. It is the same for all tries until a person clears the task, which raises it.
    """

    number: int
    max_tries: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Is the right to submit, as long as no later lease exists. It is never deleted.

    Attributes:
        folder: the journal's.
        number: one more than that of the lease before.
        token: different for each lease.
        holder: Airflow's try that holds it.
        first_of_try: the number of the first lease of the same try. After a deferral a try has another one.
        plan: the digest of what is to be done.
        at: epoch seconds of the holder's clock.
    """

    folder: Place
    number: int
    token: str
    holder: Try
    first_of_try: int
    plan: str
    at: float

    @classmethod
    def take(cls, folder: Place, holder: Try, plan: str) -> Lease:
        """Takes the next lease. From then on, every earlier holder is overtaken.

        Raises:
            PhotaLedgerError: others take leases all the time, or the last lease cannot be read.
        """
        make_folders(folder)
        for _ in range(_RIVALS):
            last = latest_lease(folder)
            number = last.number + 1 if last else 1
            first_of_try = last.first_of_try if last and last.holder.number == holder.number else number
            lease = cls(folder, number, uuid4().hex, holder, first_of_try, plan, time.time())
            if records.create(_place_of(folder, number), lease._to_dict()):
                return lease
        raise PhotaLedgerError(
            f"Other processes take over the journal of this batch all the time; nothing was sent.\n"
            f"Many processes run this task instance at the same time: see {folder.command}/{LEASES}."
        )

    def is_overtaken(self) -> bool:
        """Returns True if another process holds the journal now. The store is asked each time."""
        return _place_of(self.folder, self.number + 1).exists()

    def _to_dict(self) -> dict[str, Any]:
        return {
            "lease": self.number,
            "token": self.token,
            "try_number": self.holder.number,
            "max_tries": self.holder.max_tries,
            "first_of_try": self.first_of_try,
            "plan": self.plan,
            "at": self.at,
        }

    @classmethod
    def numbered(cls, folder: Place, number: int) -> Lease:
        """Reads the lease of that number.

        Raises:
            FileNotFoundError: there is none.
            PhotaLedgerError: it is damaged.
        """

        def parse(fields: Mapping[str, Any]) -> Lease:
            if fields["lease"] != number:
                raise ValueError("it has the number of another lease")
            return cls(
                folder,
                number,
                str(fields["token"]),
                Try(int(fields["try_number"]), int(fields["max_tries"])),
                int(fields["first_of_try"]),
                str(fields["plan"]),
                float(fields["at"]),
            )

        try:
            return records.read(_place_of(folder, number), parse)
        except records.DamagedRecord as damage:
            raise _damaged(str(damage)) from None


@dataclass(frozen=True)
class BatchOwner:
    """Names the task instance that a journal belongs to."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    key: str | None = None

    def __str__(self) -> str:
        item = f"key {self.key!r}" if self.key is not None else f"map index {self.map_index}"
        return f"{self.dag_id}.{self.task_id}, run {self.run_id}, {item}"


VERSION = 1
_OWNER = "batch.json"


def first_lease(folder: Place) -> Lease:
    """Returns the lease that the first attempt of a batch has taken.

    Raises:
        FileNotFoundError: There is none.
    """
    return Lease.numbered(folder, 1)


def first_lease_since_clear(lease: Lease) -> int:
    """Returns the number of the first lease since the task was last cleared, or since it first ran.

    Airflow's `max_tries` at each lease tells that; the author may have changed `retries` since.

    Args:
        lease: the latest one.

    Raises:
        FileNotFoundError: A lease is gone.
        PhotaLedgerError: A lease is damaged.
    """
    first = lease.first_of_try
    while first > 1:
        before = Lease.numbered(lease.folder, first - 1)
        if before.holder.max_tries != lease.holder.max_tries:
            break
        first = before.first_of_try
    return first


def latest_lease(folder: Place) -> Lease | None:
    """Returns the lease with the highest number, or None if there is none."""
    numbers = [lease_in(name) for name in objects.names(folder / LEASES)]
    number = max((each for each in numbers if each is not None), default=None)
    return None if number is None else Lease.numbered(folder, number)


def claim(folder: Place, owner: BatchOwner, *, may_begin: bool = True) -> None:
    """Makes sure that a journal is this batch's, and begins it if there is none.

    Args:
        folder: the journal's. It is made if it is missing, but a bucket is not.
        owner: of the batch.
        may_begin: False if the journal must be there already.

    Raises:
        PhotaLedgerError: it is another batch's, of another version, damaged, or missing.
    """
    place = folder / _OWNER
    if not place.exists():
        _begin(folder, owner, may_begin=may_begin)
    try:
        records.read(place, lambda fields: _check_owner(folder, owner, fields))
    except records.DamagedRecord as damage:
        raise _damaged(str(damage)) from None
    except FileNotFoundError:
        raise PhotaLedgerError(
            f"The journal of this batch was deleted while it began; nothing was sent.\n{place.command}"
        ) from None


def is_journal(folder: Place) -> bool:
    """Returns True if a folder holds a journal."""
    return (folder / _OWNER).exists()


def owner_of(folder: Place) -> BatchOwner:
    """Returns the task instance that a journal belongs to.

    Raises:
        FileNotFoundError: There is no journal.
        PhotaLedgerError: It is damaged.
    """
    try:
        return records.read(folder / _OWNER, _owner_in)
    except records.DamagedRecord as damage:
        raise _damaged(str(damage)) from None


def make_folders(folder: Place, *names: str) -> None:
    """Makes the folder and some in it, where the store has folders."""
    for place in (folder, *(folder / name for name in names or (LEASES,))):
        if place.protocol not in OBJECT_STORES:
            place.fs.makedirs(place.path, exist_ok=True)


def _begin(folder: Place, owner: BatchOwner, *, may_begin: bool) -> None:
    begun = not may_begin or objects.names(folder / LEASES)
    # looked for once more, since another process may have begun the journal in between
    if begun and not (folder / _OWNER).exists():
        raise PhotaLedgerUnusable(
            "The journal of this batch is missing or incomplete; nothing was sent.\n"
            f"There is no {(folder / _OWNER).command}, so it is not known what earlier attempts paid for.\n"
            "Is the disk mounted, and is the path right? Does a rule of the bucket delete old objects?\n"
            "Restore the folder from a copy, and clear this Airflow task.\n"
            "To pay for all items again instead, trigger a new DAG run."
        )
    make_folders(folder)
    # if another process is faster, its object is compared with this batch like any other
    records.create(folder / _OWNER, {"version": VERSION, "token": uuid4().hex, **asdict(owner)})


def _owner_in(fields: Mapping[str, Any]) -> BatchOwner:
    return BatchOwner(**{each.name: fields[each.name] for each in dataclass_fields(BatchOwner)})


def _check_owner(folder: Place, owner: BatchOwner, fields: Mapping[str, Any]) -> None:
    if fields["version"] != VERSION:
        raise PhotaLedgerUnusable(
            f"The journal of this batch has version {fields['version']!r}; nothing was sent.\n"
            f"This provider reads version {VERSION}: install the provider that wrote {folder.command}."
        )
    found = _owner_in(fields)
    if found != owner:
        raise PhotaLedgerUnusable(
            f"The journal at this place belongs to another batch; nothing was sent.\n"
            f"{folder.command} belongs to {found}, and this is {owner}.\n"
            "Give this batch another destination or ledger_path."
        )


def _place_of(folder: Place, number: int) -> Place:
    return folder / LEASES / lease_name(number)


def _damaged(damage: str) -> PhotaLedgerUnusable:
    return PhotaLedgerUnusable(
        f"The journal of this batch cannot be read; nothing was sent.\n{damage}.\nRestore it from a copy."
    )
