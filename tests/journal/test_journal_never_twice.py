"""Whatever processes crash, stand still and overtake each other: an item is paid for once, and nothing is forgotten."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.journal.events import Paid
from tests.journal.world import Choices, Process, World, seen

PROVEN = settings(max_examples=500)
ITEMS = ("a", "b")

#: What happens next: a process starts, the one of that number goes on by some steps or dies, or time passes.
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.booleans()),
        st.tuples(st.just("go on"), st.tuples(st.integers(0, 3), st.integers(1, 40))),
        st.tuples(st.just("kill"), st.integers(0, 3)),
        st.tuples(st.just("time"), st.sampled_from([1.0, 59.0, 61.0])),
    ),
    min_size=3,
    max_size=30,
)
choices = st.lists(st.integers(0, 60), max_size=150)


def run(story, drawn, on_ambiguous, *, redo=False):
    """Yields the world after each happening, and lets the last process come to its end."""
    world = World(Choices(drawn), ITEMS, on_ambiguous)
    lives = []
    for what, how in (*story, ("time", 61.0), ("start", False), ("go on", (-1, 10_000))):
        if what == "time":
            world.now += how
        elif what == "start":
            world.processes.append(Process(world, redo=ITEMS if redo and how else ()))
            lives.append(world.processes[-1].life())
        elif lives and what == "kill":
            lives.pop(how % len(lives)).close()
        elif lives:
            for _ in itertools.islice(lives[how[0] % len(lives)], how[1]):
                pass
        yield world


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
    paid = {
        event.phota_task_id
        for _, events in world.segments.values()
        for event in events
        if isinstance(event, Paid)
    }
    state = world.folded()
    assert state.payments == len(paid)
    assert state.credits == 4.0 * len(paid)
    if not redo:
        current = {state.item(item).phota_task_id for item in ITEMS} - {None}
        assert paid == current | {task for _, task in state.besides()}
        assert not list(state.open_items())


@PROVEN
@given(happenings, choices, st.sampled_from(Policy), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_in_which_segments_are_read_does_not_matter(story, drawn, on_ambiguous, redo, order):
    for world in run(story, drawn, on_ambiguous, redo=redo):
        names = list(world.segments)
        order.shuffle(names)
        assert seen(world.folded(names), ITEMS) == seen(world.folded(), ITEMS)


@PROVEN
@given(happenings, choices, st.sampled_from(Policy), st.booleans())
def test_recovery_finds_what_a_process_knew(story, drawn, on_ambiguous, redo):
    """At any moment, the next process knows as much as one that has seen everything happen."""
    for world in run(story, drawn, on_ambiguous, redo=redo):
        for process in world.processes:
            assert seen(process.state, ITEMS) == seen(world.folded(sorted(process.known)), ITEMS)
