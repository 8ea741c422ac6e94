"""Keeps texts as a DAG's author wrote them, where native rendering would make something else of them.

With `render_template_as_native_obj=True` Airflow reads every rendered text as a Python literal, if it is one,
also a text without any template in it: `'a neon sign'` loses its quotes, and `2024` becomes a number. An edit
with another prompt than the author's would be billed.
"""

from __future__ import annotations

import ast
import re

from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.parsing import has_template

#: For messages about a value that is not a text.
NATIVE_RENDERING = (
    "Native rendering (render_template_as_native_obj=True on the DAG) makes a number of a template that "
    "renders to 2024, and takes the quotes off one that renders to 'a sign': write "
    "\"{{ '%r' | format(params.prompt) }}\" to keep the text of params.prompt as it is."
)


class Written:
    """The texts that an operator was given when the DAG was parsed, by the names of its attributes."""

    def __init__(self, **texts: object) -> None:
        self._texts = {name: text for name, text in texts.items() if isinstance(text, str) or is_list(text)}

    def restore(self, operator: object) -> None:
        """Put back what native rendering has changed, and nothing that anybody else has."""
        for name, text in self._texts.items():
            rendered = getattr(operator, name)
            if (restored := as_written(text, rendered)) is not rendered:
                setattr(operator, name, restored)


def as_written(written: object, rendered: object) -> object:
    """The author's text where native rendering has changed it; else what was rendered.

    Args:
        written: when the DAG was parsed.
        rendered: what became of it, in Airflow or in a subclass of the user's.
    """
    if isinstance(written, str):
        if has_template(written):
            return rendered
        text = _as_text(written)
        # most texts are as they were, and need not be read as Python
        return text if rendered != text and _is_same(_natively(text), rendered) else rendered
    if is_list(written) and is_list(rendered) and len(written) == len(rendered):
        restored = [as_written(*pair) for pair in zip(written, rendered, strict=True)]
        return restored if restored != list(rendered) else rendered
    return rendered


def changes_natively(text: str) -> bool:
    """True if native rendering makes something else of the text as it stands."""
    return _natively(text) != text


def _as_text(written: str) -> str:
    """What Airflow makes of it otherwise: Jinja unifies the ends of lines, and drops the last."""
    return re.sub(r"\r\n|\r", "\n", written).removesuffix("\n")


def _natively(text: str) -> object:
    """As Jinja's native environment does it."""
    try:
        return ast.literal_eval(ast.parse(text, mode="eval"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
