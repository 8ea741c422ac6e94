"""Provides `@task.phota_enhance`: a function says which picture becomes a better one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_phota.decorators.by_function import ByFunction, OneOrderByFunction, decorator
from airflow_provider_phota.operators.enhance import PhotaImageEnhanceOperator
from airflow_provider_phota.results.cards import Asked

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import TaskDecorator


class EnhanceByFunction(OneOrderByFunction, PhotaImageEnhanceOperator):
    """Makes a better version of the picture that a function names."""

    custom_operator_name = "@task.phota_enhance"
    template_fields = (*ByFunction.template_fields, *PhotaImageEnhanceOperator.template_fields)
    order_arguments = ("image_url", "resolution", "creativity", "resemblance", "profile_ids")

    def _arguments_of(self, asked: Asked) -> Mapping[str, object]:
        return {"image_url": asked.files[0], "resolution": asked.resolution}


def phota_enhance_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> TaskDecorator:
    """Makes a function a task that enhances a picture (model `phota-image-enhance`). Every submit is billed.

    Args:
        python_callable: returns the picture, or a dict of arguments of the order.
        kwargs: the arguments of `PhotaImageEnhanceOperator` that the function does not return.
    """
    return decorator(EnhanceByFunction, python_callable, kwargs)
