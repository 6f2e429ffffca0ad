"""How entries are called and numbered, and which names there are."""

from collections.abc import Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archgen.naming import called, is_identifier, is_name, numbered

LISTS = st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 3)))


@pytest.mark.parametrize(
    ("names", "copies", "expected"),
    [
        ([], [], []),
        (["a", "b"], [None, None], [("a",), ("b",)]),
        (["a", "b", "a"], [None, None, None], [("a_1",), ("b",), ("a_2",)]),
        (["a"], [1], [("a_1",)]),
        (["a"], [0], [()]),
        (["a", "a", "a"], [None, 2, None], [("a_1",), ("a_2", "a_3"), ("a_4",)]),
        (["a", "a"], [0, None], [(), ("a_1",)]),
        (["a_1", "a", "a"], [None, None, None], [("a_1",), ("a_1",), ("a_2",)]),
    ],
)
def test_entries_are_numbered(
    names: Sequence[str], copies: Sequence[int | None], expected: list[tuple[str, ...]]
) -> None:
    assert numbered(names, copies) == expected


@given(LISTS)
def test_copies_of_one_name_count_on_from_1(entries: list[tuple[str, int | None]]) -> None:
    names = numbered([name for name, _ in entries], [count for _, count in entries])
    for shared in {name for name, _ in entries}:
        own = [(entry, given) for entry, given in zip(entries, names, strict=True)]
        given_names = list(chain(*[given for (name, _), given in own if name == shared]))
        lone = [count for name, count in entries if name == shared] == [None]
        numbers = [f"{shared}_{number}" for number in range(1, len(given_names) + 1)]
        assert given_names == ([shared] if lone else numbers)


@given(LISTS)
def test_every_entry_has_as_many_names_as_copies(entries: list[tuple[str, int | None]]) -> None:
    names = numbered([name for name, _ in entries], [count for _, count in entries])
    counts = [1 if count is None else count for _, count in entries]
    assert [len(given) for given in names] == counts


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({"op": "conv"}, "conv"),
        ({"op": "conv", "name": "stem"}, "stem"),
        ({"use": "block", "with": {}}, "block"),
        ({"join": "add", "branches": {}}, "add"),
        ({"join": "add", "branches": {}, "name": "f"}, "f"),
        ({}, None),
        ({"op": 3}, None),
    ],
)
def test_an_entry_is_called_by_its_name_else_by_what_it_is(
    entry: dict[str, object], name: str | None
) -> None:
    assert called(entry) == name


@pytest.mark.parametrize("name", ["a", "Z9", "9", "0_a", "conv_1", "class", "a" * 64])
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", "_a", "a.b", "a/b", "a-b", "a b", "a\n", "é", "aé", "٣", "a" * 65, 3, None]
)
def test_what_is_no_name(name: object) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("name", ["a", "_a", "a9", "Classes", "a" * 64])
def test_parameters_are_python_identifiers(name: str) -> None:
    assert is_identifier(name)


@pytest.mark.parametrize("name", ["", "9", "a.b", "a-b", "class", "True", "é", "a\n", "a" * 65])
def test_what_cannot_be_a_parameter(name: str) -> None:
    assert not is_identifier(name)
