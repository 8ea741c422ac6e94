"""Explains how a value of the wrong type may have come about, for messages to a DAG's author."""

from __future__ import annotations

import ast

from airflow_provider_phota.api.written import NATIVE_RENDERING

#: For messages about a text that should have been a list, a number or an ID.
RENDERED_TO_TEXT = (
    "A Jinja template renders to a string: pass the XComArg itself (task.output), or set "
    "render_template_as_native_obj=True on the DAG."
)


def hint_for(value: object) -> str:
    """Explains what may have made a value out of a text; empty if there is no value."""
    return "" if value is None else f" {NATIVE_RENDERING}"


def is_collection_repr(text: str) -> bool:
    """Returns True for the text of a Python list, tuple or dict, as Jinja writes one into a string."""
    if not text.strip().startswith(("[", "(", "{")):
        return False
    try:
        return isinstance(ast.literal_eval(text.strip()), (list, tuple, dict, set))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
