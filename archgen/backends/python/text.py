"""Text of a spec in Python source: literals, prose, names; imports nothing of archgen.

Nothing of a spec reaches the source but through `literal`, `quoted`, `prose` and `Names`.
"""

import keyword
import re
import textwrap
from collections.abc import Iterable
from typing import Any

WIDTH = 88  # what ruff format and Black take where nobody says otherwise
INDENTED = WIDTH - 10  # of a function's docstring on one line, between its quotes
LONGEST = 30  # of a variable, so that a line has room for the call behind it

# What the generated source itself calls; parameters and variables are never called so.
RESERVED = frozenset(
    {
        "Fraction", "ValueError", "__debug__", "avg_pool", "ceil", "exact", "float", "floor",
        "input_shape", "inputs", "int", "isinstance", "keras", "layers", "len", "list", "map",
        "max", "max_pool", "min", "name", "named", "ops", "outputs", "pair", "pool_padding",
        "range", "round", "str", "tuple", "whole", "width", "x", "zip",
    }
)  # fmt: skip
_AMBIGUOUS = frozenset({"l", "I", "O"})  # linters refuse them, since fonts confuse them
# A quote is escaped where it could end the string, or touch the quotes around it.
_QUOTE = re.compile(r'"(?=")|^"|"$')


def literal(value: Any) -> str:
    """Return a plain value, also a tuple, a list or a dict of some, as Python writes it."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    return repr(value)


def quoted(text: str) -> str:
    """Return a string literal, in ASCII, in the quotes that need fewer escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_in_literal(sign, quote) for sign in text) + quote


def _in_literal(sign: str, quote: str) -> str:
    if sign in ("\\", quote):
        return "\\" + sign
    return sign if " " <= sign <= "~" else _escaped(sign)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def prose(text: str, width: int = WIDTH, begin: str = "", then: str = "") -> list[str]:
    """Return free text as lines of a docstring, wrapped; no sign of it acts on source or reader."""
    line = " ".join(text.split())
    wrapped = textwrap.wrap(
        line, width, initial_indent=begin, subsequent_indent=then,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [_in_docstring(line) for line in wrapped]


def _in_docstring(line: str) -> str:
    signs = (sign if sign.isprintable() and sign != "\\" else _escaped(sign) for sign in line)
    return _QUOTE.sub(r"\"", "".join(signs))


class Names:
    """The identifiers of one part of the source; none is given twice."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = {*RESERVED, *taken}
        self.reached: dict[str, int] = {}

    def take(self, wanted: str, ending: str = "_") -> str:
        """Return an identifier like the one wanted, with the ending where that one is taken."""
        base = wanted if wanted.isidentifier() else f"n{wanted}"
        found = base
        if self._is_bad(found):
            found = base + ending
        stem = base + ending.rstrip("_")
        number = self.reached.get(stem, 2)
        while self._is_bad(found):
            found, number = f"{stem}_{number}", number + 1
        self.reached[stem] = number
        self.taken.add(found)
        return found

    def _is_bad(self, name: str) -> bool:
        return name in self.taken or name in _AMBIGUOUS or keyword.iskeyword(name)
