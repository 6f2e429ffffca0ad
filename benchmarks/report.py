"""What a benchmark found, and the page that says it."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NamedTuple

from benchmarks.timing import Spread

PAGE = """\
# Benchmarks

Written by `python -m benchmarks`; do not edit.

{facts}

Every comparison runs its sides in turn, A B B A A B …, after one uncounted run of each, so that
what slows the machine slows all sides. Figures are medians with the lowest and the highest; a
ratio is that of the medians, with the lowest and the highest of single rounds. The verdicts are
computed from the figures.

{summary}{sections}"""

UNITS = (("s", 1.0), ("ms", 1e3), ("µs", 1e6))


class Goal(NamedTuple):
    """What a figure should reach; ``sign`` is ≥ or ≤."""

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
        middle, lowest, highest = (plain(value, digits=4) for value in self.figure)
        shown = f"{middle}{self.goal.unit} ({lowest} to {highest})"
        met = "met" if self.goal.is_met(self.figure.median) else "**missed**"
        return [self.what, shown, str(self.goal), met]


class Section(NamedTuple):
    """One benchmark's part of the page; the first row of ``rows`` is the table's head."""

    title: str
    text: str
    rows: Sequence[Sequence[str]]
    verdicts: Sequence[Verdict]

    def __str__(self) -> str:
        return f"\n## {self.title}\n\n{self.text.strip()}\n\n{table(self.rows)}"


def page(sections: Sequence[Section]) -> str:
    verdicts = [verdict.cells() for section in sections for verdict in section.verdicts]
    summary = table([["", "Result", "Goal", "Verdict"], *verdicts])
    return PAGE.format(facts=facts(), summary=summary, sections="".join(map(str, sections)))


def facts() -> str:
    """Say what the figures depend on."""
    versions = [f"{name} {version(name.lower())}" for name in ("Keras", "TensorFlow")]
    python = f"Python {platform.python_version()}"
    today = datetime.now(UTC).date().isoformat()
    return ", ".join([f"Measured on {today} with {os.cpu_count()} CPUs", python, *versions]) + "."


def table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *body))


def time_text(figure: Spread) -> str:
    """Return a time with its lowest and highest, in the unit that suits it."""
    unit, scale = next((pair for pair in UNITS if figure.median * pair[1] >= 1), UNITS[-1])
    middle, lowest, highest = (plain(value * scale) for value in figure)
    return f"{middle} {unit} ({lowest} to {highest})"


def plain(value: float, digits: int = 3) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.{digits}g}"
