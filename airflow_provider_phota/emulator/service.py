"""Does the work of the service without HTTP: keys, billing, tasks, uploads and links."""

import hashlib
import hmac
import random
import secrets
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from airflow_provider_phota.api.orders.base import PROFILE_MODEL
from airflow_provider_phota.emulator.errors import insufficient_quota, not_found, unauthorized
from airflow_provider_phota.emulator.faults import Fault
from airflow_provider_phota.emulator.orders import read_order
from airflow_provider_phota.emulator.records import Failure, LedgerEntry, TaskRecord, UploadRecord
from airflow_provider_phota.emulator.refunds import Refunds
from airflow_provider_phota.emulator.script import FaultScript
from airflow_provider_phota.emulator.settings import UPLOAD_TTL, Settings
from airflow_provider_phota.emulator.store import Store

_ID_LETTERS = string.ascii_lowercase + string.digits
KEY_PREFIX = "emu-"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:16]


class Service:
    """Keeps accounts, tasks, uploads and links. Every change is in the store when a method returns."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store
        self._seed = secrets.randbits(64) if settings.seed is None else settings.seed
        self._load()

    def _load(self) -> None:
        self._tasks = {task.id: task for task in self.store.tasks()}
        self._spent: dict[str, int] = {}
        for task in self._tasks.values():
            self._spent[task.account] = self._spent.get(task.account, 0) + task.order.credits
        self._advanced = float(self.store.meta("advanced", "0"))
        self._refunds = Refunds(self._tasks.values())
        self._revoked = set(self.store.meta("revoked", "").split())
        self._secret = self.store.meta("secret", "") or secrets.token_hex(32)
        self.store.set_meta("secret", self._secret)
        self.faults = FaultScript(
            self.store.meta("faults", "[]"), lambda text: self.store.set_meta("faults", text)
        )

    def reset(self) -> None:
        """Forgets tasks, uploads, balances, revoked keys and faults, and sets the clock right."""
        self.store.clear()
        self._load()

    def now(self) -> float:
        """Returns the service's time: epoch seconds, plus the seconds by which the clock was advanced."""
        return time.time() + self._advanced

    @property
    def advanced(self) -> float:
        """The seconds by which the clock was advanced."""
        return self._advanced

    def advance(self, seconds: float) -> None:
        self._advanced += seconds
        self._refunds = Refunds(self._tasks.values())  # the clock may have been moved back
        self.store.set_meta("advanced", repr(self._advanced))

    def account(self, authorization: str | None) -> str:
        """Returns the account that an Authorization header names: a digest of the key.

        Raises:
            ApiError: 401, the key is missing, revoked, or not the emulator's. The text never repeats it.
        """
        scheme, _, key = (authorization or "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise unauthorized("missing API key: send the header 'Authorization: Bearer <key>'")
        if not key.startswith(KEY_PREFIX):
            raise unauthorized(
                "this is the PHOTA emulator, and it takes only keys that begin with 'emu-'. "
                "Never send a real key here; if that was one, check the connection's host"
            )
        if (account := _digest(key)) in self._revoked:
            raise unauthorized("this API key was revoked")
        return account

    def revoke(self, key: str) -> None:
        """Refuses a key from now on, as if its owner had rotated it."""
        self._revoked.add(_digest(key))
        self.store.set_meta("revoked", " ".join(sorted(self._revoked)))

    def available(self, account: str) -> int:
        """Returns the credits that an account has left. Failed tasks are refunded."""
        return self.settings.credits - self.used(account)

    def used(self, account: str) -> int:
        return self._spent.get(account, 0) - self._refunds.to(account, self.now())

    def create_task(
        self,
        account: str,
        body: Mapping[str, Any],
        locate: Callable[[str], str],
        fault: Fault | None = None,
    ) -> TaskRecord:
        """Checks a submit, reserves its credits and creates its task.

        Args:
            account: Who pays.
            body: The submit's body.
            locate: Turns an input URL into its source, or refuses it.
            fault: A fault that changes the task: ``latency`` or ``fail_task``.

        Raises:
            ApiError: 422, the body is wrong, or 402, the balance is too low. Nothing has been created.
        """
        order = read_order(body)
        sources = tuple(locate(url) for url in order.urls)
        if order.credits > self.available(account):
            raise insufficient_quota(order.credits, max(0, self.available(account)))
        now = self.now()
        duration, estimated_time = self._duration(fault)
        task = TaskRecord(
            id=f"task-unified-{int(now)}-{_random_letters(8)}",
            account=account,
            request=dict(body),
            order=order,
            created=now,
            duration=duration,
            estimated_time=estimated_time,
            sources=sources,
            inputs=None if sources else (),
            failure=failure_from(fault, now + duration) if fault and fault.kind == "fail_task" else None,
            number=len(self._tasks),
        )
        self._spent[account] = self._spent.get(account, 0) + order.credits
        self._put(task)
        return task

    def _duration(self, fault: Fault | None) -> tuple[float, int]:
        # Each task has its own generator, so that after a restart the n-th task still gets the n-th duration.
        rng = random.Random(f"{self._seed}:{len(self._tasks)}")  # noqa: S311 - durations are no secret
        duration = rng.uniform(*self.settings.latency)
        if fault and fault.kind == "latency" and fault.seconds is not None:
            duration = fault.seconds
        return duration, max(1, round(duration * rng.uniform(0.8, 1.3)))

    def _put(self, task: TaskRecord) -> None:
        self.store.put_task(task)
        self._tasks[task.id] = task
        self._refunds.add(task)

    @property
    def number_of_tasks(self) -> int:
        return len(self._tasks)

    def tasks(self) -> list[TaskRecord]:
        """Returns every task since the last reset, oldest first."""
        return list(self._tasks.values())

    def find_task(self, task_id: str) -> TaskRecord | None:
        return self._tasks.get(task_id)

    def task(self, task_id: str) -> TaskRecord:
        """Returns a task. Every key sees every task, as the keys of one account do, so keys can be rotated.

        Raises:
            ApiError: 404, the task does not exist.
        """
        task = self._tasks.get(task_id)
        if task is None:
            raise not_found(f"task {task_id!r} not found")
        return task

    def tasks_without_inputs(self) -> list[TaskRecord]:
        """Returns the tasks whose inputs are not fetched yet, which a restart has to do."""
        return [task for task in self._tasks.values() if task.inputs is None and not task.failure]

    def set_inputs(self, task_id: str, blobs: tuple[str, ...]) -> None:
        if task := self._tasks.get(task_id):  # gone after a reset
            self._put(replace(task, inputs=blobs))

    def fail_task(self, task_id: str, failure: Failure) -> None:
        """Lets a task end as failed. A task that has failed stays as it is."""
        task = self._tasks.get(task_id)
        if task and task.status(self.now()) != "failed":
            self._put(replace(task, failure=failure))

    def ledger(self) -> list[LedgerEntry]:
        """Returns every task that was created and billed, oldest first."""
        now = self.now()
        return [
            LedgerEntry(t.id, t.order.model, int(t.created), t.status(now), t.credits(now), t.request)
            for t in self._tasks.values()
        ]

    def add_upload(self, filename: str, size: int, blob: str) -> UploadRecord:
        upload = UploadRecord(f"file-{secrets.token_hex(12)}", filename, size, self.now(), blob)
        self.store.put_upload(upload)
        return upload

    def upload(self, upload_id: str) -> UploadRecord:
        """Returns an upload that has not expired.

        Raises:
            ApiError: 404, the upload does not exist or has expired.
        """
        upload = self.store.upload(upload_id)
        if upload is None or self.now() >= upload.created + UPLOAD_TTL:
            raise not_found("no such upload; uploaded files live 72 hours")
        return upload

    def results(self, task: TaskRecord, base_url: str, most: int | None = None) -> list[dict[str, Any]]:
        """Returns the results of a completed task as the API shows them: all of them, or the first ones."""
        if task.order.model == PROFILE_MODEL:
            digest = hashlib.sha256(task.id.encode()).hexdigest()
            return [{"result_type": "profile", "profile_id": f"profile_{digest[:12]}"}]
        paths = [f"{task.id}/{index}" for index in range(task.order.outputs)[:most]]
        return [
            {
                "url": f"{base_url}/results/{quote(path)}.png?sig={self.signature(path)}",
                "content_type": "image/png",
            }
            for path in paths
        ]

    def signature(self, path: str) -> str:
        """Returns the signature of the link to one result, ``<task id>/<index>``."""
        return hmac.new(self._secret.encode(), path.encode(), "sha256").hexdigest()

    def results_expire_at(self, task: TaskRecord) -> float:
        return task.done_at + self.settings.result_ttl


def failure_from(fault: Fault, at: float) -> Failure:
    """Returns how a task ends that a fault lets fail."""
    return Failure(fault.code or "generation_failed", fault.message or "the picture could not be made", at)


def _random_letters(count: int) -> str:
    # one call of the operating system for all letters: it takes its time
    number, letters = secrets.randbelow(len(_ID_LETTERS) ** count), []
    for _ in range(count):
        number, letter = divmod(number, len(_ID_LETTERS))
        letters.append(_ID_LETTERS[letter])
    return "".join(letters)
