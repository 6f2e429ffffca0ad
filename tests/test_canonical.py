"""The one layout: nothing but white space changes, a second time nothing at all, lines stay short.

That the shipped files stand in it is shown in test_shipped.py.
"""

import json
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archgen
from archgen.canonical import WIDTH, canonical
from archgen.formatting import format_spec
from archgen.library import shipped

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = st.sampled_from(["op", "name", "filters", "when", "é", '"', "a\\b", ""])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)


def containers(members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(members, max_size=4) | st.dictionaries(KEYS, members, max_size=4)


VALUES = st.recursive(SCALARS, containers, max_leaves=12)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)
QUICK = settings(max_examples=50, deadline=None)

# JSON texts: numbers as people write them, white space anywhere.
NUMBERS = st.sampled_from(
    ["0", "7", "-12", "1.0", "1.50", "-0.0", "0.1", "1E5", "1e+05", "25e-1", "2.50E-003", "9" * 40]
)
SPACES = st.sampled_from(["", "", " ", "\n\t "])


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """Draw the text of a JSON object whose numbers are tokens and whose spaces are free."""
    members = st.recursive(NUMBERS | st.booleans(), containers, max_leaves=12)
    value = draw(st.dictionaries(KEYS, members, max_size=4))
    spaces = cycle(draw(st.lists(SPACES, min_size=1, max_size=5)))
    return written(value, lambda: next(spaces))


def written(value: Any, space: Callable[[], str]) -> str:
    if isinstance(value, dict):
        members = [f"{json.dumps(key)}{space()}:{written(value[key], space)}" for key in value]
        return f"{space()}{{{space()}{','.join(members)}{space()}}}"
    if isinstance(value, list):
        return f"[{','.join(written(member, space) for member in value)}{space()}]{space()}"
    return space() + (value if isinstance(value, str) else json.dumps(value)) + space()


def tokens(text: str) -> Any:
    """Return a JSON text's value with its numbers as they are written, and its keys in order."""
    return json.loads(text, parse_int=_Token, parse_float=_Token, object_pairs_hook=list)


class _Token(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return f"number {self}"


def too_long(text: str) -> list[str]:
    """Return the lines beyond the width that hold more than one thing."""
    return [line for line in text.splitlines() if len(line) > WIDTH and not _is_single(line)]


def _is_single(line: str) -> bool:
    """Say whether a line is one scalar, or one member whose value is a scalar or opens below."""
    bare = line.strip().rstrip(",").rstrip("]}")
    key, _, rest = bare.partition('": ') if bare.startswith('"') else ("", "", bare)
    value = rest or key
    return value in {"", "[", "{"} or not any(sign in _without_texts(value) for sign in ",[{")


def _without_texts(text: str) -> str:
    plain = text.replace('\\"', "")
    return "".join(plain.split('"')[::2])


@QUICK
@given(DOCUMENTS)
def test_the_value_and_the_order_of_its_keys_stay(document: dict[str, Any]) -> None:
    assert repr(json.loads(canonical(document))) == repr(document)


@QUICK
@given(DOCUMENTS)
def test_laid_out_twice_is_laid_out_once(document: dict[str, Any]) -> None:
    once = canonical(document)
    assert canonical(json.loads(once)) == once


@QUICK
@given(json_texts())
def test_formatting_changes_white_space_alone(text: str) -> None:
    assert repr(tokens(format_spec(text))) == repr(tokens(text))


@QUICK
@given(json_texts())
def test_formatting_twice_changes_nothing_more(text: str) -> None:
    once = format_spec(text)
    assert format_spec(once) == once


def test_a_negative_zero_stays_as_it_was_written() -> None:
    assert format_spec('{"a": -0}') == '{\n  "a": 0\n}\n'


NAMES = st.sampled_from(["a", "op", "filters", "kernel_size", "kernel_initializer"])
PLAIN_SCALARS = st.sampled_from([1, 1000, "conv", "x" * 19, "some words " * 4, True])
# Long lists of few draws, so that lines fill.
FILLED = st.tuples(PLAIN_SCALARS, st.integers(1, 40)).map(lambda drawn: [drawn[0]] * drawn[1])
PLAIN = st.dictionaries(
    NAMES,
    st.recursive(
        PLAIN_SCALARS | FILLED,
        lambda below: st.lists(below, max_size=5) | st.dictionaries(NAMES, below, max_size=5),
        max_leaves=20,
    ),
    max_size=4,
)


@QUICK
@given(PLAIN)
def test_no_line_is_longer_than_the_page(document: dict[str, Any]) -> None:
    text = canonical(document)
    assert too_long(text) == []
    assert not any(line != line.rstrip() for line in text.splitlines())
    assert text.endswith("}\n")


def test_a_long_line_would_be_noticed() -> None:
    assert too_long('{"a": 1, "b": "' + "x" * 120 + '"}')
    assert too_long('    "key": ["' + "x" * 120 + '", 2],')
    assert not too_long('    "key": "' + "x, [" * 40 + '",')
    assert not too_long('    "' + "k" * 130 + '": [')


@pytest.mark.parametrize("name", archgen.names())
def test_shipped_specs_stand_in_the_layout_and_so_do_the_resolved(name: str) -> None:
    path = shipped(name)
    assert isinstance(path, Path)
    text = path.read_text(encoding="utf-8")
    resolved = archgen.resolved(name)
    assert format_spec(text) == text
    assert format_spec(resolved) == resolved
    assert too_long(text) == too_long(resolved) == []


LAYOUT = """\
{
  "name": "net",
  "empty": {},
  "shape": [299, 299, 3],
  "parameters": {"classes": 10, "dropout": 0.2},
  "many": [
    FILLED,
    1000000, 1
  ],
  "layers": [
    {"op": "conv", "filters": 32, "kernel_size": [1, 7]},
    {"join": "concat", "branches": {
      "single": [{"op": "conv", "filters": 64, "kernel_size": 1}, {"op": "dropout", "rate": 0.2}],
      "double": [
        {"op": "conv", "filters": 64, "kernel_size": 1},
        {"op": "conv", "filters": 96, "kernel_size": 3},
        {"op": "conv", "filters": 96, "kernel_size": 3}
      ]
    }}
  ]
}
""".replace("FILLED", ", ".join(["1000000"] * 12))


def test_what_fits_a_line_stands_on_it_and_the_last_member_opens_there() -> None:
    assert canonical(json.loads(LAYOUT)) == LAYOUT


def test_letters_of_all_scripts_stay_letters() -> None:
    assert (
        format_spec('{"title": "Größe \\u00d7 \\ud83d\\ude00"}')
        == '{\n  "title": "Größe × 😀"\n}\n'
    )
