"""How text is shown: the cells it takes, the signs an encoding lacks, wrapping and colours.

Imports nothing of archgen.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# What stands for a sign of ours where a terminal cannot show it.
FOLDED = {
    "×": "x",
    "─": "-",
    "−": "-",
    "–": "-",
    "→": "->",
    "…": "...",
    "≥": ">=",
    "≤": "<=",
    "�": "?",
}
UNPRINTABLE = "�"
# Vowels and finals of Korean syllables that are written in parts take no cell of their own.
_JAMO = range(0x1160, 0x1200)
_STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "message": "1",
    "gutter": "1;34",
    "related": "1;34",
    "kind": "1",
    "help": "1;36",
}


@dataclass(frozen=True, slots=True)
class Look:
    """What the reader's side can show.

    ``columns`` is a terminal's width, None where nothing is wrapped; ``encoding`` None shows every
    printable sign.
    """

    columns: int | None = None
    colour: bool = False
    encoding: str | None = None

    def plain(self, text: str) -> str:
        """Return text without what would move a cursor or cannot be encoded; lines stay."""
        if text.isascii() and text.isprintable():
            return text
        return "".join(sign if sign == "\n" else self.sign(sign) for sign in text)

    def sign(self, sign: str) -> str:
        """Return what shows one character."""
        return _sign(sign, self.encoding)

    def paint(self, style: str, text: str) -> str:
        """Return text in the colour of a style, where there are colours."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour and text else text


PLAIN = Look()


@lru_cache(4096)
def _sign(sign: str, encoding: str | None) -> str:
    wanted = sign if sign.isprintable() else UNPRINTABLE
    return wanted if _has(encoding, wanted) else folded(wanted)


def _has(encoding: str | None, sign: str) -> bool:
    try:
        sign.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def folded(text: str) -> str:
    """Return text in ASCII: our own signs by their likes, others escaped."""
    return "".join(
        FOLDED.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in text
    )


def fold_what_fails(error: UnicodeError) -> tuple[str, int]:
    """Return, as an error handler of a codec, what stands for signs that an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return folded(error.object[error.start : error.end]), error.end


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


@lru_cache(4096)
def _cells(sign: str) -> int:
    if ord(sign) in _JAMO or unicodedata.category(sign) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1


def wrapped(text: str, columns: int | None, first: int = 0, rest: int = 0) -> list[str]:
    """Return text in lines of so many cells; None: in one.

    ``first`` cells are taken in front of the first line; those behind it are indented by ``rest``.
    """
    if columns is None:
        return [text]
    lines, line, room = list[str](), "", columns - first
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cells(joined) > room and line:
            lines.append(line)
            joined, room = word, columns - rest
        while cells(joined) > room:
            piece = _fitting(joined, room)
            lines.append(piece)
            joined, room = joined[len(piece) :], columns - rest
        line = joined
    lines.append(line)
    return [lines[0], *(" " * rest + line for line in lines[1:])]


def _fitting(text: str, room: int) -> str:
    """Return the start of a text that takes no more cells than there are, one sign at least."""
    count = next(i for i in range(1, len(text) + 1) if cells(text[:i]) > room)
    return text[: max(count - 1, 1)]
