"""Answers the calls that need a key: submit, query, account. Uploads are in ``uploads.py``."""

from aiohttp import web

from airflow_provider_phota.emulator import views
from airflow_provider_phota.emulator.call import Call, json_answer
from airflow_provider_phota.emulator.faults import Fault
from airflow_provider_phota.emulator.service import failure_from


async def submit(call: Call) -> web.StreamResponse:
    account = call.account()
    body = await call.json_body()
    task = call.service.create_task(
        account, body, lambda url: call.desk.intake.locate(url, call.base_url), call.fault
    )
    call.desk.intake.prepare(task)
    return json_answer(views.handle_view(task))


async def query(call: Call) -> web.StreamResponse:
    call.account()
    task_id = call.request.match_info["task_id"]
    if call.fault and call.fault.kind == "fail_task":
        call.service.fail_task(task_id, failure_from(call.fault, call.arrived))
    view = views.task_view(call.service, call.service.task(task_id), call.base_url, call.arrived)
    return json_answer(view | _changed_by(call.fault))


def _changed_by(fault: Fault | None) -> dict[str, object]:
    if fault and fault.kind == "no_results":
        return {"results": None}
    if fault and fault.kind == "status_word":
        return {"status": fault.word or "upstream_queued", "results": None, "error": None}
    return {}


async def models(call: Call) -> web.StreamResponse:
    call.account()
    return json_answer(views.models_view())


async def usage(call: Call) -> web.StreamResponse:
    return json_answer(views.usage_view(call.service, call.account()))


async def pricing(_: Call) -> web.StreamResponse:
    return json_answer(views.pricing_view())
