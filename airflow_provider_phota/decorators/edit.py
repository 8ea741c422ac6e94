"""Provides `@task.phota_edit`: a function says what to edit, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_phota.decorators.by_function import ByFunction, OneOrderByFunction, decorator
from airflow_provider_phota.operators.edit import PhotaImageEditOperator
from airflow_provider_phota.results.cards import Asked

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import TaskDecorator


class EditByFunction(OneOrderByFunction, PhotaImageEditOperator):
    """Edits pictures as a function says."""

    custom_operator_name = "@task.phota_edit"
    template_fields = (*ByFunction.template_fields, *PhotaImageEditOperator.template_fields)
    order_arguments = ("prompt", "image_urls", "num_outputs", "resolution", "profile_ids")
    needed = 2

    def _arguments_of(self, asked: Asked) -> Mapping[str, object]:
        return {
            "prompt": asked.prompt,
            "image_urls": list(asked.files),
            "num_outputs": asked.num_outputs,
            "resolution": asked.resolution,
        }


def phota_edit_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> TaskDecorator:
    """Makes a function a task that edits pictures (model `phota-image-edit`). Every submit is billed.

    Args:
        python_callable: returns the prompt or the pictures, whichever the decorator leaves out, or a dict of
            arguments of the order.
        kwargs: the arguments of `PhotaImageEditOperator` that the function does not return.
    """
    return decorator(EditByFunction, python_callable, kwargs)
