"""Rows of cells as aligned text and as Markdown; imports nothing of archgen."""

import re
from collections.abc import Iterable, Sequence

# What means something in Markdown; an underscore only at the edge of a word.
_MARKDOWN_SIGN = re.compile(r"[\\`*\[\]<>|&#~]|(?<![^\W_])_|_(?![^\W_])")


def aligned(rows: Sequence[Sequence[str]], words: int) -> list[str]:
    """Return a header and rows as lines: the first ``words`` columns to the left, others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column < words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return [lines[0], "─" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]]


def markdown_table(rows: Sequence[Sequence[str]], words: int) -> list[str]:
    """Return a header and rows as the lines of a Markdown table, aligned as by ``aligned``."""
    rule = ["---" if column < words else "---:" for column in range(len(rows[0]))]
    header, *body = ["| " + " | ".join(map(markdown_text, row)) + " |" for row in rows]
    return [header, "| " + " | ".join(rule) + " |", *body]


def markdown_text(text: str) -> str:
    """Return free text as Markdown that shows it as it is."""
    return _MARKDOWN_SIGN.sub(r"\\\g<0>", text)


def markdown_list(lines: Iterable[str]) -> list[str]:
    """Return a Markdown list of free text, one point for each."""
    return [f"- {markdown_text(line)}" for line in lines]
