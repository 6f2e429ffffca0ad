"""Literate test cases: Markdown files of prose and fenced blocks, one case a heading.

A case is a heading, its prose and its blocks; a heading without a block of its own, such as the
title of a file, is none. A block's info string is what stands behind its opening fence.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

UPDATE = bool(os.environ.get("UPDATE"))
HEADING = re.compile(r"#+ +(?P<title>.*)")
FENCE = re.compile(r"(?P<fence>```+)(?P<info>[^`]*)")


class Block(NamedTuple):
    """A fenced block: its info string, its text, the line of its opening fence."""

    info: str
    text: str
    line: int


class Case(NamedTuple):
    """One example: the heading, the prose below it, the blocks, and where it stands."""

    title: str
    prose: str
    blocks: tuple[Block, ...]
    path: Path
    line: int

    @property
    def id(self) -> str:
        """Return the name of the file and of the case, as a test's id."""
        return f"{self.path.stem}: {self.title}"


def cases(folder: Path) -> list[Case]:
    """Return every case of the Markdown files of a folder, in the order of names and lines."""
    return [case for path in sorted(folder.glob("*.md")) for case in _cases(path)]


def blocks_of(path: Path) -> list[Block]:
    """Return the blocks of a file that is one case."""
    lines = enumerate(path.read_text(encoding="utf-8").split("\n"), start=1)
    return [
        Block(fence["info"].strip(), _body(lines, fence["fence"]), number)
        for number, line in lines
        if (fence := FENCE.fullmatch(line))
    ]


def rewrite(case: Case, block: Block, text: str) -> None:
    """Put another text into a block of a file, for review."""
    before, after = (f"```{block.info}\n{body}```\n" for body in (block.text, text))
    content = case.path.read_text(encoding="utf-8")
    at = content.index(before, content.index(f"# {case.title}\n"))
    content = content[:at] + after + content[at + len(before) :]
    case.path.write_text(content, encoding="utf-8")


def _cases(path: Path) -> Iterator[Case]:
    title, start, prose, blocks = "", 1, list[str](), list[Block]()
    # Not `splitlines`, which also splits at what may stand inside a JSON string.
    lines = enumerate(path.read_text(encoding="utf-8").split("\n"), start=1)
    for number, line in lines:
        if fence := FENCE.fullmatch(line):
            blocks.append(Block(fence["info"].strip(), _body(lines, fence["fence"]), number))
        elif heading := HEADING.fullmatch(line):
            if blocks:
                yield Case(title, "\n".join(prose).strip(), tuple(blocks), path, start)
            title, start, prose, blocks = heading["title"], number, [], []
        else:
            prose.append(line)
    if blocks:
        yield Case(title, "\n".join(prose).strip(), tuple(blocks), path, start)


def _body(lines: Iterator[tuple[int, str]], fence: str) -> str:
    body = []
    for _, line in lines:
        if line.rstrip() == fence:
            break
        body.append(line + "\n")
    else:
        message = f"a block that does not end with {fence}"
        raise ValueError(message)
    return "".join(body)
