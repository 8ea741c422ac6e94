"""The progress of a batch: true, often enough to be seen, seldom enough to be read, and harmless."""

from __future__ import annotations

import logging
import threading

import pytest
from attempt_by_hand import Accessor

from airflow_provider_phota.batch import reporting
from airflow_provider_phota.batch.progress import Pace, Progress, is_due
from airflow_provider_phota.batch.reporting import STATE_KEY, Reporter
from airflow_provider_phota.journal.rows import Status


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def counted(monkeypatch):
    """What goes to Airflow's metrics, by name."""
    seen = {"phota.batch.landed": 0, "phota.batch.failed": 0}
    monkeypatch.setattr(reporting.metrics.Stats, "gauge", lambda name, value: seen.update({name: value}))
    monkeypatch.setattr(
        reporting.metrics.Stats, "incr", lambda name, count=1: seen.update({name: seen[name] + count})
    )
    return seen


@pytest.fixture(autouse=True)
def _at_info(caplog):
    caplog.set_level(logging.INFO, "airflow_provider_phota.batch.reporting")


def landed(number, failed=0):
    return {Status.LANDED: number, Status.FAILED: failed}


def test_every_status_that_has_ended_counts_on_one_side():
    counts = dict.fromkeys(Status, 1) | {Status.LANDED: 10}
    progress = Progress.of(100, counts, 7, 12.5)
    assert (progress.landed, progress.failed, progress.ended) == (11, 4, 15)
    assert str(progress) == ("11 of 100 items have landed (11%), 7 in flight, 4 failed, 12.5 credits so far.")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (3599, "1 h 0 min"), (3600 * 30 + 61, "30 h 1 min")],
)
def test_the_time_left_is_said_in_words(seconds, words):
    assert str(Progress.of(10, {}, 0, 0.0, seconds)).endswith(f"; about {words} left.")


def test_a_batch_without_items_has_a_line_too():
    assert (
        str(Progress.of(0, {}, 0, 0.0))
        == "0 of 0 items have landed, 0 in flight, 0 failed, 0 credits so far."
    )


def paced(ended_at, *, until, every=10.0):
    pace, now = Pace(), 0.0
    while now <= until:
        pace.note(now, ended_at(now))
        now += every
    return pace


def test_a_steady_pace_tells_the_time_left():
    assert paced(lambda now: int(now * 2), until=1000).seconds_left(4000) == pytest.approx(1000)


def test_nothing_is_foretold_before_something_has_ended():
    assert Pace().seconds_left(10) is None
    assert paced(lambda _: 0, until=500).seconds_left(10) is None
    assert paced(lambda _: 5, until=500).seconds_left(10) is None  # these had ended before


def test_when_all_have_ended_no_time_is_left():
    assert paced(lambda _: 10, until=0).seconds_left(10) == 0.0


def test_waves_do_not_shake_the_time_left():
    """500 orders are sent at once, and 500 are finished every 90 seconds: 1,000 seconds are 5,500 items."""
    lefts = [
        paced(lambda now: int(now // 90) * 500, until=until).seconds_left(20_000)
        for until in range(600, 1000, 10)
    ]
    trues = [(20_000 - int(until // 90) * 500) / 500 * 90 for until in range(600, 1000, 10)]
    assert all(abs(left - true) / true < 0.35 for left, true in zip(lefts, trues, strict=True))


def test_a_pace_that_has_changed_is_noticed():
    """At first ten a second, then one: after as long again the old pace is forgotten."""
    pace = paced(lambda now: int(min(now, 1000) * 10 + max(now - 1000, 0)), until=2100)
    assert pace.seconds_left(12_100) == pytest.approx(1000, rel=0.01)


def test_a_pace_of_days_remembers_few_moments():
    pace = paced(int, until=3 * 86_400)
    assert len(pace._looks) <= 128
    assert pace.seconds_left(4 * 86_400) == pytest.approx(86_400, rel=0.01)


@pytest.mark.parametrize(
    ("silence", "ended_since", "items", "due"),
    [
        (9.9, 10, 10, False),
        (10.0, 1, 10, True),
        (10.0, 0, 10, False),
        (299.0, 0, 10, False),
        (300.0, 0, 10, True),
        (299.0, 4_999, 100_000, False),
        (10.0, 5_000, 100_000, True),
    ],
)
def test_a_line_is_due_after_a_share_of_the_items_or_a_long_silence(silence, ended_since, items, due):
    assert is_due(silence, ended_since, items) is due


@pytest.mark.parametrize(
    ("items", "seconds", "most"), [(10, 600, 12), (100, 60, 8), (10_000, 3600, 25), (100_000, 12 * 3600, 150)]
)
def test_no_batch_fills_the_log(clock, counted, caplog, items, seconds, most):
    reporter = Reporter(items, clock=clock)
    for second in range(seconds):
        clock.now += 1
        reporter.report(landed(items * second // seconds), 5, 0.0)
    reporter.report(landed(items), 0, 0.0, is_last=True)
    assert 3 <= len(caplog.messages) <= most
    assert caplog.messages[-1].startswith(f"{items:,} of {items:,} items have landed (100%), 0 in flight")


def test_metrics_count_the_work_of_this_attempt_alone(clock, counted):
    reporter = Reporter(100, clock=clock)
    reporter.report(landed(40, 2), 0, 0.0)
    clock.now += 11
    reporter.report(landed(45, 3), 9, 0.0)
    clock.now += 1
    reporter.report(landed(46, 3), 4, 0.0)  # too early to be passed on
    assert counted == {"phota.batch.landed": 5, "phota.batch.failed": 1, "phota.batch.in_flight": 9}
    reporter.report(landed(46, 4), 0, 0.0, is_last=True)
    assert counted == {"phota.batch.landed": 6, "phota.batch.failed": 2, "phota.batch.in_flight": 0}


def test_an_item_that_is_reopened_is_not_counted_backwards(clock, counted):
    reporter = Reporter(100, clock=clock)
    reporter.report(landed(40, 20), 0, 0.0)
    reporter.report(landed(40, 0), 0, 0.0, is_last=True)
    assert counted["phota.batch.failed"] == 0


def test_the_progress_stands_in_the_state_store_of_the_task(clock, counted):
    store = Accessor()
    reporter = Reporter.of(100, {"task_state_store": store})
    reporter.report(landed(40, 2), 7, 210.0, is_last=True)
    assert store.values == {
        STATE_KEY: {
            "items": 100,
            "landed": 40,
            "failed": 2,
            "in_flight": 7,
            "credits": 210.0,
            "seconds_left": None,
        }
    }


def test_an_airflow_without_a_state_store_does_without(counted, caplog):
    Reporter.of(10, {}).report(landed(1), 0, 0.0, is_last=True)
    assert len(caplog.messages) == 1


class Broken:
    def __init__(self):
        self.asked = 0

    def set(self, key, value):
        self.asked += 1
        raise RuntimeError("no answer, and a token: CANARY")


def test_a_state_store_that_fails_is_left_alone_after_three_times(clock, counted, caplog):
    store = Broken()
    reporter = Reporter(10, store, clock)
    for _ in range(6):
        reporter.report(landed(1), 0, 0.0, is_last=True)
    assert store.asked == 3
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 3
    assert not any("CANARY" in warning for warning in warnings)


def test_a_state_store_that_hangs_holds_nothing_up(clock, counted):
    may_end, asked = threading.Event(), []

    class Hanging:
        def set(self, key, value):
            asked.append(value["landed"])
            may_end.wait()

    reporter = Reporter(10, Hanging(), clock)
    for number in range(5):
        clock.now += 11
        reporter.report(landed(number), 0, 0.0)
    assert asked == [0]
    may_end.set()
    reporter.report(landed(5), 0, 0.0, is_last=True)
    assert asked == [0, 5]
