"""JSON text to values that know their place: positions, refusals, and agreement with `json`."""

import codecs
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from archgen.diagnostics import Fault, SpecError, UsageError
from archgen.limits import LIMITS
from archgen.places import Place
from archgen.source import Array, Object, from_python, parse, parse_bytes, read_file

# A busy machine must not fail a test.
UNTIMED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What `json` accepts and archgen refuses.
STRICTER_CODES = {"E103", "E104", "E105"}
STRICTER_WORDS = ("a surrogate without its other half is no character", "a spec is an object, not ")


def refused(text: str | bytes) -> tuple[Fault, ...]:
    with pytest.raises(SpecError) as refusal:
        parse_bytes(text.encode() if isinstance(text, str) else text, "net.json")
    return refusal.value.faults


def only(text: str | bytes) -> tuple[str, int, int]:
    """Return the message, line and column of the one fault of a text."""
    (fault,) = refused(text)
    assert fault.place is not None
    return fault.message, fault.place.line, fault.place.column


def members(value: object) -> Iterator[tuple[Place, object]]:
    """Return every value below an object or a list with its place."""
    if isinstance(value, Object):
        inner = [(value.places[key], member) for key, member in value.items()]
    elif isinstance(value, Array):
        inner = list(zip(value.places, value, strict=True))
    else:
        inner = []
    for place, member in inner:
        yield place, member
        yield from members(member)


# ── places ────────────────────────────────────────────────────────────────────────────────────────

DOCUMENT = """{
  "name": "net",
\t"tab": [1, -2.5e3,
    {"deep":{}}],
  "日本": "語", "ü": null,
  "🎉": ["🎉🎉", true],
  "a/b~c": {"": 0}
}"""
PLACES = {
    "/name": (2, 11, '"net"'),
    "/tab": (3, 9, '[1, -2.5e3,\n    {"deep":{}}]'),
    "/tab/0": (3, 10, "1"),
    "/tab/1": (3, 13, "-2.5e3"),
    "/tab/2": (4, 5, '{"deep":{}}'),
    "/tab/2/deep": (4, 13, "{}"),
    "/日本": (5, 9, '"語"'),
    "/ü": (5, 19, "null"),
    "/🎉": (6, 8, '["🎉🎉", true]'),
    "/🎉/0": (6, 9, '"🎉🎉"'),
    "/🎉/1": (6, 15, "true"),
    "/a~1b~0c": (7, 12, '{"": 0}'),
    "/a~1b~0c/": (7, 17, "0"),
}


def positions(content: str) -> dict[str, tuple[int, int, str]]:
    value = parse(content, "net.json")
    found = [place for place, _ in members(value)]
    return {p.pointer: (p.line, p.column, content[p.start : p.end]) for p in found}


def test_every_value_knows_its_line_and_column() -> None:
    assert positions(DOCUMENT) == PLACES


def test_windows_line_ends_are_no_columns() -> None:
    text = DOCUMENT.replace("\n", "\r\n")
    expected = {k: (line, at, s.replace("\n", "\r\n")) for k, (line, at, s) in PLACES.items()}
    assert positions(text) == expected


def test_a_byte_order_mark_is_no_column() -> None:
    value = parse_bytes(codecs.BOM_UTF8 + b'{"a": 1}', "net.json")
    assert (value.places["a"].line, value.places["a"].column) == (1, 7)


def test_a_key_has_a_place_of_its_own() -> None:
    place = parse(DOCUMENT, "net.json").places["日本"]
    key = place.of_key()
    assert (key.line, key.column, key.end - key.start) == (5, 3, 4)
    assert key.pointer == place.pointer


def test_a_list_element_has_no_key() -> None:
    value = parse("""{"a": [1]}""", "net.json")["a"]
    assert isinstance(value, Array)
    assert value.places[0].of_key() == value.places[0]


def test_the_document_itself_is_the_empty_pointer() -> None:
    value = parse('\n  {"a": 1}\n', "net.json")
    assert (value.place.pointer, value.place.line, value.place.column) == ("", 2, 3)
    assert value.place.end - value.place.start == 8


def test_an_object_ends_behind_its_brace() -> None:
    value = parse('{"a": {"b": 1}, "c": [ ]}', "net.json")
    for key, text in (("a", '{"b": 1}'), ("c", "[ ]")):
        inner = value[key]
        assert isinstance(inner, Object | Array)
        assert value.place.text.content[inner.place.start : inner.place.end] == text


# ── what is refused, and where ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("", "the text is empty", 1, 1),
        (" \r\n\t ", "the text is empty", 2, 3),
        ("{", "the text ends in the middle", 1, 2),
        ('{"a"', "the text ends in the middle", 1, 5),
        ('{"a":', "the text ends in the middle", 1, 6),
        ('{"a": 1', "the text ends in the middle", 1, 8),
        ('{"a": 1,', "the text ends in the middle", 1, 9),
        ('{"a": [1,\n', "the text ends in the middle", 2, 1),
        ('{"a": "b', "a string that does not end", 1, 7),
        ('{"a": "', "a string that does not end", 1, 7),
        ('{"a": "b\\', "a string that does not end", 1, 7),
        ('{"a": "b\\"}', "a string that does not end", 1, 7),
        ('{"a": "b\n"}', "a line break inside a string", 1, 9),
        ('{"a": "b\r\n"}', "a line break inside a string", 1, 9),
        ('{"a": "b\tc"}', "a tab inside a string", 1, 9),
        ('{"a": "b\x00c"}', "the control character U+0000 inside a string", 1, 9),
        ('{"a": "b\x1fc"}', "the control character U+001F inside a string", 1, 9),
        ('{"a\x07": 1}', "the control character U+0007 inside a string", 1, 4),
        ('{"a": "\\x41"}', "`\\x` is not a JSON escape", 1, 8),
        ('{"a": "\\u12G4"}', "`\\u` wants four hexadecimal digits", 1, 8),
        ('{"a": "\\u123"}', "`\\u` wants four hexadecimal digits", 1, 8),
        ('{"a": "b\\\'c"}', "`\\'` is not a JSON escape", 1, 9),
        ('{"\\a": 1}', "`\\a` is not a JSON escape", 1, 3),
        ('{"a": "\\ud800"}', "a surrogate without its other half is no character", 1, 7),
        ('{"a": "\\udc00\\ud800"}', "a surrogate without its other half is no character", 1, 7),
        ('{"\\ud800": 1}', "a surrogate without its other half is no character", 1, 2),
        ('{"a": 1,}', "a comma in front of the closing `}`", 1, 8),
        ('{"a": [1, ]}', "a comma in front of the closing `]`", 1, 9),
        ('{"a": 1,\n\n}', "a comma in front of the closing `}`", 1, 8),
        ('{"a": [,]}', "a value is missing in front of `,`", 1, 8),
        ('{"a": [1,,2]}', "a value is missing in front of `,`", 1, 10),
        ('{,"a": 1}', "a key in double quotes is missing here", 1, 2),
        ('{"a": 1,, "b": 2}', "a key in double quotes is missing here", 1, 9),
        ("{a: 1}", "keys stand in double quotes", 1, 2),
        ("{1: 1}", "a key in double quotes is missing here", 1, 2),
        ("{null: 1}", "a key in double quotes is missing here", 1, 2),
        ("{'a': 1}", "strings stand in double quotes", 1, 2),
        ("{\"a\": 'b'}", "strings stand in double quotes", 1, 7),
        ('{"a" 1}', "a `:` is missing after the key", 1, 6),
        ('{"a"}', "a `:` is missing after the key", 1, 5),
        ('{"a", "b"}', "a `:` is missing after the key", 1, 5),
        ('{"a" = 1}', "a `:` is missing after the key", 1, 6),
        ('{"a": }', "a value is missing in front of `}`", 1, 7),
        ('{"a":: 1}', "a value is missing in front of `:`", 1, 6),
        ('{"a": 1 "b": 2}', "a `,` or `}` is missing", 1, 9),
        ('{"a": 1; "b": 2}', "a `,` or `}` is missing", 1, 8),
        ('{"a": [1 2]}', "a `,` or `]` is missing", 1, 10),
        ('{"a": [1}', "a `,` or `]` is missing", 1, 9),
        ('{"a": 1]', "a `,` or `}` is missing", 1, 8),
        ('{"a": 1} x', "nothing may follow the spec's closing brace", 1, 10),
        ('{"a": 1}}', "nothing may follow the spec's closing brace", 1, 9),
        ('{"a": 1}\n\n{}', "nothing may follow the spec's closing brace", 3, 1),
        ('{"a": 1} "', "nothing may follow the spec's closing brace", 1, 10),
        ("// x\n{}", "JSON has no comments", 1, 1),
        ('{"a": 1 /* x */}', "JSON has no comments", 1, 9),
        ('{"a": 1} # x', "nothing may follow the spec's closing brace", 1, 10),
        ('{"a": 01}', "`01` is not a JSON number", 1, 7),
        ('{"a": +1}', "`+1` is not a JSON number", 1, 7),
        ('{"a": .5}', "`.5` is not a JSON number", 1, 7),
        ('{"a": 5.}', "`5.` is not a JSON number", 1, 7),
        ('{"a": 1e}', "`1e` is not a JSON number", 1, 7),
        ('{"a": -}', "`-` is not a JSON number", 1, 7),
        ('{"a": 0x1F}', "`0x1F` is not a JSON number", 1, 7),
        ('{"a": 1_000}', "`1_000` is not a JSON number", 1, 7),
        ('{"a": ١}', "`١` is not a JSON value", 1, 7),
        ('{"a": True}', "`True` is not a JSON value", 1, 7),
        ('{"a": nan}', "`nan` is not a JSON value", 1, 7),
        ('{"a": nullx}', "`nullx` is not a JSON value", 1, 7),
        ('{\u00a0"a": 1}', "`\\xa0` is not a JSON value", 1, 2),
        ('{\x0c"a": 1}', "`\\x0c` is not a JSON value", 1, 2),
        ("\ufeff\ufeff{}", "`\\ufeff` is not a JSON value", 1, 1),
        ("{“a”: 1}", "strings stand in straight quotes", 1, 2),
        ('{"🎉": 1 "b": 2}', "a `,` or `}` is missing", 1, 9),
        ("[1]", "a spec is an object, not [1]", 1, 1),
        ('\n "net"', 'a spec is an object, not "net"', 2, 2),
    ],
)
def test_what_is_no_json_is_told_at_its_place(
    text: str, message: str, line: int, column: int
) -> None:
    assert only(text) == (message, line, column)
    assert refused(text)[0].code == "E102"


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("{a: 1}", 'write "a"'),
        ('{"a": True}', "did you mean `true`?"),
        ('{"a": FALSE}', "did you mean `false`?"),
        ('{"a": None}', "did you mean `null`?"),
        ('{"a": "b\tc"}', "write `\\t`"),
        ('{"a": 1,}', "leave it out"),
        ("{1: 2}", None),
        ('{"a": qqq}', None),
        ('{"a": 01}', "write 1"),
        ('{"a": -.5}', "write -0.5"),
        ('{"a": 1_000}', "write 1000"),
        ('{"a": 0x1F}', None),
        ('{"a": +Infinity}', None),
        ("{'a': 1}", 'write "a"'),
        ("{“a”: 1}", 'write "a"'),
        ("{'a\\'': 1}", None),
        ('{"a": 1} // b', None),
        ('{"a": /* b\n */ 1}', "leave it out"),
        ('{"a": /* b', None),
        ('{"a": "C:\\users"}', "write `\\\\u` for a backslash"),
    ],
)
def test_advice_is_given_where_it_is_certain(text: str, advice: str | None) -> None:
    (fault,) = refused(text)
    assert fault.help == advice


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ('{"a": {"b": [1, x]}}', "/a/b"),
        ('{"a": {"b": [1, 2}}', "/a/b"),
        ('{"a": {"b" 1}}', "/a"),
        ('{"a": {"b": "\\ud800"}}', "/a/b"),
        ('{"a": [[], [1', "/a/1"),
        ('{"a": 1} x', ""),
    ],
)
def test_the_pointer_is_that_of_what_was_being_read(text: str, pointer: str) -> None:
    (fault,) = refused(text)
    assert fault.place is not None
    assert fault.place.pointer == pointer


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_told_with_its_place(word: str) -> None:
    (fault,) = refused('{"a": [0, %s]}' % word)
    assert fault.place is not None
    assert (fault.code, fault.message) == ("E104", f"JSON has no {word}")
    assert (fault.place.pointer, fault.place.column) == ("/a/1", 11)
    assert fault.place.end - fault.place.start == len(word)


@pytest.mark.parametrize("number", ["1e999", "-1e400", "1" * 60 + "e300"])
def test_a_number_beyond_every_float_is_refused(number: str) -> None:
    (fault,) = refused('{"a": %s}' % number)
    assert (fault.code, fault.message) == (
        "E104",
        f"{number} is too large: it would be read as infinity",
    )


def test_numbers_that_json_has_are_read_exactly() -> None:
    text = '{"a": [0, -0, -0.0, 1.0, 1e3, 9007199254740993, 1E-7, 1e308]}'
    assert (
        repr(parse(text, "net.json")["a"])
        == "[0, 0, -0.0, 1.0, 1000.0, 9007199254740993, 1e-07, 1e+308]"
    )


# ── keys that stand twice ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "pointer", "second", "first"),
    [
        ('{"a": 1,\n "a": 1}', "/a", (2, 2), (1, 2)),
        ('{"b": {"a": 1, "a": 2}}', "/b/a", (1, 16), (1, 8)),
        ('{"b": [[{"a": 1, "a": 2}]]}', "/b/0/0/a", (1, 18), (1, 10)),
        ('{"a": {"a": {"a": 1, "a": 2}}}', "/a/a/a", (1, 22), (1, 14)),
        ('{"": 1, "": 2}', "/", (1, 9), (1, 2)),
        ('{"é": 1, "\\u00e9": 2}', "/é", (1, 10), (1, 2)),
        ('{"a/b": 1, "a\\/b": 2}', "/a~1b", (1, 12), (1, 2)),
    ],
)
def test_a_key_that_stands_twice_is_told_with_both_places(
    text: str, pointer: str, second: tuple[int, int], first: tuple[int, int]
) -> None:
    (fault,) = refused(text)
    (related,) = fault.related
    assert fault.place is not None
    assert fault.code == "E103"
    assert fault.place.pointer == related.place.pointer == pointer
    assert (fault.place.line, fault.place.column) == second
    assert (related.place.line, related.place.column) == first


def test_equal_keys_of_different_objects_are_none() -> None:
    text = '{"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, {"b": 1}], "b": 1}'
    assert parse(text, "net.json") == json.loads(text)


def test_keys_that_only_look_alike_are_two() -> None:
    text = '{"é": 1, "e\u0301": 2, "A": 3, "a": 4, "А": 5}'
    assert len(parse(text, "net.json")) == 5


def test_all_that_a_text_says_wrong_is_told_up_to_where_it_ends() -> None:
    faults = refused('{"a": NaN, "a": 1, "b": {"c": Infinity, "c": 1e999}, "d": x}')
    assert [fault.code for fault in faults] == ["E104", "E103", "E104", "E104", "E103", "E102"]


# ── limits ────────────────────────────────────────────────────────────────────────────────────────


def test_the_largest_file_is_read_and_one_byte_more_is_not() -> None:
    largest = b'{"a": 1}'.ljust(LIMITS.file_bytes)
    assert parse_bytes(largest, "net.json") == {"a": 1}
    (fault,) = refused(largest + b" ")
    assert (fault.code, fault.message) == ("E105", "the file is larger than 1,048,576 bytes")


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    tracemalloc.start()
    with pytest.raises(SpecError) as refusal:
        read_file(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal.value.faults[0].code == "E105"
    assert peak < 4 << 20


def test_the_most_values_are_read_and_one_more_is_not() -> None:
    most = LIMITS.json_values - 2  # the document and the list are two
    assert len(parse('{"a": [%s]}' % ",".join("1" * most), "net.json")["a"]) == most  # type: ignore[arg-type]
    (fault,) = refused('{"a": [%s]}' % ",".join("1" * (most + 1)))
    assert fault.place is not None
    assert (fault.code, fault.message) == ("E105", "more than 100,000 values")
    assert fault.place.pointer == f"/a/{most}"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_the_deepest_nesting_is_read_and_one_more_is_not(opening: str, closing: str) -> None:
    def nested(depth: int) -> str:
        return '{"a": ' + opening * (depth - 1) + "0" + closing * (depth - 1) + "}"

    assert parse(nested(LIMITS.json_depth), "net.json")
    (fault,) = refused(nested(LIMITS.json_depth + 1))
    assert (fault.code, fault.message) == ("E105", "nested deeper than 64 levels")
    assert refused(opening * 50_000)[-1].code == "E105"


def test_the_longest_number_is_read_and_one_digit_more_is_not() -> None:
    longest = "1" * LIMITS.number_characters
    assert parse('{"a": %s}' % longest, "net.json") == {"a": int(longest)}
    (fault,) = refused('{"a": %s1}' % longest)
    assert (fault.code, fault.message) == ("E105", "a number of more than 64 characters")


# ── bytes and files ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "line", "column", "byte"),
    [
        (b'{"a": "caf\xe9"}', 1, 11, "0xE9"),
        (b'{"a":\n "\xc3"}', 2, 3, "0xC3"),
        (b'{"\xc3\xa9": "\xff"}', 1, 8, "0xFF"),
        (b'{"a": "\xed\xa0\x80"}', 1, 8, "0xED"),
        (codecs.BOM_UTF8 + b'{"a": "\xe9"}', 1, 8, "0xE9"),
        (codecs.BOM_UTF16_LE + b"{\x00}\x00", 1, 1, "0xFF"),
        (b"\x80", 1, 1, "0x80"),
    ],
)
def test_a_byte_that_is_no_utf_8_is_told_at_its_place(
    data: bytes, line: int, column: int, byte: str
) -> None:
    (fault,) = refused(data)
    assert fault.place is not None
    assert (fault.code, fault.message) == ("E101", f"the byte {byte} is not valid UTF-8")
    assert (fault.place.line, fault.place.column) == (line, column)


def test_a_file_is_named_as_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text('{"a": 1}', encoding="utf-8")
    assert read_file(path).place.file == str(path)
    assert read_file(path, "net").place.file == "net"


def test_a_file_that_is_not_there_is_no_fault_of_a_spec(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        read_file(tmp_path / "net.json")
    assert refusal.value.faults[0].code == "E502"


def test_a_dict_is_read_by_way_of_its_text() -> None:
    value = from_python({"a": [1, {"é": None}]})
    assert value == {"a": [1, {"é": None}]}
    inner = value["a"]
    assert isinstance(inner, Array)
    assert (inner.places[1].file, inner.places[1].line, inner.places[1].column) == ("<dict>", 4, 5)


def test_half_a_surrogate_pair_is_refused_in_a_dict_too() -> None:
    with pytest.raises(SpecError) as refusal:
        from_python({"a": "\ud800"})
    assert refusal.value.faults[0].message == "a surrogate without its other half is no character"


# ── properties ────────────────────────────────────────────────────────────────────────────────────

KEYS = st.text(max_size=6) | st.sampled_from(
    ["a", "a/b", "m~n", "", "0", "ключ", "名", "🎉", "\x7f"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return an object as one of the texts that mean it."""
    text = json.dumps(
        draw(DOCUMENTS),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 0, 2, "\t"])),
        separators=draw(st.sampled_from([None, (",", ":"), (" ,\r\n", "\t: ")])),
    )
    # Strings hold no raw line ends, so this touches only what stands between the tokens.
    return draw(st.sampled_from([text, text.replace("\n", "\r\n"), f"\n\t {text} \r\n"]))


def strictly(value: object) -> str:
    """Return a value as text that tells 1, 1.0 and true apart."""
    return json.dumps(value)


@UNTIMED
@given(texts())
def test_a_text_of_json_parses_to_its_value(text: str) -> None:
    event(f"{len(text) > 40=}")
    assert strictly(parse(text, "net.json")) == strictly(json.loads(text))


@UNTIMED
@given(texts())
def test_every_place_read_again_gives_the_value(text: str) -> None:
    for place, value in members(parse(text, "net.json")):
        assert strictly(json.loads(text[place.start : place.end])) == strictly(value)
        assert strictly(resolved(json.loads(text), place.pointer)) == strictly(value)
        before = text[: place.start]
        assert place.line == before.count("\n") + 1
        assert place.column == len(before.rpartition("\n")[2]) + 1
        if place.key_start >= 0:
            assert json.loads(text[place.key_start : place.key_end]) == place.path[-1]


def resolved(value: object, pointer: str) -> object:
    """Return what a JSON Pointer leads to, as RFC 6901 says."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        assert isinstance(value, dict | list)
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


JSONISH = st.text(st.sampled_from("{}[]:,\"\\/ \n\r\t0123456789.eE+-aAnulrtfsbINyd'#é🎉\x00\ufeff"))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return a text of JSON with a few slices replaced."""
    text = draw(texts())
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 3)))
        text = text[:start] + draw(JSONISH.map(lambda new: new[:3])) + text[end:]
    return text


@UNTIMED
@given(mutated() | JSONISH)
@example('{"a": 1, "a": 2}')
@example('{"a": NaN}')
@example('{"a": "\\ud800"}')
@example("[]")
@example("[" * 65)
@example('{"a": 1e999}')
def test_a_text_is_refused_exactly_when_json_refuses_it_or_the_list_says_so(text: str) -> None:
    try:
        expected: object = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        faults = refusal_of(text)
        event("no JSON")
        assert faults
        assert {fault.code for fault in faults} & {"E102", "E105"}
        return
    if faults := refusal_of(text):
        event("stricter")
        assert all(f.code in STRICTER_CODES or f.message.startswith(STRICTER_WORDS) for f in faults)
    else:
        event("accepted")
        assert strictly(parse(text, "net.json")) == strictly(expected)


def refusal_of(text: str) -> tuple[Fault, ...]:
    try:
        parse(text, "net.json")
    except SpecError as refusal:
        return refusal.faults
    return ()


@UNTIMED
@given(st.binary() | mutated().map(lambda text: text.encode("utf-8")))
def test_any_bytes_are_a_value_or_faults_with_a_place(data: bytes) -> None:
    try:
        parse_bytes(data, "net.json")
    except SpecError as refusal:
        assert refusal.faults
        for fault in refusal.faults:
            assert fault.place is not None
            assert 0 <= fault.place.start <= fault.place.end <= len(fault.place.text.content)
            assert fault.place.line >= 1
            assert fault.place.column >= 1
            assert str(refusal)


@UNTIMED
@given(st.text(st.characters(), max_size=30))
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    try:
        parse(text, "net.json")
    except SpecError as refusal:
        assert refusal.faults
