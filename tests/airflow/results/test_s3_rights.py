"""Roles that may do less than everything with a bucket: what can be known before an edit is paid for, is."""

from __future__ import annotations

import logging

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow_runs import PICTURE, TaskInstance, aws_connection
from least_rights import LeastRights

from airflow_provider_phota.api.errors import PhotaLandingError, PhotaLedgerError
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.results.cards import CARDS_FOLDER
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.storage.access import PROBE
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

pytestmark = pytest.mark.usefixtures("metadata_database", "roles")

#: Connection of a role -> what it may not do at all; none of them may list.
ROLES = {
    "aws_get_and_put": (),
    "aws_get_put_no_delete": ("DELETE",),
    "aws_put_only": ("GET", "HEAD", "DELETE"),
    "aws_read_only": ("PUT", "POST", "DELETE"),
}


@pytest.fixture(scope="module")
def endpoints(s3_server):
    """One for each role, for as long as Airflow keeps the file systems that it opened there."""
    roles = {conn_id: LeastRights(s3_server, refused) for conn_id, refused in ROLES.items()}
    yield {conn_id: role.__enter__() for conn_id, role in roles.items()}
    for role in roles.values():
        role.__exit__()


@pytest.fixture
def roles(s3, endpoints, monkeypatch):
    for conn_id, url in endpoints.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", aws_connection(url))


@pytest.fixture
def bucket(s3, request):
    bucket = s3.create_bucket(Bucket=f"rights-{abs(hash(request.node.name)) % 10**8}")
    bucket.upload_file(str(PICTURE), "inbox/garden.jpg")
    return bucket


class Memory(TaskInstance):
    def xcom_pull(self, task_ids, key, map_indexes):
        return self.pushed.get(key)


def edit(destination, picture_url, instance=None, **more):
    operator = PhotaImageEditOperator(
        task_id="edit",
        prompt="a beach",
        image_urls=picture_url,
        wait_for_completion=True,
        poll_interval=0.05,
        destination=destination,
        **more,
    )
    return operator.execute({"ti": instance or Memory()})


def keys(bucket):
    keys = (each.key for each in bucket.objects.filter(Prefix="edits/"))
    return sorted(key for key in keys if CARDS_FOLDER not in key)


@pytest.mark.parametrize("conn_id", ["aws_get_and_put", "aws_get_put_no_delete", "aws_put_only"])
@pytest.mark.parametrize(
    "more",
    [
        {"if_exists": "skip"},
        {"if_exists": "fail"},
        {"if_exists": "overwrite"},
        {"if_exists": "overwrite", "filename": "latest-{index}"},
    ],
    ids=str,
)
def test_a_role_that_may_not_list_lands_its_pictures(emulator, picture_url, bucket, conn_id, more):
    result = edit(f"s3://{conn_id}@{bucket.name}/edits", picture_url, num_outputs=2, **more)
    landed = [file["path"].rpartition("@")[2] for file in result["files"]]
    left = [] if conn_id == "aws_get_and_put" else [f"edits/{PROBE}"]  # where it may not be removed
    assert keys(bucket) == sorted([path.partition("/")[2] for path in landed] + left)
    assert len(emulator.ledger()) == 1


@pytest.mark.parametrize("if_exists", ["skip", "fail", "overwrite"])
@pytest.mark.parametrize("conn_id", ["aws_get_and_put", "aws_put_only"])
def test_what_landed_before_is_there_at_the_next_attempt(emulator, picture_url, bucket, conn_id, if_exists):
    destination = f"s3://{conn_id}@{bucket.name}/edits"
    result = edit(destination, picture_url, if_exists=if_exists)
    land = PhotaToObjectStorageOperator(
        task_id="land", result=result, destination=destination, if_exists=if_exists
    )
    assert land.execute({}) == result["files"]


def test_a_fixed_name_that_is_free_lands_without_the_right_to_list(emulator, picture_url, bucket):
    destination = f"s3://aws_get_and_put@{bucket.name}/edits"
    edit(destination, picture_url, if_exists="fail", filename="latest")
    assert keys(bucket) == ["edits/latest.png"]
    with pytest.raises(AirflowFailException, match=r"(?s)^filename: .*edits/latest.png.*Nothing was billed"):
        edit(destination, picture_url, if_exists="fail", filename="latest", edition="second")
    assert len(emulator.ledger()) == 1


def test_a_role_that_cannot_see_whether_a_fixed_name_is_free_is_told_the_right(emulator, picture_url, bucket):
    with pytest.raises(AirflowFailException, match=r"(?s)^if_exists: .*s3:GetObject.*if_exists='overwrite'"):
        edit(f"s3://aws_put_only@{bucket.name}/edits", picture_url, if_exists="fail", filename="latest")
    assert emulator.ledger() == []


@pytest.mark.parametrize("conn_id", ["aws_get_and_put", "aws_get_put_no_delete"])
def test_known_edits_are_known_without_the_right_to_list(emulator, bucket, conn_id):
    picture = f"s3://{conn_id}@{bucket.name}/inbox/garden.jpg"
    destination = f"s3://{conn_id}@{bucket.name}/edits"
    first = edit(destination, picture, skip_existing_edits=True)
    again = edit(destination, picture, skip_existing_edits=True)
    assert (again["status"], again["files"]) == ("existing", first["files"])
    bucket.Object(first["files"][0]["path"].partition(f"{bucket.name}/")[2]).delete()
    assert edit(destination, picture, skip_existing_edits=True)["phota_task_id"]
    assert len(emulator.ledger()) == 2


def test_known_edits_that_cannot_be_seen_are_not_paid_for(emulator, bucket):
    with pytest.raises(PhotaLedgerError, match=r"(?s)nothing was sent.*s3:GetObject"):
        edit(
            f"s3://aws_put_only@{bucket.name}/edits",
            f"s3://aws_get_and_put@{bucket.name}/inbox/garden.jpg",
            skip_existing_edits=True,
        )
    assert emulator.ledger() == []


@pytest.mark.parametrize("if_exists", ["skip", "fail", "overwrite"])
def test_a_role_that_may_not_write_pays_nothing(emulator, picture_url, bucket, if_exists):
    with pytest.raises(AirflowFailException, match=r"(?s)^destination: .*s3:PutObject.*Nothing was billed"):
        edit(f"s3://aws_read_only@{bucket.name}/edits", picture_url, if_exists=if_exists)
    assert emulator.ledger() == []
    assert keys(bucket) == []


@pytest.mark.parametrize("conn_id", ["aws_ledger", "aws_get_and_put", "aws_put_only"])
@pytest.mark.parametrize(
    "more", [{}, {"if_exists": "fail"}, {"if_exists": "overwrite", "filename": "latest"}]
)
def test_a_bucket_that_is_not_there_costs_nothing_and_is_not_made(emulator, s3, picture_url, conn_id, more):
    with pytest.raises(AirflowFailException, match=r"(?s)^destination: .*no-such-bucket.*Nothing was billed"):
        edit(f"s3://{conn_id}@no-such-bucket/edits", picture_url, **more)
    assert emulator.ledger() == []
    assert "no-such-bucket" not in [bucket.name for bucket in s3.buckets.all()]


def test_a_known_edit_is_not_looked_for_in_a_bucket_that_is_not_there(emulator, bucket):
    with pytest.raises(AirflowFailException, match=r"there is no bucket 'no-such-bucket'"):
        edit(
            "s3://aws_ledger@no-such-bucket/edits",
            f"s3://aws_ledger@{bucket.name}/inbox/garden.jpg",
            skip_existing_edits=True,
        )
    assert emulator.ledger() == []


def test_a_role_that_may_list_leaves_nothing_but_its_pictures(emulator, picture_url, bucket):
    edit(f"s3://aws_ledger@{bucket.name}/edits", picture_url, if_exists="fail", filename="a/latest")
    assert keys(bucket) == ["edits/a/latest.png"]
    with pytest.raises(AirflowFailException, match="there already"):
        edit(
            f"s3://aws_ledger@{bucket.name}/edits",
            picture_url,
            if_exists="fail",
            filename="a/latest",
            edition="second",
        )
    assert len(emulator.ledger()) == 1


def test_a_paid_result_lands_once_the_role_is_right(emulator, picture_url, bucket, tmp_path):
    """The check comes before the money, and not between a paid task and its pictures."""
    more = {"ledger_path": f"file://{tmp_path}"}
    destination = f"s3://aws_ledger@{bucket.name}/edits"
    emulator.add_faults(Fault(on="result", kind="status", status=500, times=None))
    with pytest.raises(PhotaLandingError):
        edit(destination, picture_url, filename="latest", if_exists="fail", **more)
    emulator.clear_faults()
    bucket.put_object(Key="edits/elsewhere.png", Body=b"of somebody else")
    with pytest.raises(PhotaLandingError, match=r"(?s)no-such-bucket.*The PHOTA task is billed"):
        edit("s3://aws_ledger@no-such-bucket/edits", picture_url, **more)
    with pytest.raises(PhotaLandingError, match="another file"):
        edit(destination, picture_url, filename="elsewhere", if_exists="fail", **more)
    edit(destination, picture_url, filename="latest", if_exists="fail", **more)
    assert "edits/latest.png" in keys(bucket)
    assert len(emulator.ledger()) == 1


def test_a_refusal_names_what_an_earlier_attempt_has_paid_for(emulator, picture_url, bucket, tmp_path):
    more = {"ledger_path": f"file://{tmp_path}"}
    paid = edit(f"s3://aws_ledger@{bucket.name}/edits", picture_url, **more)["phota_task_id"]
    with pytest.raises(AirflowFailException, match=f"(?s)no-such-bucket.*has paid for {paid}"):
        edit("s3://aws_ledger@no-such-bucket/edits", picture_url, edition="second", **more)
    assert len(emulator.ledger()) == 1


def test_a_store_that_does_not_know_the_condition_lands_all_the_same(
    emulator, picture_url, bucket, monkeypatch
):
    """Some servers that speak S3 answer it with 501."""
    from botocore.exceptions import ClientError
    from s3fs import S3FileSystem

    original = S3FileSystem._call_s3

    async def call(self, method, *arguments, **more):
        if "IfNoneMatch" in more:
            answer = {
                "Error": {"Code": "NotImplemented", "Message": ""},
                "ResponseMetadata": {"HTTPStatusCode": 501},
            }
            raise OSError(5, "NotImplemented") from ClientError(answer, method)
        return await original(self, method, *arguments, **more)

    monkeypatch.setattr(S3FileSystem, "_call_s3", call)
    edit(f"s3://aws_ledger@{bucket.name}/edits", picture_url, if_exists="fail", filename="latest")
    assert keys(bucket) == ["edits/latest.png"]


def waiting(picture_url, destination, **more):
    from airflow_provider_phota.hooks.phota import PhotaHook

    task = PhotaHook().submit_edit("a beach", picture_url)
    return task.id, PhotaTaskSensor(
        task_id="wait", phota_task_id=task.id, destination=destination, poke_interval=0.05, **more
    )


def test_a_sensor_says_before_its_wait_that_nothing_can_land(emulator, picture_url, bucket):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    task_id, sensor = waiting(picture_url, "s3://aws_ledger@no-such-bucket/edits")
    with pytest.raises(PhotaLandingError, match=r"(?s)^The pictures of .* cannot land\..*no-such-bucket"):
        sensor.execute({"ti": Memory()})
    sensor = PhotaTaskSensor(
        task_id="wait", phota_task_id=task_id, destination=f"s3://aws_get_and_put@{bucket.name}/edits"
    )
    assert not sensor.poke({"ti": Memory()}).is_done


def test_a_sensor_waits_on_where_the_store_cannot_be_asked(emulator, picture_url, monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW_CONN_AWS_AWAY", aws_connection("http://127.0.0.1:9"))

    def away(*_, **__):
        raise TimeoutError

    monkeypatch.setattr("airflow_provider_phota.results.prechecks.try_to_write", away)
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    _, sensor = waiting(picture_url, "s3://aws_away@bucket/edits")
    with caplog.at_level(logging.WARNING):
        assert not sensor.poke({"ti": Memory()}).is_done
    assert "The wait goes on." in caplog.text


def test_an_input_that_may_not_be_read_names_the_right(emulator, bucket):
    with pytest.raises(AirflowFailException, match=r"image_urls: .*s3:GetObject"):
        edit(
            f"s3://aws_ledger@{bucket.name}/edits",
            f"s3://aws_get_and_put@{bucket.name}/inbox/no-such-picture.jpg",
        )
    assert emulator.ledger() == []
