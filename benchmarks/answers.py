"""Builds the answers about a job in the form of each API. They do not tell how long the job will take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.jobs import ESTIMATE, Workload


@dataclass(frozen=True)
class Glance:
    """Shows a job at one moment.

    Attributes:
        began: whole epoch seconds, as in the APIs.
        estimate: seconds that the service says the job takes.
    """

    number: int
    began: int
    percent: int
    is_pending: bool = False
    estimate: int = ESTIMATE

    @property
    def is_finished(self) -> bool:
        return self.percent == 100


def look_at(workload: Workload, number: int, epoch: float, now: float) -> Glance:
    job = workload.jobs[number]
    return Glance(
        number,
        int(epoch + job.begins),
        job.shown(now, workload.progress),
        is_pending=now < job.begins + job.pending,
        estimate=workload.estimate,
    )


def _phota(seen: Glance) -> bytes:
    status = b"completed" if seen.is_finished else b"pending" if seen.is_pending else b"processing"
    results = b'[{"url":"https://127.0.0.1/r/%d.png","content_type":"image/png"}]' % seen.number
    return ok(
        b'{"id":"job-%d","object":"image.generation.task","type":"image","model":"phota-image-edit",'
        b'"status":"%b","progress":%d,"created":%d,"results":%b,"error":null,'
        b'"usage":{"credits_reserved":9,"user_group":"default"},'
        b'"task_info":{"can_cancel":false,"estimated_time":%d}}'
        % (
            *(seen.number, status, seen.percent, seen.began),
            *(results if seen.is_finished else b"null", seen.estimate),
        )
    )


def _openai(seen: Glance) -> bytes:
    status = b"completed" if seen.is_finished else b"in_progress"
    return ok(
        b'{"id":"batch_%d","object":"batch","endpoint":"/v1/responses","errors":null,'
        b'"input_file_id":"file-1","completion_window":"24h","status":"%b","output_file_id":null,'
        b'"error_file_id":null,"created_at":%d,"in_progress_at":%d,"expires_at":%d,'
        b'"request_counts":{"total":100,"completed":%d,"failed":0},"metadata":null}'
        % (seen.number, status, seen.began, seen.began, seen.began + 86400, seen.percent)
    )


def _dbt(seen: Glance) -> bytes:
    status = 10 if seen.is_finished else 3
    return ok(
        b'{"status":{"code":200,"is_success":true,"user_message":"Success!","developer_message":""},'
        b'"data":{"id":%d,"account_id":1,"project_id":1,"job_definition_id":1,"environment_id":1,'
        b'"status":%d,"status_humanized":"%b","is_complete":%b,"is_error":false,"is_cancelled":false}}'
        % (
            *(seen.number, status),
            *((b"Success", b"true") if seen.is_finished else (b"Running", b"false")),
        )
    )


def _databricks(seen: Glance) -> bytes:
    state = (
        b'{"life_cycle_state":"TERMINATED","result_state":"SUCCESS","state_message":""}'
        if seen.is_finished
        else b'{"life_cycle_state":"RUNNING","state_message":""}'
    )
    return ok(
        b'{"job_id":1,"run_id":%d,"number_in_job":1,"original_attempt_run_id":%d,"state":%b,"tasks":[],'
        b'"start_time":%d,"run_name":"bench","run_type":"SUBMIT_RUN","format":"MULTI_TASK"}'
        % (seen.number, seen.number, state, seen.began * 1000)
    )


def _http(seen: Glance) -> bytes:
    """Answers 404 until the job is finished, since the HTTP sensor waits for an address to exist."""
    return ok(b'{"id":%d,"done":true}' % seen.number) if seen.is_finished else NOT_FOUND


def _answer(status: bytes, body: bytes) -> bytes:
    return (
        b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
        b"X-Request-Id: 0123456789abcdef\r\n\r\n%b" % (status, len(body), body)
    )


def ok(body: bytes) -> bytes:
    return _answer(b"200 OK", body)


NOT_FOUND = _answer(b"404 Not Found", b'{"error":"not found"}')

#: Beginning of a path -> the function that answers there.
APIS: dict[bytes, Callable[[Glance], bytes]] = {
    b"/v1/tasks/job-": _phota,
    b"/v1/batches/batch_": _openai,
    b"/api/v2/accounts/1/runs/": _dbt,
    b"/api/2.2/jobs/runs/get": _databricks,
    b"/results/": _http,
}
