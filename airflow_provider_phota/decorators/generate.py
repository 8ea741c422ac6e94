"""Provides `@task.phota_generate`: a function says what a picture shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_phota.decorators.by_function import ByFunction, OneOrderByFunction, decorator
from airflow_provider_phota.operators.generate import PhotaImageGenerateOperator
from airflow_provider_phota.results.cards import Asked

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import TaskDecorator


class GenerateByFunction(OneOrderByFunction, PhotaImageGenerateOperator):
    """Makes pictures as a function says."""

    custom_operator_name = "@task.phota_generate"
    template_fields = (*ByFunction.template_fields, *PhotaImageGenerateOperator.template_fields)
    order_arguments = ("prompt", "num_outputs", "resolution", "aspect_ratio", "profiles")

    def _arguments_of(self, asked: Asked) -> Mapping[str, object]:
        return {
            "prompt": asked.prompt,
            "num_outputs": asked.num_outputs,
            "resolution": asked.resolution,
        }


def phota_generate_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> TaskDecorator:
    """Makes a function a task that makes pictures from a text (model `phota-image`). Every submit is billed.

    Args:
        python_callable: returns the prompt, or a dict of arguments of the order.
        kwargs: the arguments of `PhotaImageGenerateOperator` that the function does not return.
    """
    return decorator(GenerateByFunction, python_callable, kwargs)
