"""Answers what a test asks of the emulator itself, below ``/_emulator``. No key is needed here."""

import math
from dataclasses import asdict

from aiohttp import web

from airflow_provider_phota import __version__
from airflow_provider_phota.emulator.call import Call, json_answer
from airflow_provider_phota.emulator.errors import malformed
from airflow_provider_phota.emulator.faults import Fault
from airflow_provider_phota.emulator.settings import checked_pictures


async def about(call: Call) -> web.StreamResponse:
    """Says that the emulator is there, and what its clock shows."""
    tasks = call.service.number_of_tasks
    return json_answer(
        {"service": "PHOTA emulator", "version": __version__, "now": call.service.now(), "tasks": tasks}
    )


async def ledger(call: Call) -> web.StreamResponse:
    return json_answer({"tasks": [asdict(entry) for entry in call.service.ledger()]})


async def reset(call: Call) -> web.StreamResponse:
    call.desk.reset()
    return json_answer({"reset": True})


async def clock(call: Call) -> web.StreamResponse:
    seconds = (await call.json_body()).get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
        raise malformed('the body must be {"advance": <seconds>}')
    call.service.advance(seconds)
    return json_answer({"now": call.service.now()})


async def draw(call: Call) -> web.StreamResponse:
    try:
        pictures = checked_pictures((await call.json_body()).get("pictures"))
    except ValueError as wrong:
        raise malformed(str(wrong)) from None
    call.desk.studio.pictures = pictures
    return json_answer({"pictures": pictures})


async def revoke(call: Call) -> web.StreamResponse:
    key = (await call.json_body()).get("revoke")
    if not isinstance(key, str) or not key:
        raise malformed('the body must be {"revoke": "<key>"}')
    call.service.revoke(key)
    return json_answer({"revoked": True})


async def requests(call: Call) -> web.StreamResponse:
    return json_answer(call.desk.log.to_dict())


async def show_faults(call: Call) -> web.StreamResponse:
    return json_answer({"faults": [fault.to_dict() for fault in call.service.faults.left()]})


async def add_faults(call: Call) -> web.StreamResponse:
    """Adds faults. If one of them is wrong, nothing is added."""
    specs = (await call.json_body()).get("faults")
    if not isinstance(specs, list):
        raise malformed('the body must be {"faults": [{"on": ..., "kind": ...}, ...]}')
    faults = [_read_fault(number, spec) for number, spec in enumerate(specs)]
    call.service.faults.add(faults)
    return await show_faults(call)


def _read_fault(number: int, spec: object) -> Fault:
    try:
        return Fault.from_dict(spec)
    except ValueError as wrong:
        raise malformed(f"faults[{number}]: {wrong}") from None


async def clear_faults(call: Call) -> web.StreamResponse:
    call.service.faults.clear()
    return await show_faults(call)
