"""Decides whether a sensor can start in the triggerer, by what Airflow can render there.

In a triggerer, Airflow renders templates within its event loop. If a template asks the API server there for
anything but one XCom of one map index, it never gets an answer, and the task hangs. So a sensor starts in the
triggerer only with a template that is known to render, and on a worker with every other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import XComArg
from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from airflow_provider_phota.api.written import changes_natively
from airflow_provider_phota.compat import STARTS_IN_TRIGGERER

if TYPE_CHECKING:
    from jinja2.nodes import Template

#: Names that a template can use without a question to the API server.
_AT_HAND = frozenset({"run_id", "params", "dag_run", "ds", "ts", "logical_date"})
_INSTANCE = frozenset({"ti", "task_instance"})


@dataclass(frozen=True)
class OnWorker:
    """Tells the log why the sensor has to start on a worker."""

    why: str


def starting_id(phota_task_id: object) -> str | OnWorker:
    """Returns the PHOTA task ID in a form that a triggerer can render, or why that is not possible.

    Args:
        phota_task_id: what the DAG's author gave: an ID, a template, or another task's output.
    """
    if not STARTS_IN_TRIGGERER:
        return OnWorker("that needs Airflow 3.3 or later")
    if isinstance(phota_task_id, XComArg):
        return _of_output(phota_task_id)
    if isinstance(phota_task_id, Mapping):
        phota_task_id = phota_task_id.get("phota_task_id")
    if not isinstance(phota_task_id, str):
        return OnWorker("its phota_task_id is not text")
    if changes_natively(phota_task_id):
        return OnWorker("native rendering may change its phota_task_id")
    return _of_template(phota_task_id)


def _of_output(output: XComArg) -> str | OnWorker:
    references = list(output.iter_references())
    plain = getattr(output, "operator", None)  # outputs that are mapped or zipped do not have an operator
    if plain is None or len(references) != 1 or getattr(plain, "is_mapped", False):
        return OnWorker("its phota_task_id is the output of several tasks")
    if plain.get_closest_mapped_task_group() is not None:
        return OnWorker("its phota_task_id is the output of a mapped task group")
    ((_, key),) = references
    pull = f"ti.xcom_pull(task_ids={plain.task_id!r}, key={key!r}, map_indexes=-1)"
    # a task that waits returns a dict with the ID in it; the template asks for the XCom only once
    return f"{{% set found = {pull} %}}{{{{ found['phota_task_id'] if found is mapping else found }}}}"


def _of_template(text: str) -> str | OnWorker:
    try:
        template = Environment(autoescape=True).parse(text)
    except TemplateSyntaxError:
        return OnWorker("its phota_task_id is a template that Airflow must judge")
    names = meta.find_undeclared_variables(template)
    if foreign := sorted(names - _AT_HAND - _INSTANCE):
        return OnWorker(f"its phota_task_id uses {', '.join(foreign)}")
    if names & _INSTANCE and not _pulls_one_index(template):
        return OnWorker("its phota_task_id pulls an XCom without map_indexes")
    return text


def _pulls_one_index(template: Template) -> bool:
    """Returns True if the template asks the task instance only for XComs with a map index."""
    calls = [call for call in template.find_all(nodes.Call) if _is_pull(call.node)]
    asked = [name for name in template.find_all(nodes.Name) if name.name in _INSTANCE]
    return len(calls) == len(asked) and all(
        any(argument.key == "map_indexes" for argument in call.kwargs) for call in calls
    )


def _is_pull(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Getattr) and node.attr == "xcom_pull"
