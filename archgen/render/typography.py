"""How wide text is: the advance widths of the shipped font, which are those of Arial."""

import json
from functools import cache
from math import ceil
from pathlib import Path
from typing import NamedTuple

FONTS = Path(__file__).parent / "fonts"
FACES = {"regular": "archgen-sans-regular.ttf", "bold": "archgen-sans-bold.ttf"}
EM = 1000  # an em in the table of widths
UNITS = {10**12: "T", 10**9: "G", 10**6: "M", 10**3: "k"}
UNKNOWN = 1000  # a sign that the font lacks is taken to be as wide as it is high


class Run(NamedTuple):
    """A piece of text in one style; ``role`` names its colour, ``gap`` is the space before it."""

    text: str
    size: float = 11.5
    role: str = "ink"
    bold: bool = False
    gap: float = 0.0


class _Advances(dict[str, int]):
    """Advance widths by sign, in thousandths of an em."""

    def __missing__(self, sign: str) -> int:
        return UNKNOWN


@cache
def advances() -> dict[bool, _Advances]:
    """Return the advance widths of signs, regular and bold."""
    table = json.loads((FONTS / "widths.json").read_text(encoding="utf-8"))
    signs = table["characters"]
    return {
        bold: _Advances(zip(signs, table[style], strict=True))
        for bold, style in ((False, "regular"), (True, "bold"))
    }


def width(*runs: Run) -> float:
    """Return the width of runs in a row, in pixels."""
    across = 0.0
    for text, size, _, bold, gap in runs:
        across += gap + sum(map(advances()[bold].__getitem__, text)) * size / EM
    return across


def room(*runs: Run) -> float:
    """Return the width of a box around runs: even, so that its middle is a whole pixel."""
    return 2.0 * ceil(width(*runs) / 2)


def wrapped(text: str, size: float, across: float, most: int) -> list[str]:
    """Return text in lines of a width, no more than ``most``; none for no text."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(Run(longer, size)) <= across:
            lines[-1] = longer
        else:
            lines.append(_cut(word, size, across))
    if len(lines) > most:
        return [*lines[: most - 1], _cut(f"{lines[most - 1]} …", size, across)]
    return lines


def _cut(text: str, size: float, across: float) -> str:
    """Return text that is no wider than ``across``."""
    if width(Run(text, size)) <= across:
        return text
    kept = text
    while kept and width(Run(f"{kept}…", size)) > across:
        kept = kept[: -max(1, len(kept) // 16)]
    return f"{kept}…"


def quantity(count: int) -> str:
    """Return a count in three significant digits: ``318 k``, ``42.7 M``, ``12.3 G``."""
    for unit, sign in UNITS.items():
        if float(f"{count / unit:.3g}") >= 1:
            rounded = f"{count / unit:#.3g}".removesuffix(".")
            return f"{rounded} {sign}"
    return str(count)


def share(part: int, whole: int) -> str:
    """Return a share in percent, ``<1%`` for little and nothing for none."""
    if not part or not whole:
        return "0%" if whole else ""
    percent = 100 * part / whole
    return "<1%" if percent < 0.5 else f"{percent:.0f}%"  # noqa: PLR2004 - what rounds to 0
