"""The text of a spec in the canonical layout, its numbers as they were written.

Imports ``canonical`` and ``source``.
"""

import json
import re
from typing import TYPE_CHECKING, Any

from archgen.canonical import canonical
from archgen.places import Place
from archgen.source import Array, Object, parse_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

# Private signs of Unicode that stand for a number while the layout is made.
_SIGNS = range(0xF0000, 0x10FFFE)
_STAND_IN = re.compile('"([\U000f0000-\U0010fffd])\\1*"')


def format_spec(text: str | bytes, name: str = "<text>") -> str:
    """Return a spec's text in the canonical layout; only white space and escapes change.

    Raises:
        SpecError: E1xx, it is not the text of a JSON object.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return laid_out(parse_bytes(data, name))


def laid_out(document: Object) -> str:
    """Return a document, also one merged of several texts, in the canonical layout."""
    return _Formatter(document).text()


class _Formatter:
    """Lays out one document; a number that Python writes otherwise is stood in for."""

    def __init__(self, document: Object) -> None:
        self.document = document
        taken = set(canonical(document))
        self.free: Iterator[str] = (sign for sign in map(chr, _SIGNS) if sign not in taken)
        self.written: dict[str, str] = {}

    def text(self) -> str:
        laid = canonical(self.stood_in(self.document))
        return _STAND_IN.sub(lambda match: self.written.get(match[1], match[0]), laid)

    def stood_in(self, value: Any) -> Any:
        if isinstance(value, Object):
            return {key: self.member(value[key], value.places[key]) for key in value}
        if isinstance(value, Array):
            return [self.member(*pair) for pair in zip(value, value.places, strict=True)]
        return value

    def member(self, value: Any, place: Place) -> Any:
        """Return a string as long as the number, so that the layout is the number's own."""
        if not isinstance(value, float):
            return self.stood_in(value)
        token = place.text.content[place.start : place.end]
        if token == json.dumps(value):
            return value
        sign = next(self.free)
        self.written[sign] = token
        return sign * (len(token) - 2)  # the quotes around it are the other two
