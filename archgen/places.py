"""Where a value stands in a text: file, JSON Pointer, line, column; imports nothing of archgen."""

import re
from bisect import bisect_right
from typing import NamedTuple

Path = tuple[str | int, ...]
# What an expression's fault may be about: a name, a number, a sign of two characters.
_WORD = re.compile(r"[A-Za-z0-9_]+(?:\.[0-9]+)?|&&|\|\||\*\*")


class Text:
    """A named piece of text; two texts are the same only when they are one object."""

    __slots__ = ("_begins", "content", "name")

    def __init__(self, name: str, content: str) -> None:
        self.name = name
        self.content = content
        self._begins: list[int] = []

    @property
    def begins(self) -> list[int]:
        """Return where each line begins; found once, and only for a text with faults."""
        if not self._begins:
            ends = (end.end() for end in re.finditer("\n", self.content))
            self._begins = [0, *ends]
        return self._begins

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Return the line and column of a character, both counted from 1."""
        line = bisect_right(self.begins, offset)
        return line, offset - self.begins[line - 1] + 1

    def line(self, number: int) -> str:
        """Return one line, counted from 1, without its end."""
        begin, end = self.begins[number - 1], self.content.find("\n", self.begins[number - 1])
        return self.content[begin : end if end >= 0 else None].rstrip("\r")


class Place(NamedTuple):
    """The span of one JSON value, and of the key in front of it where it has one.

    Spans are character offsets into ``text.content``; ``key_start`` is -1 without a key.
    """

    text: Text
    path: Path = ()
    start: int = 0
    end: int = 0
    key_start: int = -1
    key_end: int = -1

    @property
    def pointer(self) -> str:
        """Return the JSON Pointer (RFC 6901) of the value."""
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in self.path)

    @property
    def file(self) -> str:
        """Return the name of the text the value stands in."""
        return self.text.name

    @property
    def line(self) -> int:
        """Return the line the value begins on, counted from 1."""
        return self.text.line_and_column(self.start)[0]

    @property
    def column(self) -> int:
        """Return the column the value begins at, counted from 1."""
        return self.text.line_and_column(self.start)[1]

    def is_beside(self, other: "Place") -> bool:
        """Say whether both are members of one object, or of one list, in one text."""
        level = len(self.path)
        same = level == len(other.path) and self.path[:-1] == other.path[:-1]
        return same and self.text is other.text

    def of_key(self) -> "Place":
        """Return the same place with the span of its key, where it has one."""
        if self.key_start < 0:
            return self
        return self._replace(start=self.key_start, end=self.key_end)

    def shifted(self, offset: int) -> "Place":
        """Return the word or sign that stands ``offset`` characters inside a string value."""
        start = self.start + 1
        for _ in range(offset):
            escape = self.text.content.startswith("\\", start)
            long = escape and self.text.content.startswith("u", start + 1)
            start += 6 if long else 2 if escape else 1
        start = min(start, max(self.end - 1, self.start))
        word = _WORD.match(self.text.content, start, self.end - 1)
        return self._replace(start=start, end=word.end() if word else start + 1)
