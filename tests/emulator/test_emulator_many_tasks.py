"""What thousands of tasks need: results that cost nothing, and faults that hit a share of them."""

import itertools
from pathlib import Path

import pytest
import requests
from emulator_client import PATIENCE, Client, opened, picture
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.emulator import Emulator, Fault
from airflow_provider_phota.emulator.__main__ import main
from airflow_provider_phota.emulator.orders import read_order
from airflow_provider_phota.emulator.records import Failure, TaskRecord
from airflow_provider_phota.emulator.refunds import Refunds

REQUEST = {"model": "phota-image", "prompt": "p"}


def results_of(client: Client, **body) -> list[bytes]:
    urls = [each["url"] for each in client.ended(client.create(**body))["results"]]
    return [requests.get(url, timeout=PATIENCE).content for url in urls]


def edit(client: Client, **body) -> dict:
    return {"model": "phota-image-edit", "image_urls": [client.upload(picture())["url"]], **body}


def test_small_pictures_are_pictures_and_no_two_are_equal(client: Client, phota_emulator: Emulator):
    phota_emulator.draw("small")
    contents = [*results_of(client, num_outputs=3), *results_of(client, **edit(client, num_outputs=2))]
    assert [opened(content).size for content in contents] == [(64, 64)] * 5
    assert len(set(contents)) == 5
    assert all(len(content) < 2000 for content in contents)


def test_a_small_picture_is_the_same_each_time(client: Client, phota_emulator: Emulator):
    phota_emulator.draw("small")
    (result,) = client.ended(client.create())["results"]
    one, other = (requests.get(result["url"], timeout=PATIENCE) for _ in range(2))
    assert (one.content, one.headers["ETag"]) == (other.content, other.headers["ETag"])


def test_shared_pictures_are_of_full_size_and_equal_where_the_orders_are_alike(
    client: Client, phota_emulator: Emulator
):
    phota_emulator.draw("shared")
    first, second = results_of(client, num_outputs=2)
    (of_another_prompt,) = results_of(client, prompt="a blue house")
    (wide,) = results_of(client, aspect_ratio="16:9")
    (edited,) = results_of(client, **edit(client))
    assert first == second == of_another_prompt
    assert opened(first).size == opened(edited).size == (1024, 1024)
    assert opened(wide).size == (1024, 576)
    assert len({first, wide, edited}) == 3


def test_a_reset_draws_as_at_the_start(client: Client, phota_emulator: Emulator):
    phota_emulator.draw("small")
    phota_emulator.reset()
    (content,) = results_of(client)
    assert opened(content).size == (1024, 1024)


def test_an_emulator_that_starts_with_small_pictures_goes_back_to_them():
    with Emulator(latency=(0, 0), pictures="small") as emulator:
        client = Client(emulator.url)
        emulator.draw("full")
        emulator.reset()
        (content,) = results_of(client)
    assert opened(content).size == (64, 64)


def test_the_way_of_drawing_can_be_changed_over_http(client: Client):
    assert client.post("/_emulator/pictures", json={"pictures": "small"}).json() == {"pictures": "small"}
    (content,) = results_of(client)
    assert opened(content).size == (64, 64)


@pytest.mark.parametrize("pictures", ["tiny", None, 7, ["small"]])
def test_an_unknown_way_of_drawing_is_refused(client: Client, phota_emulator: Emulator, pictures: object):
    answer = client.post("/_emulator/pictures", json={"pictures": pictures})
    assert answer.status_code == 400
    assert "pictures must be one of full, small, shared" in answer.json()["error"]["message"]
    for refused in (lambda: phota_emulator.draw(pictures), lambda: Emulator(pictures=pictures)):
        with pytest.raises(ValueError, match="pictures must be one of full, small, shared"):
            refused()


def test_the_command_line_takes_no_other_way(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["--pictures", "tiny"])
    assert ended.value.code == 2
    assert "--pictures" in capsys.readouterr().err


def failed_among(client: Client, tasks: list[str]) -> list[int]:
    return [number for number, task in enumerate(tasks) if client.ended(task)["status"] == "failed"]


def test_a_share_of_the_tasks_fails_and_the_same_ones_each_time(client: Client, phota_emulator: Emulator):
    fault = Fault("submit", "fail_task", share=0.25, times=None, seed=3)
    fates = []
    for _ in range(2):
        phota_emulator.reset()
        phota_emulator.add_faults(fault)
        fates.append(failed_among(client, [client.create(prompt=str(number)) for number in range(40)]))
    assert fates[0] == fates[1] == [number for number in range(40) if fault.hits(number)]
    assert 3 <= len(fates[0]) <= 20
    (left,) = phota_emulator.faults()
    assert (left.drawn, left.times) == (40, None)


def test_a_share_is_met_in_the_long_run():
    for share, seed in itertools.product((0.01, 0.05, 0.5, 1.0), range(3)):
        fault = Fault("submit", "fail_task", share=share, seed=seed)
        assert sum(map(fault.hits, range(10_000))) == pytest.approx(10_000 * share, rel=0.25)


def test_another_seed_draws_others():
    one, other = (
        [Fault("submit", "fail_task", share=0.3, seed=s).hits(n) for n in range(100)] for s in (0, 1)
    )
    assert one != other


def test_two_faults_of_one_kind_draw_apart():
    """Else the smaller share would always be hidden by the larger one."""
    failed = Fault("task", "fail_task", share=0.5)
    refused = Fault("task", "fail_task", code="content_policy", share=0.1)
    assert [number for number in range(200) if refused.hits(number) and not failed.hits(number)]


def test_of_results_the_same_tasks_are_hit_however_often_they_are_asked_for(
    client: Client, phota_emulator: Emulator
):
    fault = Fault("result", "status", status=500, share=0.3, times=None)
    phota_emulator.draw("small")
    phota_emulator.add_faults(fault)
    urls = [client.ended(client.create(prompt=str(number)))["results"][0]["url"] for number in range(20)]
    for _ in range(3):
        statuses = [requests.get(url, timeout=PATIENCE).status_code for url in reversed(urls)]
        assert statuses[::-1] == [500 if fault.hits(number) else 200 for number in range(20)]
    assert {200, 500} == set(statuses)


def test_what_is_not_drawn_counts_neither_for_skip_nor_for_times(client: Client, phota_emulator: Emulator):
    fault = Fault("submit", "fail_task", share=0.4, skip=2, times=3)
    phota_emulator.add_faults(fault)
    hit = [number for number in range(40) if Fault("submit", "fail_task", share=0.4).hits(number)]
    tasks = [client.create(prompt=str(number)) for number in range(40)]
    assert failed_among(client, tasks) == hit[2:5]
    assert phota_emulator.faults() == []


def test_a_share_goes_on_after_a_restart(tmp_path: Path):
    fault = Fault("submit", "fail_task", share=0.3, times=None)
    tasks = []
    for _ in range(2):
        with Emulator(latency=(0, 0), state=tmp_path / "state") as emulator:
            if not tasks:
                emulator.add_faults(fault)
            client = Client(emulator.url)
            tasks += [client.create(prompt=str(number)) for number in range(15)]
            failed = failed_among(client, tasks)
    assert failed == [number for number in range(30) if fault.hits(number)]


def test_a_refused_submit_is_drawn_again_and_not_refused_for_ever(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(Fault("submit", "status", status=422, share=0.5, times=None))
    statuses = {client.submit(**REQUEST).status_code for _ in range(40)}
    assert statuses == {200, 422}


failures = st.none() | st.builds(Failure, st.just("c"), st.just("m"), st.floats(1000, 1030))
tasks = st.lists(
    st.builds(
        lambda account, failure: TaskRecord(
            "t", account, REQUEST, read_order(REQUEST), 1000.0, 10.0, 9, inputs=(), failure=failure
        ),
        st.sampled_from("ab"),
        failures,
    )
)


@given(tasks, st.lists(st.floats(990, 1040), min_size=1, max_size=5))
def test_refunds_are_those_of_the_tasks_that_have_failed(records: list[TaskRecord], moments: list[float]):
    known = [TaskRecord.from_json(each.to_json().replace('"t"', f'"t{n}"')) for n, each in enumerate(records)]
    refunds = Refunds(known[: len(known) // 2])
    for task in known[len(known) // 2 :]:
        refunds.add(task)
    for now in sorted(moments):
        for account in "ab":
            expected = sum(t.order.credits - t.credits(now) for t in known if t.account == account)
            assert refunds.to(account, now) == expected


def test_a_task_that_fails_earlier_than_it_was_to_is_refunded_once(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(Fault("submit", "fail_task"))
    task = client.create()
    phota_emulator.add_faults(Fault("task", "fail_task"))
    client.task(task)
    phota_emulator.advance(10_000)
    assert client.get("/api/usage/token/").json()["data"]["total_used"] == 0


def test_a_clock_that_is_set_back_takes_refunds_back(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(Fault("submit", "fail_task"))
    client.create()
    used = []
    for seconds in (0, 1000, -2000):
        phota_emulator.advance(seconds)
        used.append(client.get("/api/usage/token/").json()["data"]["total_used"])
    assert used[1:] == [0, 3 * 5000]


def test_a_record_of_an_older_version_can_be_read():
    task = TaskRecord("t", "a", REQUEST, read_order(REQUEST), 1000.0, 10.0, 9, inputs=(), number=7)
    assert TaskRecord.from_json(task.to_json()) == task
    assert TaskRecord.from_json(task.to_json().replace(', "number": 7', "")).number == 0


def test_it_says_how_many_tasks_there_are(client: Client):
    for _ in range(3):
        client.create()
    assert client.get("/_emulator").json()["tasks"] == 3
