"""The fenced code blocks of README.md and docs/, and what the comment before a block says about it.

A `python` block that makes a DAG is run as one, and bills one edit; any other is executed, and bills none to
the connection. A comment right before a block can say otherwise:

    <!-- edits: N -->         how many edits the block bills
    <!-- file: PATH -->       a file of the page's pytest project, which is run as a whole
    <!-- project: WHEN -->    the commands of that project
    <!-- airflow: 3.3 -->     needs this version or a later one
    <!-- not run: REASON -->  compiled only
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_TEMPLATE = re.compile(r"""`(?:\w+=)?"?([^`"]*\{\{[^`"]*)"?`""")
_COMMENT = re.compile(r"<!-- (edits|file|project|airflow|not run): (.+) -->")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    language: str
    code: str
    said: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def kind(self) -> str:
        for said, kind in (("file", "file"), ("not run", "not run")):
            if said in self.said:
                return kind
        return "dag" if re.search(r"\bDAG\(", self.code) else "script"

    @property
    def edits(self) -> int:
        return int(self.said.get("edits", 1 if self.kind == "dag" else 0))


def blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in _blocks_of(page) if block.language == language]


def templates() -> Iterator[tuple[str, str]]:
    """The Jinja templates in the text of the pages, each with its place."""
    for page in PAGES:
        is_code = False
        for number, line in enumerate(page.read_text().splitlines(), 1):
            is_code ^= line.startswith("```")
            for template in [] if is_code else _TEMPLATE.findall(line):
                yield f"{page.name}:{number}", template


def works_on(block: Block, airflow: Version) -> bool:
    """Whether a block is for this version of Airflow."""
    return Version(block.said.get("airflow", "0")) <= airflow


def _blocks_of(page: Path) -> Iterator[Block]:
    said: dict[str, str] = {}
    language, start, code = "", 0, list[str]()
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if start:
            if line == "```":
                yield Block(page, start, language, "\n".join(code) + "\n", said)
                said, start, code = {}, 0, []
            else:
                code.append(line)
        elif line.startswith("```"):
            language, start = line.removeprefix("```"), number
        elif comment := _COMMENT.fullmatch(line):
            said = {**said, comment[1]: comment[2]}
        elif line:
            assert not said, f"{page.name}:{number}: a comment about a block, and no block"


def commands(block: Block) -> Iterator[list[str]]:
    """The commands of a shell block; one may go over several lines inside quotes."""
    text = ""
    for line in block.code.splitlines():
        text += line + "\n"
        try:
            words = shlex.split(text)
        except ValueError:  # the quotation goes on
            continue
        text = ""
        if words:
            yield words
    assert not text, f"{block.id}: a quotation is not closed"
