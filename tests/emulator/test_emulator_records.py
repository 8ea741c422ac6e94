"""A task's status is computed from its record and the time."""

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_provider_phota.emulator.orders import read_order
from airflow_provider_phota.emulator.records import Failure, TaskRecord

REQUEST = {"model": "phota-image", "prompt": "p", "num_outputs": 2}
TASK = TaskRecord("t", "a", REQUEST, read_order(REQUEST), 1000.0, 10.0, 9, inputs=())
ORDER = ("pending", "processing", "completed", "failed")

times = st.floats(990, 1030)
tasks = st.builds(
    lambda duration, inputs, failure: replace(TASK, duration=duration, inputs=inputs, failure=failure),
    st.floats(0, 20),
    st.none() | st.just(()),
    st.none() | st.builds(Failure, st.just("c"), st.just("m"), times),
)


@settings(deadline=None)
@given(tasks, st.lists(times, min_size=2, max_size=8))
@example(replace(TASK, duration=1e-308, inputs=None), [990.0, 1001.0])
def test_status_and_progress_never_go_back(task: TaskRecord, moments: list[float]):
    ended_by = task.failure.at if task.failure else float("inf")
    before = sorted(moment for moment in moments if moment < ended_by)

    statuses = [ORDER.index(task.status(moment)) for moment in before]
    progress = [task.progress(moment) for moment in before]

    assert statuses == sorted(statuses)
    assert progress == sorted(progress)
    assert all(0 <= percent <= 100 for percent in progress)
    assert all(
        (percent == 100) == (ORDER[status] == "completed")
        for percent, status in zip(progress, statuses, strict=True)
    )


@settings(deadline=None)
@given(tasks, times)
def test_a_failure_is_for_good_and_refunded(task: TaskRecord, moment: float):
    failed = bool(task.failure) and moment >= task.failure.at

    assert (task.status(moment) == "failed") == failed
    assert task.credits(moment) == (0 if failed else 6)


@settings(deadline=None)
@given(tasks)
def test_a_record_survives_its_json(task: TaskRecord):
    assert TaskRecord.from_json(task.to_json()) == task


def test_a_task_without_its_inputs_goes_on():
    waiting = replace(TASK, inputs=None)

    assert (waiting.status(2000), waiting.progress(2000)) == ("processing", 99)
