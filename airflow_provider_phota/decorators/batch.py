"""Provides `@task.phota_batch`: a function says what the items of a batch are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_phota.api.orders.base import EDIT_MODEL, ENHANCE_MODEL, GENERATE_MODEL
from airflow_provider_phota.api.orders.checks import checked_word
from airflow_provider_phota.decorators.by_function import ByFunction, decorator
from airflow_provider_phota.operators.edit_batch import PhotaImageEditBatchOperator
from airflow_provider_phota.operators.enhance_batch import PhotaImageEnhanceBatchOperator
from airflow_provider_phota.operators.generate_batch import PhotaImageGenerateBatchOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import TaskDecorator


class EditBatchByFunction(ByFunction, PhotaImageEditBatchOperator):
    """Edits the pictures that a function returns."""

    custom_operator_name = "@task.phota_batch"
    template_fields = (*ByFunction.template_fields, *PhotaImageEditBatchOperator.template_fields)
    order_arguments = ("edits", "prompt", "num_outputs", "resolution", "profile_ids")


class GenerateBatchByFunction(ByFunction, PhotaImageGenerateBatchOperator):
    """Makes the pictures that a function describes."""

    custom_operator_name = "@task.phota_batch"
    template_fields = (*ByFunction.template_fields, *PhotaImageGenerateBatchOperator.template_fields)
    order_arguments = ("orders", "prompt", "num_outputs", "resolution", "aspect_ratio", "profiles")


class EnhanceBatchByFunction(ByFunction, PhotaImageEnhanceBatchOperator):
    """Makes better versions of the pictures that a function returns."""

    custom_operator_name = "@task.phota_batch"
    template_fields = (*ByFunction.template_fields, *PhotaImageEnhanceBatchOperator.template_fields)
    order_arguments = ("orders", "resolution", "creativity", "resemblance", "profile_ids")


_CLASSES: dict[str, type[ByFunction]] = {
    EDIT_MODEL: EditBatchByFunction,
    GENERATE_MODEL: GenerateBatchByFunction,
    ENHANCE_MODEL: EnhanceBatchByFunction,
}


def phota_batch_task(
    python_callable: Callable[..., Any] | None = None, *, model: str = EDIT_MODEL, **kwargs: Any
) -> TaskDecorator:
    """Makes a function a task that places any number of orders with PHOTA. Every submit is billed.

    Args:
        python_callable: returns the items: a path, or a list of paths, prompts or dicts; or a dict of
            arguments of the batch operator.
        model: `phota-image-edit`, `phota-image` or `phota-image-enhance`. It decides which batch operator
            places the orders.
        kwargs: the arguments of that operator that the function does not return.

    Raises:
        PhotaInputError: There are no batches of that model.
    """
    operator = _CLASSES[checked_word("model", model, tuple(_CLASSES))]
    return decorator(operator, python_callable, kwargs)
