"""Keeps texts as a DAG's author wrote them, where native rendering would change them.

With `render_template_as_native_obj=True` Airflow reads every rendered text as a Python literal if it can,
even a text without a template in it: `'a neon sign'` loses its quotes, and `2024` becomes a number. An
order with another prompt than the author's would be billed.
"""

from __future__ import annotations

import ast
import re

from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.parsing import has_template

#: Explains, in an error, why a value is not a text.
NATIVE_RENDERING = (
    "Native rendering (render_template_as_native_obj=True on the DAG) turns a template that renders to 2024 "
    "into a number, and removes the quotes of one that renders to 'a sign': write "
    "\"{{ '%r' | format(params.prompt) }}\" to keep the text of params.prompt as it is."
)


class Written:
    """Remembers the texts that an operator was given when the DAG was parsed.

    Args:
        texts: the texts, by the names of the operator's attributes.
    """

    def __init__(self, **texts: object) -> None:
        self._texts = {name: text for name, text in texts.items() if isinstance(text, str) or is_list(text)}

    def restore(self, operator: object) -> None:
        """Restores the texts that native rendering has changed, but not those that a subclass has changed."""
        for name, text in self._texts.items():
            rendered = getattr(operator, name)
            if (restored := as_written(text, rendered)) is not rendered:
                setattr(operator, name, restored)


def as_written(written: object, rendered: object) -> object:
    """Returns the author's text if native rendering has changed it, else the rendered value.

    Args:
        written: the text when the DAG was parsed.
        rendered: what Airflow, or a subclass of the user's, has made of it.
    """
    if isinstance(written, str):
        if has_template(written):
            return rendered
        text = _as_text(written)
        # most texts are unchanged: only the others are read as Python
        return text if rendered != text and _is_same(_natively(text), rendered) else rendered
    if is_list(written) and is_list(rendered) and len(written) == len(rendered):
        restored = [as_written(*pair) for pair in zip(written, rendered, strict=True)]
        return restored if restored != list(rendered) else rendered
    return rendered


def changes_natively(text: str) -> bool:
    """True if native rendering would change the text."""
    return _natively(text) != text


def _as_text(written: str) -> str:
    """Returns what Airflow renders otherwise: Jinja unifies the ends of lines and drops the last one."""
    return re.sub(r"\r\n|\r", "\n", written).removesuffix("\n")


def _natively(text: str) -> object:
    """Returns what Jinja's native environment makes of a text."""
    try:
        return ast.literal_eval(ast.parse(text, mode="eval"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
