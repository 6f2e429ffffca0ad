"""What a benchmark found, and the page that says it."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NamedTuple

from benchmarks.timing import Spread

HEAD = """\
# Benchmarks

Written by `python -m benchmarks`; do not edit.

{facts}

Each comparison runs its sides in turn, A B B A A B …, after one uncounted run of each, so that
what slows the machine slows both. Figures are medians; a ratio is that of the medians, with the
lowest and highest of single rounds. The verdicts are computed from the figures.
"""


class Goal(NamedTuple):
    """What a figure should reach: at least or at most ``limit``."""

    sign: str
    limit: float
    unit: str

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g}{self.unit}"

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.sign == "≥" else value <= self.limit


class Verdict(NamedTuple):
    """A figure and its goal."""

    what: str
    figure: Spread
    goal: Goal

    def cells(self) -> list[str]:
        lowest, highest = plain(self.figure.lowest), plain(self.figure.highest)
        shown = f"{plain(self.figure.median)}{self.goal.unit} ({lowest} to {highest})"
        met = "met" if self.goal.is_met(self.figure.median) else "**missed**"
        return [self.what, shown, str(self.goal), met]


@dataclass(frozen=True)
class Section:
    """One benchmark's part of the page; the first row of ``table`` is its head."""

    title: str
    text: str
    table: Sequence[Sequence[str]]
    verdicts: Sequence[Verdict]

    def __str__(self) -> str:
        return f"## {self.title}\n\n{self.text.strip()}\n\n{table(self.table)}"


def page(sections: Sequence[Section]) -> str:
    verdicts = [verdict.cells() for section in sections for verdict in section.verdicts]
    summary = table([["", "Result", "Goal", "Verdict"], *verdicts])
    return "\n".join([HEAD.format(facts=facts()), summary, *map(str, sections)])


def facts() -> str:
    """Say what the figures depend on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("keras", "tensorflow"))
    today = datetime.now(UTC).date().isoformat()
    return f"{today}: {os.cpu_count()} CPUs, Python {platform.python_version()}, {packages}."


def table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *body))


def seconds(figure: Spread) -> list[str]:
    """Return median, lowest and highest in one unit."""
    unit, scale = next(pair for pair in UNITS if figure.median * pair[1] >= 1 or pair == UNITS[-1])
    return [f"{plain(value * scale)} {unit}" for value in figure]


UNITS = (("s", 1), ("ms", 1e3), ("µs", 1e6))
SECONDS = ("Median", "Lowest", "Highest")


def plain(value: float) -> str:
    """Return a number with three digits, four from 1 to 10 where goals lie close together."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.4g}" if 1 <= value < 10 else f"{value:.3g}"


def joined(words: Iterable[str]) -> str:
    return " ".join(words)
