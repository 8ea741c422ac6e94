"""Builds the documented JSON bodies from the service's records."""

from typing import Any
from urllib.parse import quote

from airflow_provider_phota.emulator.orders import PRICES
from airflow_provider_phota.emulator.records import TaskRecord, UploadRecord
from airflow_provider_phota.emulator.service import Service

#: 500,000 quota units are 1 USD (the vendor's documentation); a credit of the emulator is one cent.
UNITS_PER_CREDIT = 5_000
_GROUP = "default"


def _head(task: TaskRecord, status: str, progress: int) -> dict[str, Any]:
    return {
        "id": task.id,
        "object": "image.generation.task",
        "type": "image",
        "model": task.order.model,
        "status": status,
        "progress": progress,
        "created": int(task.created),
    }


def handle_view(task: TaskRecord) -> dict[str, Any]:
    """Returns the answer to a submit."""
    return {
        **_head(task, "pending", 0),
        "task_info": {"can_cancel": True, "estimated_time": task.estimated_time},
        "usage": {"credits_reserved": task.order.credits, "user_group": _GROUP},
    }


def task_view(service: Service, task: TaskRecord, base_url: str, now: float) -> dict[str, Any]:
    """Returns the answer to a status query that came ``now``."""
    status = task.status(now)
    failure = task.failure if status == "failed" else None
    usage: dict[str, Any] = {"credits_reserved": task.order.credits, "user_group": _GROUP}
    if status in ("completed", "failed"):
        usage["credits_used"] = task.credits(now)
    return {
        **_head(task, status, task.progress(now)),
        "results": service.results(task, base_url) if status == "completed" else None,
        "error": failure and {"code": failure.code, "message": failure.message, "type": "task_error"},
        "usage": usage,
        "task_info": {"can_cancel": status == "pending", "estimated_time": task.estimated_time},
    }


def upload_view(upload: UploadRecord, base_url: str) -> dict[str, Any]:
    return {
        "id": upload.id,
        "filename": upload.filename,
        "url": f"{base_url}/uploads/{upload.id}/{quote(upload.filename)}",
        "size": upload.size,
        "created": int(upload.created),
    }


def models_view() -> dict[str, Any]:
    data = [{"id": model, "object": "model", "owned_by": "phota"} for model in PRICES]
    return {"object": "list", "data": data}


def usage_view(service: Service, account: str) -> dict[str, Any]:
    data = {
        "object": "token_usage",
        "name": "emulator",
        "total_granted": service.settings.credits * UNITS_PER_CREDIT,
        "total_used": service.used(account) * UNITS_PER_CREDIT,
        "total_available": service.available(account) * UNITS_PER_CREDIT,
        "unlimited_quota": False,
        "expires_at": 0,
    }
    return {"code": True, "message": "ok", "data": data}


def pricing_view() -> dict[str, Any]:
    data = [
        {"model_name": model, "quota_type": 1, "model_price": cents / 100, "enable_groups": [_GROUP]}
        for model, cents in PRICES.items()
    ]
    return {"success": True, "data": data, "group_ratio": {_GROUP: 1.0}}
