"""Text of a stranger's spec as messages show it: escaped, cut; imports ``limits``, ``places``."""

from typing import Final

from archgen.limits import LIMITS
from archgen.places import Place

MOST_TOLD: Final = LIMITS.told


def printable(text: str) -> str:
    """Return the text with what a terminal might obey escaped."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def told(text: str) -> str:
    """Return a message, label, note or help as it may be shown: one line, not too long."""
    if len(text) <= MOST_TOLD and text.isprintable():
        return text
    shown = printable(text[: MOST_TOLD + 1])
    return shown if len(shown) <= MOST_TOLD else shown[: MOST_TOLD - 1] + "…"


def where(place: Place) -> str:
    """Return file, line and column."""
    return f"{file_told(place.file)}:{place.line}:{place.column}"


def file_told(name: str) -> str:
    """Return the name of a file, which may stand first on a line: no command of a workflow."""
    return f"./{told(name)}" if name.startswith("::") else told(name)
