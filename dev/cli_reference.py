"""Writes the reference of the command line into docs/cli.md, from the definition of the commands.

Run it by hand after a change: `.venv/bin/python -m dev.cli_reference`. A test says if it is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from airflow_provider_phota.cli.commands import Argument, Command, all_commands
from airflow_provider_phota.cli.parser import PROGRAM

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
#: Characters of a line of text.
_WIDTH = 130
_BEGIN, _END = "<!-- begin: written by dev/cli_reference.py -->", "<!-- end -->"


def with_reference(page: str) -> str:
    """Returns the text of the page with the reference as the commands are now."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n\n{reference()}\n{_END}{after}"


def reference() -> str:
    """Returns a section for each command."""
    return "\n".join(line for name, command in all_commands() for line in _section(name, command))


def _section(name: str, command: Command) -> Iterator[str]:
    positional = [each for each in command.arguments if not each.flags[0].startswith("-")]
    words = " ".join(_placeholder(each) for each in positional)
    yield from (f"### {name}", "", fill(f"{command.help} {command.details}", _WIDTH), "")
    yield from ("```text", f"{PROGRAM} {name} {words}".rstrip(), "```", "")
    yield from ("| argument | meaning |", "| --- | --- |")
    yield from (f"| `{_spelling(each)}` | {each.help} |" for each in command.arguments)
    yield ""


def _spelling(argument: Argument) -> str:
    if not argument.flags[0].startswith("-"):
        return str(argument.options.get("metavar", argument.flags[0]))
    takes_value = argument.options.get("action") != "store_true"
    value = argument.options.get("metavar") or argument.flags[0].lstrip("-").replace("-", "_").upper()
    return f"{argument.flags[0]} {value}" if takes_value else argument.flags[0]


def _placeholder(argument: Argument) -> str:
    name = _spelling(argument)
    return f"[{name}]" if argument.options.get("nargs") == "?" else name


if __name__ == "__main__":
    PAGE.write_text(with_reference(PAGE.read_text()))
