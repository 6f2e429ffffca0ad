"""JSON text to values that know their place; refuses what JSON readers usually let pass.

Imports ``places``, ``limits``, ``diagnostics`` and ``intake``.
"""

import codecs
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archgen.diagnostics import Fault, Faults, Related, SpecError, named, quoted
from archgen.intake import read_bytes
from archgen.limits import LIMITS, raising
from archgen.places import Path as JsonPath
from archgen.places import Place, Text

# Fixed, so it may be read once.
MOST_DEPTH: Final = LIMITS.json_depth

Scalar = str | int | float | bool | None
Value = "Object | Array | Scalar"


class Object(dict[str, "Object | Array | Scalar"]):
    """A JSON object; ``place`` is its own place, ``places`` that of each member."""

    __slots__ = ("place", "places")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}


class Array(list["Object | Array | Scalar"]):
    """A JSON array; ``place`` is its own place, ``places`` that of each element."""

    __slots__ = ("place", "places")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []


@dataclass(slots=True)
class Amount:
    """What was read of one spec and of those that it extends, which share the limits."""

    bytes: int = 0
    values: int = 0


def read_file(path: Path, name: str | None = None, amount: Amount | None = None) -> Object:
    """Read a spec file.

    Raises:
        UsageError: E502, the file cannot be read.
        SpecError: what ``parse`` refuses, and E101, E105.
    """
    return parse_bytes(read_bytes(path), name or str(path), amount)


def parse_bytes(data: bytes, name: str, amount: Amount | None = None) -> Object:
    """Parse the bytes of a spec file; Raises SpecError as ``parse``, and E101, E105."""
    amount = amount or Amount()
    what = "the files together are" if amount.bytes else "the file is"
    amount.bytes += len(data)
    if amount.bytes > LIMITS.file_bytes:
        message = f"{what} larger than {LIMITS.file_bytes:,} bytes"
        raise SpecError(_too_much(message, "file_bytes", Place(Text(name, ""))))
    plain = data.removeprefix(codecs.BOM_UTF8)
    try:
        content = plain.decode()
    except UnicodeDecodeError as error:
        readable = plain[: error.start].decode()
        place = Place(Text(name, readable), (), len(readable), len(readable))
        message = f"the byte 0x{plain[error.start]:02X} is not valid UTF-8"
        raise SpecError(Fault("E101", message, place)) from error
    return parse(content, name, amount)


def _too_much(message: str, limit: str, place: Place) -> Fault:
    return Fault("E105", message, place, notes=(raising(limit),))


def from_python(value: object, name: str = "<dict>", amount: Amount | None = None) -> Object:
    """Turn a spec given as a Python dict into the same values, by way of its JSON text.

    Raises:
        SpecError: E203, something in it that JSON does not have.
    """
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False)
        text = _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    except (TypeError, ValueError, RecursionError) as error:
        place = Place(Text(name, ""))
        raise SpecError(Fault("E203", f"not JSON data: {error}", place)) from error
    return parse(text, name, amount)


def parse(content: str, name: str, amount: Amount | None = None) -> Object:
    """Parse a JSON text whose top is an object.

    Raises:
        SpecError: E102 no JSON; E103 equal keys; E104 NaN, Infinity; E105 beyond the limits.
    """
    amount = amount or Amount()
    scanner = _Scanner(Text(name, content), amount.values)
    try:
        value = scanner.document()
    except SpecError as error:
        scanner.faults.take(error)
        raise SpecError(scanner.faults.listed()) from error
    scanner.faults.raise_errors()
    amount.values = scanner.values
    if not isinstance(value, Object):
        start = len(content) - len(content.lstrip(_SPACE))
        place = Place(scanner.text, (), start, len(content))
        message = f"a spec is an object, not {quoted(value)}"
        raise SpecError(Fault("E102", message, place))
    return value


# Strings first: most tokens of a spec are strings. ASCII digits only, as RFC 8259 says. What
# repeats in a string gives nothing back, or the memory of where to would fill the machine's.
_TOKEN = re.compile(
    r"[ \t\n\r]*+(?:"
    r'("[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")'
    r"|([{}\[\],:])"
    r"|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_.])"
    r"|(true|false|null|NaN|Infinity|-Infinity)\b"
    r")"
)
_STRING, _MARK, _NUMBER, _WORD = 1, 2, 3, 4
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_SPACE = " \t\n\r"
_STRING_PART = re.compile(
    r'[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+'
)
_BARE = re.compile(r"[-+.]?[0-9A-Za-z_.]+")
_SIMILAR = {
    "true": "did you mean `true`?",
    "false": "did you mean `false`?",
    "none": "did you mean `null`?",
    "undefined": "did you mean `null`?",
}
# What people write where JSON has no token: how it looks, what is wrong, what would work.
_NO_TOKENS = (
    (re.compile(r"'([^'\"\\\n]*)'"), "strings stand in double quotes", 'write "{}"'),
    (re.compile("'"), "strings stand in double quotes", None),
    (re.compile(r'[“„”]([^"“„”\\\n]*)[“”]'), "strings stand in straight quotes", 'write "{}"'),
    (re.compile("[“„”]"), "strings stand in straight quotes", None),
    (re.compile(r"//[^\n]*|#[^\n]*|/\*.*?\*/", re.DOTALL), "JSON has no comments", "leave it out"),
    (re.compile(r"/\*"), "JSON has no comments", None),
    (re.compile(r"([A-Za-z_]\w*)(?=[ \t]*:)"), "keys stand in double quotes", 'write "{}"'),
)
_LIKE_A_NUMBER = re.compile(r"[-+.]?[0-9]|[-+.]")
_CONTROLS = {"\n": "a line break", "\r": "a line break", "\t": "a tab"}
_ESCAPES = {"\n": "write `\\n`, or end the string", "\r": "write `\\r`", "\t": "write `\\t`"}
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Scanner:
    """One pass over a text; nesting is bounded, so recursion is."""

    def __init__(self, text: Text, values: int) -> None:
        self.text = text
        self.content = text.content
        self.faults = Faults()
        self.offset = 0
        self.token = ""
        self.kind = 0
        self.start = 0
        self.values = values
        self.most_values = LIMITS.json_values
        self.path: JsonPath = ()
        self.wanted = ""
        self.open: list[int] = []

    def document(self) -> "Object | Array | Scalar":
        self.advance()
        value = self.value((), 0)
        rest = self.content[self.offset :].lstrip(_SPACE)
        if rest:
            self.start = len(self.content) - len(rest)
            self.offset = self.start + 1
            raise self.syntax("nothing may follow the spec's closing brace")
        return value

    def advance(self) -> None:
        match = _TOKEN.match(self.content, self.offset)
        if match is None:
            raise self.unreadable()
        kind = match.lastindex or 0
        self.kind = kind
        self.token = match[kind]
        self.start = match.start(kind)
        self.offset = match.end()

    def unreadable(self) -> SpecError:
        """Say why no token begins here."""
        rest = self.content[self.offset :].lstrip(_SPACE)
        self.start = len(self.content) - len(rest)
        if rest.startswith('"'):
            return self.bad_string(rest)
        if not self.content.strip(_SPACE):
            self.offset = self.start
            return self.syntax("the text is empty")
        if self.wanted and rest and rest[0] not in "'/#-+." and not _BARE.match(rest):
            self.offset = self.start + 1
            return self.syntax(self.wanted)
        for pattern, message, advice in _NO_TOKENS:
            if match := pattern.match(rest):
                self.offset = self.start + match.end()
                return self.syntax(message, advice and advice.format(*match.groups()))
        word = match[0] if (match := _BARE.match(rest)) else rest[:1]
        self.offset = self.start + len(word)
        if not word:
            return self.cut_off()
        if _LIKE_A_NUMBER.match(word):
            return self.syntax(f"{named(word)} is not a JSON number", _meant_number(word))
        return self.syntax(f"{named(word)} is not a JSON value", _SIMILAR.get(word.lower()))

    def cut_off(self) -> SpecError:
        """Say which bracket the end of the text leaves open."""
        fault = Fault("E102", "the text ends in the middle", self.here(self.path))
        if self.open:
            at = self.open[-1]
            bracket = Place(self.text, self.path, at, at + 1)
            label = f"this `{self.content[at]}` is still open"
            fault = fault.explained(related=(Related(bracket, label),))
        return SpecError(fault)

    def bad_string(self, rest: str) -> SpecError:
        """Say what is wrong inside a string that has no end, or an end behind a bad character."""
        sound = _STRING_PART.match(rest, 1)
        end = sound.end() if sound else 1
        bad = rest[end : end + 2]
        self.offset = self.start + 1
        if bad and not (bad[0] == "\\" and len(bad) == 1):
            self.start += end
            self.offset = self.start + (2 if bad[0] == "\\" else 1)
        if bad.startswith("\\") and len(bad) > 1:
            wrong = "is not a JSON escape" if bad != "\\u" else "wants four hexadecimal digits"
            return self.syntax(f"{named(bad)} {wrong}", f"write `\\{bad}` for a backslash")
        if bad and bad[0] in _CONTROLS:
            return self.syntax(f"{_CONTROLS[bad[0]]} inside a string", _ESCAPES[bad[0]])
        if bad and bad[0] < " ":
            return self.syntax(f"the control character U+{ord(bad[0]):04X} inside a string")
        return self.syntax("a string that does not end")

    def syntax(self, message: str, advice: str | None = None) -> SpecError:
        return SpecError(Fault("E102", message, self.here(self.path), help=advice))

    def here(self, path: JsonPath) -> Place:
        return Place(self.text, path, self.start, self.offset)

    def value(self, path: JsonPath, depth: int) -> "Object | Array | Scalar":
        self.values += 1
        if self.values > self.most_values:
            message = f"more than {self.most_values:,} values"
            raise SpecError(_too_much(message, "json_values", self.here(path)))
        kind, token = self.kind, self.token
        if kind == _STRING:
            return self.string(path)
        if kind == _NUMBER:
            return self.number(path)
        if kind == _WORD:
            return self.word(path)
        if token == "{":
            return self.object(path, self.deeper(path, depth))
        if token == "[":
            return self.array(path, self.deeper(path, depth))
        raise self.syntax(f"a value is missing in front of `{token}`")

    def deeper(self, path: JsonPath, depth: int) -> int:
        if depth >= MOST_DEPTH:
            message = f"nested deeper than {MOST_DEPTH} levels"
            raise SpecError(Fault("E105", message, self.here(path)))
        return depth + 1

    def string(self, path: JsonPath) -> str:
        if "\\" not in self.token:
            return self.token[1:-1]
        text: str = json.loads(self.token)
        if _SURROGATE.search(text):
            message = "a surrogate without its other half is no character"
            raise SpecError(Fault("E102", message, self.here(path)))
        return text

    def number(self, path: JsonPath) -> int | float:
        token = self.token
        if len(token) > LIMITS.number_characters:
            message = f"a number of more than {LIMITS.number_characters} characters"
            raise SpecError(Fault("E105", message, self.here(path)))
        try:
            return int(token)
        except ValueError:
            value = float(token)
        if math.isinf(value):
            message = f"{token} is too large: it would be read as infinity"
            self.faults.add(Fault("E104", message, self.here(path)))
        return value

    def word(self, path: JsonPath) -> Scalar:
        if self.token in _WORDS:
            return _WORDS[self.token]
        self.faults.add(Fault("E104", f"JSON has no {self.token}", self.here(path)))
        return None

    def object(self, path: JsonPath, depth: int) -> Object:
        begin = self.start
        result = Object(Place(self.text, path, begin, begin + 1))
        self.path = path
        self.open.append(begin)
        self.advance()
        while self.token != "}" or self.kind != _MARK:
            self.member(result, path, depth)
            self.path = path
            self.separated("}")
        self.open.pop()
        result.place = Place(self.text, path, begin, self.offset)
        return result

    def member(self, result: Object, path: JsonPath, depth: int) -> None:
        if self.kind != _STRING:
            raise self.syntax("a key in double quotes is missing here")
        key = self.string(path)
        key_start, key_end = self.start, self.offset
        self.wanted = "a `:` is missing after the key"
        self.advance()
        self.wanted = ""
        if self.token != ":" or self.kind != _MARK:
            raise self.syntax("a `:` is missing after the key")
        self.advance()
        inner = (*path, key)
        start = self.start
        value = self.value(inner, depth)
        place = Place(self.text, inner, start, self.offset, key_start, key_end)
        if key in result:
            self.repeated(key, place, result.places[key])
        result[key] = value
        result.places[key] = place

    def repeated(self, key: str, place: Place, first: Place) -> None:
        message = f"the key {named(key)} stands twice in this object"
        related = (Related(first.of_key(), "first here"),)
        self.faults.add(Fault("E103", message, place.of_key(), related=related))

    def array(self, path: JsonPath, depth: int) -> Array:
        begin = self.start
        result = Array(Place(self.text, path, begin, begin + 1))
        self.path = path
        self.open.append(begin)
        self.advance()
        while self.token != "]" or self.kind != _MARK:
            inner = (*path, len(result))
            start = self.start
            value = self.value(inner, depth)
            result.append(value)
            if isinstance(value, Object | Array):
                result.places.append(value.place)
            else:
                result.places.append(Place(self.text, inner, start, self.offset))
            self.path = path
            self.separated("]")
        self.open.pop()
        result.place = Place(self.text, path, begin, self.offset)
        return result

    def separated(self, closing: str) -> None:
        """Pass the comma behind a member, which must not be the last thing in its container."""
        self.wanted = f"a `,` or `{closing}` is missing"
        self.advance()
        self.wanted = ""
        if self.kind != _MARK or self.token not in (",", closing):
            raise self.syntax(f"a `,` or `{closing}` is missing")
        if self.token == closing:
            return
        comma = self.start
        self.advance()
        if self.kind == _MARK and self.token == closing:
            self.start, self.offset = comma, comma + 1
            raise self.syntax(f"a comma in front of the closing `{closing}`", "leave it out")


def _meant_number(word: str) -> str | None:
    """Return a help line with the number that Python, for one, reads in a word."""
    try:
        number = int(word) if word.lstrip("+-").replace("_", "").isdecimal() else float(word)
    except ValueError:
        return None
    sound = math.isfinite(number) and len(word) <= LIMITS.number_characters
    return f"write {number}" if sound else None
