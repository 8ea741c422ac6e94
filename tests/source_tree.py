"""The project's own source, read and not imported: its modules, what they import, how long they are."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "airflow_provider_phota"
#: The first names of modules that are ours.
OURS = {PACKAGE.name, "dev", "tests", "benchmarks"}


def modules_of(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


def name_of(module: Path) -> str:
    """Returns the name by which a module is imported, such as `dev.demo`."""
    return ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(module: Path) -> set[str]:
    """Returns what a module imports anywhere: `a.b` for `import a.b`, `a.b.c` for `from a.b import c`."""
    names = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def outside_of(names: Iterable[str]) -> set[str]:
    """Returns those names that belong neither to us nor to the standard library."""
    known = OURS | set(sys.stdlib_module_names)
    return {name for name in names if name.partition(".")[0] not in known}


def functions_of(module: Path) -> Iterator[tuple[str, int]]:
    """Yields the functions of a module, each with how many lines its body has, the docstring left out."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield node.name, body[-1].end_lineno - body[0].lineno + 1 if body else 0
