"""Text of a stranger's spec as messages show it: escaped and cut; imports ``limits``."""

from archgen.limits import LIMITS


def printable(text: str) -> str:
    """Return the text with what a terminal might obey escaped."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def told(text: str) -> str:
    """Return a message, label, note or help as it may be shown: one line, not too long."""
    shown = printable(text)
    return shown if len(shown) <= LIMITS.told else shown[: LIMITS.told - 1] + "…"
