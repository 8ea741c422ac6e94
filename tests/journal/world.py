"""A made-up world for a journal: a store, a service, and processes that die, stand still and overtake each other.

What a process does between two `yield`s happens at once. What decides is real.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.journal.decisions import Done, Hold, Resume, Start, WaitForSender, next_step
from airflow_provider_phota.journal.events import Doubtful, Ended, Intent, Paid, Reopened, TakenBack
from airflow_provider_phota.journal.history import Phase
from airflow_provider_phota.journal.names import group_name
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.journal.state import BatchState

SECONDS = 60.0
#: How the service deals with an order.
ANSWERS = ("paid", "refused", "lost, billed", "lost, not billed")
#: How a paid task ends.
ENDS = ("landed", "failed", "not landed yet", "gone")


class Choices:
    """Makes the choices that hypothesis has drawn, and the first possible one when there are no more."""

    def __init__(self, drawn):
        self._drawn = iter(drawn)

    def of(self, options):
        return options[next(self._drawn, 0) % len(options)]

    def shuffled(self, things):
        things = list(things)
        return [things.pop(next(self._drawn, 0) % len(things)) for _ in range(len(things))]


@dataclass
class World:
    choices: Choices
    items: tuple[str, ...]
    on_ambiguous: Policy
    now: float = 1000.0
    leases: int = 0
    #: Name of a segment -> when it was written, and its events.
    segments: dict = field(default_factory=dict)
    #: The item and the token of each task that was billed.
    billed: list = field(default_factory=list)
    #: Tokens of which a process has decided that nobody sends them any more.
    judged: set = field(default_factory=set)
    reopened: dict = field(default_factory=lambda: defaultdict(int))
    tokens: int = 0
    #: All that ever lived.
    processes: list = field(default_factory=list)

    def write(self, lease, number, *events):
        name = group_name(lease, number)
        assert name not in self.segments
        self.segments[name] = (self.now, events)
        return name

    def folded(self, names=None):
        state = BatchState()
        for name in sorted(self.segments) if names is None else names:
            for event in self.segments[name][1]:
                state.apply(event, name)
        return state

    def bill(self, item, token):
        assert token not in self.judged, "it is sent after another process has stopped waiting for its sender"
        self.billed.append((item, token))
        return f"task-{len(self.billed)}"

    def judge(self, state):
        self.judged |= {each.token for each in state.unresolved}

    def lost_task(self, item, known):
        """Returns a task that a person finds in the vendor's console, if there is one that is not on record."""
        tasks = (f"task-{number}" for number, (of, _) in enumerate(self.billed, start=1) if of == item)
        return next((task for task in tasks if task not in known), None)


@dataclass
class Process:
    """One attempt. Its `life` is stepped by the test, or not any more."""

    world: World
    #: True if a user wants failed items to be paid for again.
    redo: bool = False
    #: True if a user names the lost tasks of ambiguous items.
    adopt: bool = False
    lease: int = 0
    number: int = 0
    state: BatchState = field(default_factory=BatchState)
    known: set = field(default_factory=set)
    ends: dict = field(default_factory=dict)

    def life(self):
        self.world.leases += 1
        self.lease = self.world.leases
        yield
        yield from self.read()
        for item in self.world.items:
            self.ask_user(item)
            yield
        for item in self.world.choices.shuffled(self.world.items):
            if (yield from self.work(item)):
                return

    def read(self):
        """Reads what is new, in any order, while others write."""
        new = [name for name in self.world.segments if name not in self.known]
        for name in self.world.choices.shuffled(new):
            yield
            written, events = self.world.segments[name]
            self.known.add(name)
            for event in events:
                self.state.apply(event, name)
                if isinstance(event, Intent):
                    self.ends[event.token] = written + event.seconds

    def write(self, *events):
        self.number += 1
        name = self.world.write(self.lease, self.number, *events)
        self.known.add(name)
        for event in events:
            self.state.apply(event, name)

    def ask_user(self, item):
        state = self.state.item(item)
        if not state or state.phase is not Phase.ENDED or not state.status.is_failure:
            return
        if self.adopt and state.status is Status.AMBIGUOUS:
            known = {state.phota_task_id, *state.besides}
            if task := self.world.lost_task(item, known):
                self.world.tokens += 1
                token = str(self.world.tokens)
                self.write(
                    Paid(item, max(state.generation, 1), token, task, self.world.now, 4.0, adopted=True)
                )
        elif self.redo:
            self.write(Reopened(item, state.generation))
            self.world.reopened[item] += 1

    def seconds_left(self, state):
        ends = [self.ends.get(each.token, 0.0) for each in state.unresolved if not each.doubt]
        return max([0.0, *(end - self.world.now for end in ends)])

    def work(self, item):
        """Brings an item to its end, and returns True if the process is overtaken."""
        for _ in range(20):
            state = self.state.item(item)
            left = self.seconds_left(state) if state else 0.0
            is_new = bool(state and state.end and state.end.position[0] < self.lease)
            step = next_step(state, left, self.world.on_ambiguous, new_attempt=is_new)
            yield
            if isinstance(step, Done):
                return False
            if isinstance(step, WaitForSender):
                yield from self.read()
            elif isinstance(step, Resume):
                self.land(item, state, step.phota_task_id)
            elif isinstance(step, Hold):
                self.world.judge(state)
                self.end(item, Status.AMBIGUOUS, state.generation)
            elif isinstance(step, Start) and (yield from self.send(item, step)):
                return True
        return False

    def send(self, item, step):
        if step.resubmits:
            self.world.judge(self.state.item(item))
        self.world.tokens += 1
        key = item, step.generation, str(self.world.tokens)
        ends_at = self.world.now + SECONDS
        yield
        self.write(Intent(*key, self.world.now, SECONDS, f"fp-{item}", step.resubmits))
        yield
        is_overtaken = self.world.leases > self.lease
        yield
        if is_overtaken or self.world.now >= ends_at:
            self.write(TakenBack(*key))
            return is_overtaken
        yield from self.answer(item, key)
        return False

    def answer(self, item, key):
        how = self.world.choices.of(ANSWERS)
        task = self.world.bill(item, key[2]) if how in {"paid", "lost, billed"} else None
        yield
        if how == "paid":
            self.write(Paid(*key, task, self.world.now, 4.0))
        elif how == "refused":
            self.write(TakenBack(*key))
            if self.world.choices.of([True, False]):
                self.end(item, Status.FAILED, self.state.item(item).generation, can_retry=True)
        else:
            self.write(Doubtful(*key, self.world.now, "reset"))

    def land(self, item, state, task):
        how = self.world.choices.of(ENDS)
        status = {"landed": Status.LANDED, "gone": Status.EXPIRED}.get(how, Status.FAILED)
        self.end(item, status, state.generation, task, can_retry=how == "not landed yet")

    def end(self, item, status, generation, task=None, *, can_retry=False):
        row = Row(1, item, status, phota_task_id=task, can_retry=can_retry)
        self.write(Ended(item, generation, row))
        ended = self.state.item(item)
        assert ended.status is status or ended.phota_task_id not in {None, task}, (
            "it ends, or another task is left"
        )


def seen(state, items):
    """What can be seen of a state from outside."""
    things = {item: state.item(item) for item in items}
    return {
        "items": {
            item: each
            and (each.phase, each.generation, each.phota_task_id, each.status, each.can_retry, each.besides)
            for item, each in things.items()
        },
        "unresolved": {
            item: each and each.unresolved for item, each in things.items() if each and not each.end
        },
        "open": sorted(each.item for each in state.open_items()),
        "counts": state.counts(),
        "money": (state.payments, state.credits),
        "besides": sorted(state.besides()),
        "same": {item: (found := state.by_fingerprint(f"fp-{item}")) and found[0] for item in items},
    }
