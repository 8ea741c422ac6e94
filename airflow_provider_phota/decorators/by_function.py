"""Turns what a decorated function returns into the arguments of an operator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    DecoratedOperator,
    context_merge,
    determine_kwargs,
    task_decorator_factory,
)

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.results.cards import Asked
from airflow_provider_phota.retrying import as_airflow_errors

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, TaskDecorator


class Returned:
    """Stands for an argument that the function returns when the task runs."""

    def resolve(self, context: Context) -> Returned:  # noqa: ARG002  # marks a value that comes later
        return self

    def __repr__(self) -> str:
        return "<returned by the function>"


RETURNED = Returned()


class ByFunction(DecoratedOperator):
    """Calls a function when the task runs; what it returns is what is ordered.

    A dict, or an order of `airflow_provider_phota.api.orders`, has arguments of the order by their names, and
    replaces those of the decorator. Anything else is the one argument that the decorator leaves out. What is
    returned is used as it is: templates in it are not rendered.
    """

    #: The arguments that the function may return, those first that an order needs.
    order_arguments: ClassVar[Sequence[str]]
    #: How many of them an order needs.
    needed: ClassVar[int] = 1
    # so that Airflow's page of rendered fields shows what was returned
    overwrite_rtif_after_execution = True

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        needed = self.order_arguments[: self.needed]
        left_out: dict[str, Any] = {name: RETURNED for name in needed if name not in kwargs}
        super().__init__(
            python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, **left_out, **kwargs
        )
        self._left_out = tuple(left_out)

    def execute(self, context: Context) -> Any:
        context_merge(context, self.op_kwargs)
        values = determine_kwargs(self.python_callable, self.op_args, context)
        returned = self.python_callable(*self.op_args, **values)
        with as_airflow_errors():
            for name, value in self._arguments(returned).items():
                setattr(self, name, value)
        return super().execute(context)

    def _arguments(self, returned: object) -> Mapping[str, object]:
        """Returns the arguments that the function has returned, by their names.

        Raises:
            PhotaInputError: It has returned something else, or an argument is still missing.
        """
        function = self.python_callable.__name__
        if is_dataclass(returned) and not isinstance(returned, type):
            values = {each.name: (getattr(returned, each.name), each.default) for each in fields(returned)}
            returned = {name: value for name, (value, default) in values.items() if value != default}
        if not isinstance(returned, Mapping):
            if len(self._left_out) != 1:
                raise PhotaInputError(function, f"must return a dict of arguments, got {shown(returned)}.")
            return {self._left_out[0]: returned}
        if unknown := [name for name in returned if name not in self.order_arguments]:
            known = ", ".join(self.order_arguments)
            raise PhotaInputError(
                function, f"returned {shown(unknown[0])}, which is not an argument of an order: {known}."
            )
        if missing := [name for name in self._left_out if name not in returned]:
            raise PhotaInputError(function, f"did not return {missing[0]}, which the decorator leaves out.")
        return returned


class OneOrderByFunction(ByFunction):
    """Does that for an operator of one order, which may resume in another process after its wait.

    There the function is not called again. What is still needed was pushed when the order was submitted.
    """

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        ti = context["ti"]
        if pushed := ti.xcom_pull(task_ids=ti.task_id, key=xcom_keys.ORDER, map_indexes=ti.map_index):
            for name, value in self._arguments_of(Asked.from_dict(pushed)).items():
                setattr(self, name, value)
        return super().execute_complete(context, event)  # type: ignore[misc]  # the operator has it

    def _arguments_of(self, asked: Asked) -> Mapping[str, object]:
        """Returns the arguments of an order that was submitted, by their names."""
        raise NotImplementedError


def decorator(
    operator: type[ByFunction], python_callable: Callable[..., Any] | None, arguments: dict[str, Any]
) -> TaskDecorator:
    """Returns the decorator that makes a function a task of an operator, or the decorated function.

    Args:
        operator: the class of the task.
        python_callable: the function; None if the decorator is written with arguments.
        arguments: of the operator.
    """
    # Airflow would guess it from the function's annotation, which tells nothing of the operator's result
    arguments.setdefault("multiple_outputs", False)
    return task_decorator_factory(python_callable, decorated_operator_class=operator, **arguments)
