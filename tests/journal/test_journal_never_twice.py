"""Whatever processes crash, stand still and overtake each other: an item is paid for once, and nothing is forgotten."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.journal.events import Paid
from tests.journal.world import ANSWERS, Choices, Process, World, seen

PROVEN = settings(max_examples=500)
ITEMS = ("a", "b")

#: Few enough to stop a process in the middle, or enough for all it has to do.
STEPS = st.one_of(st.integers(1, 40), st.just(10_000))
#: What happens next: a process starts and does some steps, the one of that number goes on by some steps or dies, or time passes.
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.tuples(st.booleans(), st.booleans(), STEPS)),
        st.tuples(st.just("go on"), st.tuples(st.integers(0, 3), STEPS)),
        st.tuples(st.just("kill"), st.integers(0, 3)),
        st.tuples(st.just("time"), st.sampled_from([1.0, 59.0, 61.0])),
    ),
    min_size=4,
    max_size=16,
)
choices = st.lists(st.integers(0, 59), min_size=20, max_size=120)


def run(story, drawn, on_ambiguous, *, redo=False):
    """Yields the world after each happening, and lets the last process come to its end."""
    world = World(Choices(drawn), ITEMS, on_ambiguous)
    lives = []
    for what, how in (*story, ("time", 61.0), ("start", (False, False, 10_000))):
        if what == "time":
            world.now += how
        elif what == "start":
            redo_failed, adopt, steps = how
            world.processes.append(Process(world, redo=redo and redo_failed, adopt=redo and adopt))
            lives.append(world.processes[-1].life())
            step(lives[-1], steps)
        elif lives and what == "kill":
            lives.pop(how % len(lives)).close()
        elif lives:
            step(lives[how[0] % len(lives)], how[1])
        yield world


def step(life, steps):
    for _ in itertools.islice(life, steps):
        pass


@pytest.mark.parametrize("on_ambiguous", Policy)
@pytest.mark.parametrize("answers", [*itertools.product(range(len(ANSWERS)), repeat=2)])
def test_wherever_two_processes_stand_still_others_may_take_over(on_ambiguous, answers):
    """All places for two processes to stand still, until time has passed and a third one has done all it can."""
    for *places, first_to_go_on in itertools.product(range(16), range(16), (0, 1)):
        world = World(Choices([0, *answers]), ITEMS[:1], on_ambiguous)
        lives = [Process(world).life(), Process(world).life()]
        for life, place in zip(lives, places, strict=True):
            step(life, place)
        world.now += 61.0
        for life in (
            Process(world).life(),
            lives[first_to_go_on],
            lives[1 - first_to_go_on],
            Process(world).life(),
        ):
            step(life, 10_000)
        assert len(world.billed) <= (1 if on_ambiguous is Policy.FAIL else 2)
        assert paid_in(world) == counted_in(world.folded())


def bills(world):
    return Counter(item for item, _ in world.billed)


@PROVEN
@given(happenings, choices)
def test_an_item_is_paid_for_once_by_default(story, drawn):
    for world in run(story, drawn, Policy.FAIL):
        assert all(count == 1 for count in bills(world).values()), world.segments


@PROVEN
@given(happenings, choices)
def test_an_item_that_a_user_has_reopened_is_paid_for_once_more(story, drawn):
    for world in run(story, drawn, Policy.FAIL, redo=True):
        assert all(count <= 1 + world.reopened[item] for item, count in bills(world).items()), world.segments


@PROVEN
@given(happenings, choices)
def test_resubmitting_what_is_ambiguous_pays_at_most_once_more(story, drawn):
    for world in run(story, drawn, Policy.RESUBMIT):
        assert all(count <= 2 for count in bills(world).values()), world.segments


@PROVEN
@given(happenings, choices, st.sampled_from(Policy), st.booleans())
def test_nothing_that_is_paid_and_recorded_is_forgotten(story, drawn, on_ambiguous, redo):
    *_, world = run(story, drawn, on_ambiguous, redo=redo)
    paid, state = paid_in(world), world.folded()
    assert state.payments == len(paid)
    assert state.credits == 4.0 * len(paid)
    if not redo:
        assert paid == counted_in(state)
        assert not list(state.open_items())


def paid_in(world):
    events = itertools.chain.from_iterable(events for _, events in world.segments.values())
    return {event.phota_task_id for event in events if isinstance(event, Paid)}


def counted_in(state):
    current = {item.phota_task_id for item in map(state.item, ITEMS) if item} - {None}
    return current | {task for _, task in state.besides()}


@PROVEN
@given(happenings, choices, st.sampled_from(Policy), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_in_which_segments_are_read_does_not_matter(story, drawn, on_ambiguous, redo, order):
    *_, world = run(story, drawn, on_ambiguous, redo=redo)
    names = list(world.segments)
    for _ in range(5):
        order.shuffle(names)
        assert seen(world.folded(names), ITEMS) == seen(world.folded(), ITEMS)


@PROVEN
@given(happenings, choices, st.sampled_from(Policy), st.booleans())
def test_recovery_finds_what_a_process_knew(story, drawn, on_ambiguous, redo):
    """At any moment, the next process knows as much as one that has seen everything happen."""
    for world in run(story, drawn, on_ambiguous, redo=redo):
        for process in world.processes:
            assert seen(process.state, ITEMS) == seen(world.folded(sorted(process.known)), ITEMS)
