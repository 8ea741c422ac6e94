"""Whatever crashes, retries and answers follow each other: one live paid task for one edit, at most.

The world is made up (a clock, a service, two stores, processes that die); what decides and submits is real.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_provider_phota.api.errors import (
    MaybeSent,
    NotSent,
    PhotaAuthenticationError,
    PhotaError,
    PhotaLostSight,
    PhotaNotFound,
    PhotaSubmitAmbiguous,
    PhotaUnreachable,
    PhotaWaitRefused,
)
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import Image, PhotaTask, TaskStatus
from airflow_provider_phota.api.wire import Response, Sleep
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.records import Record
from airflow_provider_phota.submitting.policies import Policies
from airflow_provider_phota.submitting.submission import Submission

EDIT = EditOrder.checked(prompt="a beach", image_urls="https://example.com/a.png")
DAY = 24 * 3600.0

#: How a submit goes, and how its process ends.
SENDS = (
    "answered",
    "refused",
    "not sent",
    "billed, answer lost",
    "not billed, answer lost",
    "killed before the intent",
    "killed after the intent",
    "killed in flight, billed",
    "killed in flight, not billed",
    "killed after the answer",
    "orphan sends later",
)
#: What the service does to the newest task before the next attempt.
EVENTS = ("nothing", "completes", "fails", "forgets", "expires")


class Killed(BaseException):
    """The process died here."""


class MemoryStore:
    """A store that survives its processes."""

    def __init__(self, world):
        self.world = world
        self.record = Record()

    def read(self):
        return self.record

    def put(self, entry):
        if entry.phota_task_id and self.world.how == "killed after the answer":
            raise Killed
        self.record = self.record.merged(Record((entry,)))

    def remove(self, entry):
        if entry in self.record.entries:
            self.record = self.record.without(entry)

    def age(self, entry):
        return None


@dataclass
class World:
    now: float = 1_800_000_000.0
    how: str = "answered"
    tasks: list[PhotaTask] = field(default_factory=list)
    sending: list[float] = field(default_factory=list)

    def time(self):
        return self.now

    monotonic = time

    def sleep(self, seconds):
        self.now += seconds
        while self.sending and self.sending[0] <= self.now:
            self.sending.pop(0)
            self.bill()

    def bill(self):
        number = len(self.tasks) + 1
        self.tasks.append(
            PhotaTask(
                f"task-{number}", "phota-image-edit", TaskStatus.PENDING, "pending", created=int(self.now)
            )
        )
        return self.tasks[-1]

    @property
    def live(self):
        """Paid tasks that still bring a result, or can."""
        alive = (task for task in self.tasks if task.status not in (TaskStatus.FAILED, TaskStatus.UNKNOWN))
        return [task for task in alive if task.expires_at.timestamp() > self.now]

    def happens(self, event):
        if not self.tasks or self.tasks[-1].status is TaskStatus.FAILED:
            return  # what has failed stays so
        last = self.tasks[-1]
        changes = {
            "nothing": {},
            "completes": {"status": TaskStatus.COMPLETED, "images": (Image("https://cdn/x.png"),)},
            "fails": {"status": TaskStatus.FAILED, "status_word": "failed"},
            "forgets": {"status": TaskStatus.UNKNOWN},
            "expires": {"status": TaskStatus.COMPLETED, "images": (Image("https://cdn/x.png"),)},
        }[event]
        self.tasks[-1] = replace(last, **changes)
        if event == "expires":
            self.now += DAY


class Hook:
    """A PhotaHook whose network is the world."""

    phota_conn_id = "phota_default"
    settings = Settings("sk-0123456789")

    def __init__(self, world):
        self.world = world

    def get_task(self, phota_task_id):
        for task in self.world.tasks:
            if task.id == phota_task_id and task.status is not TaskStatus.UNKNOWN:
                return task
        raise PhotaNotFound("no such task", 404)

    def run(self, conversation):
        step = next(conversation)
        try:
            while True:
                if isinstance(step, Sleep):
                    self.world.sleep(step.seconds)
                    step = conversation.send(None)
                    continue
                try:
                    answer = self._send(step)
                except (NotSent, MaybeSent) as failure:
                    step = conversation.throw(failure)
                else:
                    step = conversation.send(answer)
        except StopIteration as end:
            return end.value

    def _send(self, request):
        if request.method == "GET":  # the list of prices, which is read once a process
            return Response(200, {}, json.dumps({"data": [], "group_ratio": {}}).encode())
        world, how = self.world, self.world.how
        if how == "killed before the intent":
            raise Killed
        if how == "not sent":
            raise NotSent("refused connection")
        request.before_sending()
        if how in {"killed after the intent", "killed in flight, not billed"}:
            raise Killed
        if how == "orphan sends later":
            world.sending.append(world.now + self.settings.total_timeout)
            raise Killed
        if how == "not billed, answer lost":
            raise MaybeSent("reset")
        if how == "refused":
            return Response(
                402, {}, json.dumps({"error": {"message": "no money", "type": "insufficient_quota"}}).encode()
            )
        task = world.bill()
        if how == "killed in flight, billed":
            raise Killed
        if how == "billed, answer lost":
            raise MaybeSent("reset")
        return Response(
            200, {}, json.dumps({"id": task.id, "status": "pending", "created": task.created}).encode()
        )


def attempt(world, stores, how, policies, try_number=1, **more):
    world.how = how
    submission = submission_of(Hook(world), stores, policies=policies, try_number=try_number, **more)
    with suppress(PhotaError, Killed):
        return submission.place().phota_task_id
    return None


def submission_of(hook, stores, **more):
    return Submission(
        hook, Ledger(stores, clock=hook.world), EDIT.body(), lambda: EDIT, clock=hook.world, **more
    )


@pytest.fixture
def world():
    return World()


PROVEN = settings(max_examples=400, deadline=None, derandomize=True)
attempts = st.lists(
    st.tuples(st.sampled_from(SENDS), st.sampled_from(EVENTS), st.floats(0.0, 100.0)), min_size=1, max_size=8
)


@settings(PROVEN)
@given(attempts, st.sampled_from([1, 2]))
def test_no_sequence_of_crashes_retries_and_answers_pays_twice_by_default(steps, how_many_stores):
    world = World()
    stores = [MemoryStore(world) for _ in range(how_many_stores)]
    for try_number, (how, event, pause) in enumerate(steps, start=1):
        attempt(world, stores, how, Policies(), try_number)
        assert len(world.live) <= 1, (steps, world.tasks)
        world.happens(event)
        world.sleep(pause)


# a refused resubmit once made the ledger forget that it was one
REFUSED_RESUBMIT = [
    (how, "nothing", 0.0) for how in ("billed, answer lost", "refused", "billed, answer lost", "answered")
]


@settings(PROVEN)
@example(REFUSED_RESUBMIT)
@given(attempts)
def test_resubmitting_what_is_ambiguous_pays_at_most_once_more(steps):
    world = World()
    policies = Policies(on_ambiguous=Policy.RESUBMIT)
    stores = [MemoryStore(world)]
    for try_number, (how, event, pause) in enumerate(steps, start=1):
        attempt(world, stores, how, policies, try_number)
        world.sleep(pause)
        assert len(world.live) <= 2, (steps, world.tasks)
        if event == "completes":
            world.happens(event)


@pytest.mark.parametrize(
    ("how", "second"),
    [
        ("answered", "attached"),
        ("refused", "submitted"),
        ("not sent", "submitted"),
        ("killed before the intent", "submitted"),
        ("killed after the intent", "held"),
        ("killed in flight, billed", "held"),
        ("killed in flight, not billed", "held"),
        ("killed after the answer", "held"),
        ("billed, answer lost", "held"),
        ("not billed, answer lost", "held"),
        ("orphan sends later", "held"),
    ],
)
def test_what_the_second_attempt_does(world, how, second):
    stores = [MemoryStore(world)]
    first = attempt(world, stores, how, Policies())
    before = len(world.tasks)
    found = attempt(world, stores, "answered", Policies(), 2)
    if second == "attached":
        assert found == first
        assert len(world.tasks) == before == 1
    elif second == "submitted":
        assert found == "task-1"
    else:
        assert found is None
        assert len(world.tasks) <= 1


def test_the_retry_waits_until_no_orphan_can_still_be_sending(world):
    stores = [MemoryStore(world)]
    begun = world.now
    attempt(world, stores, "orphan sends later", Policies())
    attempt(world, stores, "answered", Policies(), 2)
    assert world.now - begun >= Hook.settings.total_timeout
    assert len(world.tasks) == 1


class OvertakenHook(Hook):
    """While it connects, another attempt does all there is to do."""

    def __init__(self, world, overtake):
        super().__init__(world)
        self.overtake = [overtake]

    def _send(self, request):
        while self.overtake:
            self.overtake.pop()()
        return super()._send(request)


def overtaken_attempt(world, stores, overtake):
    hook = OvertakenHook(world, overtake)
    return submission_of(hook, stores).place().phota_task_id


def test_an_attempt_that_is_overtaken_while_it_connects_takes_up_the_paid_task(world):
    stores = [MemoryStore(world), MemoryStore(world)]
    found = overtaken_attempt(world, stores, lambda: attempt(world, stores, "answered", Policies(), 2))
    assert found == "task-1"
    assert len(world.tasks) == 1


def test_an_attempt_that_is_overtaken_by_an_ambiguous_one_is_held(world):
    stores = [MemoryStore(world)]
    with pytest.raises(PhotaSubmitAmbiguous):
        overtaken_attempt(world, stores, lambda: attempt(world, stores, "billed, answer lost", Policies(), 2))
    assert len(world.tasks) == 1


class BusyHook(Hook):
    """Its service has no channel at first, which bills nothing."""

    busy = 2

    def _send(self, request):
        if not self.busy:
            return super()._send(request)
        self.busy -= 1
        request.before_sending()
        error = {"code": "no_compatible_channel", "message": "busy", "type": "upstream_error"}
        return Response(422, {}, json.dumps({"error": error}).encode())


@pytest.mark.parametrize("how_many_stores", [0, 1, 2])
def test_an_attempt_does_not_overtake_itself_when_it_sends_again(world, how_many_stores):
    stores = [MemoryStore(world) for _ in range(how_many_stores)]
    assert submission_of(BusyHook(world), stores).place().phota_task_id == "task-1"
    assert len(world.tasks) == 1


def test_an_orphan_that_got_its_answer_is_recovered_from_the_journal(world):
    journal, state = MemoryStore(world), MemoryStore(world)
    attempt(world, [journal, state], "orphan sends later", Policies())
    (intent,) = journal.record.entries
    journal.put(replace(intent, phota_task_id="task-1"))
    world.sleep(world.sending[0] - world.now)
    assert attempt(world, [journal, state], "answered", Policies(), 2) == "task-1"
    assert len(world.tasks) == 1


def test_a_task_the_service_failed_is_submitted_anew_as_the_next_generation(world):
    stores = [MemoryStore(world)]
    attempt(world, stores, "answered", Policies())
    world.happens("fails")
    assert attempt(world, stores, "answered", Policies(), 2) == "task-2"
    generations = [(entry.generation, entry.try_number) for entry in stores[0].record.entries]
    assert generations == [(1, 1), (2, 2)]


@pytest.mark.parametrize(("event", "policy"), [("forgets", "on_missing"), ("expires", "on_expired")])
def test_what_is_gone_is_paid_for_again_only_when_asked(world, event, policy):
    stores = [MemoryStore(world)]
    attempt(world, stores, "answered", Policies())
    world.happens(event)
    world.sleep(300.0)
    assert attempt(world, stores, "answered", Policies(), 2) is None
    assert len(world.tasks) == 1
    assert attempt(world, stores, "answered", Policies(**{policy: Policy.RESUBMIT}), 3) == "task-2"


def test_another_edition_is_another_edit(world):
    stores = [MemoryStore(world)]
    assert attempt(world, stores, "answered", Policies()) == "task-1"
    assert attempt(world, stores, "answered", Policies(), 2, edition="2") == "task-2"
    assert attempt(world, stores, "answered", Policies(), 3, edition="2") == "task-2"
    assert attempt(world, stores, "answered", Policies(), 4) == "task-1"


def test_a_task_found_by_hand_is_taken_up_and_remembered(world):
    stores = [MemoryStore(world)]
    attempt(world, stores, "killed in flight, billed", Policies())
    assert attempt(world, stores, "answered", Policies(), 2, adopt="task-1") == "task-1"
    assert attempt(world, stores, "answered", Policies(), 3) == "task-1"
    assert len(world.tasks) == 1


@pytest.mark.parametrize("broken", ["read", "put"])
def test_a_store_that_fails_stops_the_submit(world, broken):
    store = MemoryStore(world)
    setattr(store, broken, lambda *_: (_ for _ in ()).throw(OSError("no disk")))
    assert attempt(world, [store], "answered", Policies()) is None
    assert world.tasks == []


def test_an_intent_that_only_one_store_took_does_not_hold_the_next_attempt(world):
    journal, state = MemoryStore(world), MemoryStore(world)
    put = state.put
    state.put = lambda entry: (_ for _ in ()).throw(OSError("api-server away"))
    assert attempt(world, [journal, state], "answered", Policies()) is None
    assert world.tasks == []
    state.put = put
    assert attempt(world, [journal, state], "answered", Policies(), 2) == "task-1"


def test_a_paid_id_that_cannot_be_recorded_is_still_delivered(world):
    store = MemoryStore(world)
    remember = store.put

    def put(entry):
        if entry.phota_task_id:
            raise OSError("no disk")
        remember(entry)

    store.put = put
    assert attempt(world, [store], "answered", Policies()) == "task-1"
    assert attempt(world, [store], "answered", Policies(), 2) is None
    assert len(world.tasks) == 1


def refused_ids(store, times=5):
    """Lets a store refuse the ID of a task that many times; returns what it has refused so far."""
    remember, refusals = store.put, []

    def put(entry):
        if entry.phota_task_id and len(refusals) < times:
            refusals.append(entry)
            raise OSError("the API server is away")
        remember(entry)

    store.put = put
    return refusals


def test_a_paid_id_is_offered_until_a_store_takes_it(world):
    store = MemoryStore(world)
    refusals = refused_ids(store)
    assert attempt(world, [store], "answered", Policies()) == "task-1"
    assert len(refusals) == 5
    assert attempt(world, [store], "answered", Policies(), 2) == "task-1"
    assert len(world.tasks) == 1


def test_an_id_is_offered_to_every_store_until_it_has_it(world):
    journal, state = MemoryStore(world), MemoryStore(world)
    refusals = refused_ids(state)
    assert attempt(world, [journal, state], "answered", Policies()) == "task-1"
    assert len(refusals) == 5
    assert state.record.phota_task_ids == journal.record.phota_task_ids == {"task-1"}


def test_an_id_that_a_store_missed_is_given_to_it_by_the_next_attempt(world):
    journal, state = MemoryStore(world), MemoryStore(world)
    remember = state.put

    def refusing(entry):
        if entry.phota_task_id:
            raise OSError("the API server is away")
        remember(entry)

    state.put = refusing
    assert attempt(world, [journal, state], "answered", Policies()) == "task-1"
    assert state.record.phota_task_ids == set()
    state.put = remember
    assert attempt(world, [journal, state], "answered", Policies(), 2) == "task-1"
    assert state.record.phota_task_ids == {"task-1"}


def test_two_stores_know_together_what_each_knows(world):
    stores = [MemoryStore(world), MemoryStore(world)]
    attempt(world, stores, "answered", Policies())
    stores[1].record = Record()
    assert attempt(world, stores, "answered", Policies(), 2) == "task-1"
    assert len(world.tasks) == 1


def test_an_adopted_task_that_failed_is_made_anew_by_the_next_attempt(world):
    stores = [MemoryStore(world)]
    attempt(world, stores, "killed in flight, billed", Policies())
    attempt(world, stores, "answered", Policies(), 2, adopt="task-1")
    world.happens("fails")
    assert attempt(world, stores, "answered", Policies(), 3, adopt="task-1") == "task-2"
    assert attempt(world, stores, "answered", Policies(), 4, adopt="task-1") == "task-2"


def test_a_clock_that_is_behind_waits_no_longer_than_the_sender_was_given(world):
    stores = [MemoryStore(world)]
    attempt(world, stores, "killed in flight, billed", Policies())
    world.now -= 7200.0
    begun = world.now
    assert attempt(world, stores, "answered", Policies(), 2) is None
    assert world.now - begun <= Hook.settings.total_timeout + 10.0


@pytest.mark.parametrize(
    ("answer", "error"),
    [(PhotaUnreachable("away"), PhotaLostSight), (PhotaAuthenticationError("no", 401), PhotaWaitRefused)],
)
def test_a_paid_task_that_cannot_be_asked_about_is_named_and_nothing_is_submitted(world, answer, error):
    stores = [MemoryStore(world)]
    attempt(world, stores, "answered", Policies())
    hook = Hook(world)
    hook.get_task = lambda phota_task_id: (_ for _ in ()).throw(answer)
    with pytest.raises(error, match="task-1 is billed"):
        submission_of(hook, stores).place()
    assert len(world.tasks) == 1
