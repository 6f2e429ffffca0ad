"""Where text leaves archgen: results on standard output, complaints on standard error."""

import sys
from collections.abc import Sequence

from archgen.diagnostics import Fault, render_fault

SHOWN_FAULTS = 50


def say(text: str, end: str = "\n") -> None:
    """Print a result."""
    print(text, end=end)


def complain(text: str) -> None:
    """Print what went wrong to standard error."""
    print(plain(text), file=sys.stderr)


def plain(text: str) -> str:
    """Return text of a stranger's spec without what would move a terminal's cursor."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)


def shown(faults: Sequence[Fault]) -> str:
    """Return the first faults as text, and how many more there are."""
    blocks = [render_fault(fault) for fault in faults[:SHOWN_FAULTS]]
    more = len(faults) - len(blocks)
    return "\n\n".join([*blocks, f"… and {more:,} more"] if more else blocks)
