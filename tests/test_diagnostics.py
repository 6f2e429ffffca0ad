"""Faults as a product: rendered under the text, each cause once, all in one go, no follow-ups."""

import json
import time
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import archgen
from archgen.diagnostics import (
    Fault,
    Faults,
    Related,
    SpecError,
    did_you_mean,
    fault_record,
    named,
    quoted,
    render_fault,
    render_short,
)
from archgen.places import Place, Text
from archgen.source import Array, Object, parse

# A busy machine must not fail a test.
UNTIMED = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CONV = {"op": "conv", "filters": 8, "kernel_size": 3}


def at(content: str, part: str, name: str = "net.json", path: tuple[str | int, ...] = ()) -> Place:
    """Return the place of the first occurrence of a part of a text."""
    start = content.index(part)
    return Place(Text(name, content), path, start, start + len(part))


def rendered(content: str, part: str, label: str = "") -> list[str]:
    return render_fault(Fault("E203", "wrong", at(content, part), label)).split("\n")


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def marked(lines: list[str]) -> str:
    """Return the text that stands right above the carets of a snippet."""
    number = next(i for i, line in enumerate(lines) if "^" in line and "|" in line)
    shown, carets = lines[number - 1], lines[number]
    first = columns(carets[: carets.index("^")])
    last = first + carets.count("^")
    found = ""
    at_column = 0
    for character in shown:
        if first <= at_column < last:
            found += character
        at_column += _columns_of(character)
    assert at_column >= first
    return found


# ── the terminal's form ───────────────────────────────────────────────────────────────────────────


SPEC = """{
  "layers": [
    {"op": "max_pool"},
    {"op": "avg_pool", "pool_size": 8}
  ]
}
"""


def test_a_fault_with_everything() -> None:
    fault = Fault(
        "E310",
        "8×8 avg pool does not fit 4×4",
        at(SPEC, '{"op": "avg_pool", "pool_size": 8}', path=("layers", 1)),
        "window 8×8, map 4×4",
        (Related(at(SPEC, '"max_pool"', path=("layers", 0, "op")), "made this map"),),
        ("8×8", "max_pool → 4×4"),
        ("a note",),
        "replace it",
    )
    assert render_fault(fault) == (
        "error[E310]: 8×8 avg pool does not fit 4×4\n"
        " --> net.json:4:5  /layers/1\n"
        "  |\n"
        '4 |     {"op": "avg_pool", "pool_size": 8}\n'
        "  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ window 8×8, map 4×4\n"
        " --> net.json:3:12  /layers/0/op\n"
        "  |\n"
        '3 |     {"op": "max_pool"},\n'
        "  |            ^^^^^^^^^^ made this map\n"
        "  |\n"
        "  = trail: 8×8 ─ max_pool → 4×4\n"
        "  = note: a note\n"
        "  = help: replace it"
    )


def test_a_fault_without_a_place_is_its_headline_and_its_help() -> None:
    fault = Fault("E501", "no spec is called `q`", help="a file's name ends in `.json`")
    assert render_fault(fault).split("\n")[0] == "error[E501]: no spec is called `q`"
    assert render_fault(fault).endswith("= help: a file's name ends in `.json`")


@pytest.mark.parametrize("number", [1, 9, 10, 99, 100, 1000])
def test_bars_and_notes_stand_below_each_other(number: int) -> None:
    content = "\n" * (number - 1) + "here"
    fault = Fault("E203", "wrong", at(content, "here"), notes=("a note",))
    _, arrow, *rest = render_fault(fault).split("\n")
    bars = {line.index("|") for line in rest if "|" in line}
    assert bars == {arrow.index("-->") + 1} == {rest[-1].index("=")}


def test_gutters_of_several_places_are_as_wide_as_the_widest() -> None:
    content = "one\n" + "\n" * 98 + "hundred"
    related = (Related(at(content, "hundred"), "there"),)
    fault = Fault("E203", "wrong", at(content, "one"), related=related)
    lines = render_fault(fault).split("\n")[1:]
    assert len({line.index("|") for line in lines if "|" in line}) == 1


def test_a_place_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    content = '{\n  "input": {\n    "shape": 3\n  }\n}'
    lines = rendered(content, '{\n    "shape": 3\n  }')
    assert lines[3:] == ['2 |   "input": {', "  |            ^"]
    assert marked(rendered("[1,  \n2]", "[1,  \n2]")).rstrip() == "[1,"


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ('\t"a":\t1', '"a"'),
        ('\t\t"a":\t1', "1"),
        ('"a": "\t", "b": 2', "2"),
        ('"語言": 1', "1"),
        ('"語言": 1', '"語言"'),
        ('"ﾊﾟ": 1', "1"),
        ('"🎉🎉": 12', "12"),
        ('"e\u0301e\u0301": 12', "12"),
        ('"a\u200bb": 12', "12"),
        ('"한국어", "x": 5', "5"),
        ('"' + "語" * 60 + '", 5, "' + "語" * 60 + '"', "5"),
        ("x" * 300 + "here" + "y" * 300, "here"),
        ("here" + "y" * 300, "here"),
        ("x" * 300 + "here", "here"),
        ("x" * 99 + "h", "h"),
        ("x" * 100 + "h", "h"),
        ('{"a": 1', "1"),
        ("{}\r\n[]\r\n", "[]"),
    ],
)
def test_carets_stand_right_under_the_text(content: str, part: str) -> None:
    assert marked(rendered(content, part)) == part


def test_a_wide_place_is_marked_as_far_as_it_is_shown() -> None:
    lines = rendered("x" * 300 + "y" * 300, "y" * 300)
    assert set(marked(lines)) == {"y"}
    assert max(map(len, lines)) < 120
    assert marked(lines) == lines[3][-len(marked(lines)) :]


@pytest.mark.parametrize("content", ["", "\n", "{}", "{}\n", "a\nb\r\n"])
def test_the_end_of_a_text_has_one_caret(content: str) -> None:
    end = Place(Text("net.json", content), (), len(content), len(content))
    lines = render_fault(Fault("E102", "it ends", end)).split("\n")
    assert lines[-1].count("^") == 1
    assert lines[1] == f" --> net.json:{content.count(chr(10)) + 1}:{end.column}"


HOSTILE = ("\x1b[31m", "\x9b31m", "\r", "\u202e", "\u2028", "\u2066", "\x07", "\x7f", "\ufeff", "\x85")


@pytest.mark.parametrize("sign", HOSTILE)
def test_no_sign_that_a_terminal_obeys_is_printed(sign: str) -> None:
    content = f'{{"a{sign}b": {{"{sign}": 1}}, "c": 12}}'
    place = at(content, "12", f"net{sign}.json", (f"a{sign}b", sign))
    fault = Fault("E203", f"{named(sign)} and {quoted(sign)}", place, "here")
    for text in (render_short(fault), *render_fault(fault).split("\n")):
        assert text.isprintable()
    assert marked(render_fault(fault).split("\n")) == "12"


def test_a_line_break_in_a_key_or_a_name_leaves_the_short_form_one_line() -> None:
    fault = Fault("E201", "unknown key", at("ab", "b", "a\nb.json", ("a\nb", "c\td")))
    assert render_short(fault).isprintable()
    assert json.loads(json.dumps(fault_record(fault)))["pointer"] == "/a\nb/c\td"


def test_a_long_key_does_not_fill_the_screen() -> None:
    fault = Fault("E201", "unknown key", at("ab", "b", path=("k" * 5000,)))
    assert len(render_short(fault)) < 300
    assert max(map(len, render_fault(fault).split("\n"))) < 300
    assert fault_record(fault)["pointer"] == "/" + "k" * 5000


NAMES = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("語ü🎉\t\u0301\u202e\x1b\x00"),
    max_size=12,
)
DOCUMENTS = st.dictionaries(NAMES, st.lists(NAMES | st.integers(), max_size=3), max_size=4)


def places(value: object) -> Iterator[Place]:
    if isinstance(value, Object):
        for key, place in value.places.items():
            yield from (place, place.of_key(), *places(value[key]))
    elif isinstance(value, Array):
        for place, inner in zip(value.places, value, strict=True):
            yield from (place, *places(inner))


@UNTIMED
@given(DOCUMENTS, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_every_place_of_every_document_is_marked(
    document: Mapping[str, Any], indent: int | str | None, ascii_only: bool
) -> None:
    content = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    for place in places(parse(content, "net.json")):
        lines = render_fault(Fault("E203", "wrong", place)).split("\n")
        assert all(line.isprintable() for line in lines)
        above, text = marked(lines), content[place.start : place.end].partition("\n")[0]
        assert above
        if text.isprintable() and len(content) < 100:
            event("whole")
            assert above == text


# ── the record and the short form ─────────────────────────────────────────────────────────────────


def test_the_record_says_all_that_the_terminal_does() -> None:
    related = (Related(at(SPEC, '"layers"', path=("layers",)), "in here"),)
    fault = Fault("W603", "odd", at(SPEC, "8", path=("layers", 1, "pool_size")), "this")
    record = fault_record(fault.explained(("a", "b"), ("n",), related, "h"))
    assert json.loads(json.dumps(record)) == {
        "code": "W603",
        "severity": "warning",
        "message": "odd",
        "file": "net.json",
        "line": 4,
        "column": 37,
        "end_line": 4,
        "end_column": 38,
        "pointer": "/layers/1/pool_size",
        "label": "this",
        "trail": ["a", "b"],
        "notes": ["n"],
        "help": "h",
        "related": [
            {
                "file": "net.json",
                "line": 2,
                "column": 3,
                "end_line": 2,
                "end_column": 11,
                "pointer": "/layers",
                "label": "in here",
            }
        ],
    }


def test_the_record_of_a_fault_without_a_place_has_none() -> None:
    record = fault_record(Fault("E501", "no spec"))
    assert "line" not in record
    assert record["help"] is None


def test_the_end_of_a_place_may_be_on_another_line() -> None:
    record = fault_record(Fault("E203", "wrong", at("{\n 1\n}", "{\n 1\n}")))
    assert (record["end_line"], record["end_column"]) == (3, 2)


def test_the_short_form_is_one_line_that_an_editor_can_follow() -> None:
    fault = Fault("E310", "does not fit", at(SPEC, "8", path=("layers", 1, "pool_size")))
    expected = "net.json:4:37: error[E310]: does not fit  /layers/1/pool_size"
    assert render_short(fault) == expected
    assert render_short(Fault("W603", "odd")) == "warning[W603]: odd"
    assert render_short(Fault("E102", "odd", at("", ""))) == "net.json:1:1: error[E102]: odd"


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "known", "match"),
    [
        ("filter", ["filters", "kernel_size"], "filters"),
        ("Filters", ["filters"], "filters"),
        ("K", ["k", "l"], "k"),
        ("k", ["K", "l"], "K"),
        ("zzz", ["filters"], None),
        ("filters", [], None),
        ("", ["filters"], None),
    ],
)
def test_the_most_similar_name_is_proposed(name: str, known: list[str], match: str | None) -> None:
    assert did_you_mean(name, known) == (match and f"did you mean `{match}`?")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ("", '""'),
        ('a"b', '"a\\"b"'),
        ("a\nb", '"a\\nb"'),
        (None, "null"),
        (True, "true"),
        (1.0, "1.0"),
        (10**20, "100000000000000000000"),
        ([1, None, {"a": True}], '[1, null, {"a": true}]'),
        ("語🎉", '"語🎉"'),
    ],
)
def test_a_value_is_quoted_as_json_writes_it(value: object, text: str) -> None:
    assert quoted(value) == text


@pytest.mark.parametrize("value", ["x" * 10**6, ["x"] * 10**5, {"x" * 1000: 1}, "語" * 1000, 10**60])
def test_what_is_quoted_is_short_and_printable(value: object) -> None:
    assert len(quoted(value)) <= 60
    assert quoted(value).isprintable()
    assert quoted(value).endswith("…")
    assert len(named(value)) <= 60


# ── each cause once, all of them, nothing that follows ────────────────────────────────────────────


def checked(*layers: object, **members: object) -> tuple[Fault, ...]:
    document = {
        "archgen": 1,
        "name": "net",
        "input": {"shape": [32, 32, 3]},
        "layers": list(layers),
        **members,
    }
    return archgen.check(document)


def found(*layers: object, **members: object) -> list[tuple[str, str]]:
    """Return code and pointer of every fault, sorted."""
    faults = checked(*layers, **members)
    return sorted((fault.code, fault.place.pointer if fault.place else "") for fault in faults)


def test_equal_faults_are_one() -> None:
    faults = Faults()
    place = at(SPEC, "8")
    for _ in range(3):
        faults.add(Fault("E206", "unknown", place))
    assert faults.listed() == (Fault("E206", "unknown", place),)


def test_different_faults_at_one_place_are_several() -> None:
    faults = Faults()
    place = at(SPEC, "8")
    for name in "abc":
        faults.add(Fault("E202", f"`{name}` is missing", place))
    assert len(faults.listed()) == 3


def test_warnings_alone_are_no_error() -> None:
    faults = Faults()
    faults.add(Fault("W603", "odd"))
    faults.raise_errors()
    assert not faults.has_errors
    faults.add(Fault("E203", "wrong"))
    with pytest.raises(SpecError) as refusal:
        faults.raise_errors()
    assert [fault.code for fault in refusal.value.faults] == ["W603", "E203"]


def branches(count: int, entry: object) -> dict[str, object]:
    return {"join": "concat", "branches": {f"b{number}": [entry] for number in range(count)}}


def module(*layers: object, **members: object) -> dict[str, object]:
    return {"m": {"layers": list(layers), **members}}


def test_a_faulty_module_used_six_times_is_one_fault_with_a_count() -> None:
    pool = {"op": "max_pool", "pool_size": 40}
    (fault,) = checked(branches(6, {"use": "m"}), modules=module(pool))
    assert fault.notes == ("the same happens at 5 more uses of this entry",)
    (twice,) = checked(branches(2, {"use": "m"}), modules=module(pool))
    assert twice.notes == ("the same happens at 1 more use of this entry",)
    (once,) = checked(branches(1, {"use": "m"}), modules=module(pool))
    assert once.notes == ()


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({**CONV, "filters": "$q"}, "E206"),
        ({**CONV, "filters": "${1 +"}, "E210"),
        ({**CONV, "filters": "${1 // 0}"}, "E211"),
        ({**CONV, "filters": "${1 / 2}"}, "E212"),
        ({**CONV, "filters": -1}, "E203"),
        ({**CONV, "when": "${1}"}, "E203"),
        ({**CONV, "repeat": "$q"}, "E206"),
        ({"op": "cnov"}, "E204"),
        ({"use": "n"}, "E205"),
        ({"use": "m"}, "E215"),
        ({"op": "flatten", "inputs": ["q"]}, "E208"),
        ({"op": "flatten", "name": "x", "inputs": ["x"]}, "E209"),
        ({"op": "add"}, "E221"),
        ({"join": "add", "branches": {}}, "E219"),
        ({"join": "add", "branches": {"a": [CONV], "b": []}}, "E320"),
    ],
)
def test_a_fault_in_a_module_used_six_times_is_one(entry: object, code: str) -> None:
    uses: list[object] = [branches(3, {"use": "m"}), {"use": "m", "repeat": 3}]
    faults = checked(*uses, modules=module(entry))
    assert [fault.code for fault in faults] == [code]


def test_schema_expression_and_shape_faults_are_told_in_one_go() -> None:
    faults = found(
        {**CONV, "name": "a", "strid": 2},
        {"op": "flatten", "name": "cut"},
        branches(2, {"use": "m"}),
        input={"shape": [32, 32, 3]},
        parameters={"n": 8, "bad": "${8 +", "a b": 1, "unread": 3},
        width={"multiplier": -1},
        defaults={"cnov": {}},
        heads={"aux": {"from": "q", "layers": [], "loss_wight": 1}},
        modules={
            "m": {"layers": [{**CONV, "filters": "$nn"}, {"op": "max_pool", "pool_size": 2}]},
            "unused": {"layers": [{"op": "dense", "units": "3"}]},
        },
        titel="x",
    )
    assert [(code, pointer) for code, pointer in faults if code < "W"] == [
        ("E201", "/heads/aux/loss_wight"),
        ("E201", "/layers/0/strid"),
        ("E201", "/titel"),
        ("E203", "/modules/unused/layers/0/units"),
        ("E203", "/width/multiplier"),
        ("E204", "/defaults/cnov"),
        ("E206", "/modules/m/layers/0/filters"),
        ("E210", "/parameters/bad"),
        ("E213", "/parameters/a b"),
    ]


def test_independent_branches_are_told_each() -> None:
    fork = {
        "join": "concat",
        "branches": {
            "sound": [CONV],
            "pool": [{"op": "max_pool", "pool_size": 40}],
            "flat": [{"op": "flatten"}, CONV],
            "wild": [{**CONV, "filters": "$q"}],
            "odd": [{**CONV, "filters": "8"}],
            "lost": [{"use": "q"}],
            "ring": [{"op": "flatten", "inputs": ["q"]}],
        },
    }
    assert found(fork) == [
        ("E203", "/layers/0/branches/odd/0/filters"),
        ("E205", "/layers/0/branches/lost/0/use"),
        ("E206", "/layers/0/branches/wild/0/filters"),
        ("E208", "/layers/0/branches/ring/0/inputs/0"),
        ("E310", "/layers/0/branches/pool/0"),
        ("E330", "/layers/0/branches/flat/1"),
    ]


def test_an_entry_with_a_typo_still_tells_its_expressions() -> None:
    entry = {**CONV, "filters": "$nn", "strid": 2, "repeat": "${1 +", "when": "$q"}
    assert found(entry) == [
        ("E201", "/layers/0/strid"),
        ("E206", "/layers/0/filters"),
        ("E206", "/layers/0/when"),
        ("E210", "/layers/0/repeat"),
    ]


def test_layers_and_heads_are_told_in_one_go() -> None:
    heads = {
        "a": {"from": "stem", "layers": [{"op": "flatten"}, CONV]},
        "b": {"from": "stem", "when": "$q", "layers": [{"op": "flatten"}]},
        "c": {"from": "stem", "layers": [{"op": "max_pool", "pool_size": 40}]},
    }
    pool = {"op": "max_pool", "pool_size": 31}
    assert found({**CONV, "name": "stem"}, pool, heads=heads) == [
        ("E206", "/heads/b/when"),
        ("E310", "/heads/c/layers/0"),
        ("E310", "/layers/1"),
        ("E330", "/heads/a/layers/1"),
    ]


POISONED = {
    "broken": {"layers": [{"op": "cnov"}]},
    "faulty": {"layers": [{"op": "max_pool", "pool_size": 40}]},
    "ring": {"layers": [{"use": "ring"}]},
    "needs": {"required": ["k"], "layers": [{**CONV, "filters": "$k"}]},
    "tail": {"layers": [{"op": "max_pool", "pool_size": 99}, CONV]},
}


@pytest.mark.parametrize(
    "poison",
    [
        {"op": "cnov"},
        {"op": "conv", "filter": 8, "kernel_size": 3},
        {"op": "conv", "filters": "$q", "kernel_size": 3},
        {"op": "conv", "filters": 8, "kernel_size": 40},
        {"op": "conv", "filters": "8", "kernel_size": 3},
        {"use": "q"},
        {"use": "broken"},
        {"use": "faulty"},
        {"use": "ring"},
        {"use": "needs"},
        {"op": "flatten", "when": "$q"},
        {"op": "conv", "filters": 8, "kernel_size": 3, "repeat": "$q"},
        {"op": "conv", "filters": 8, "kernel_size": 3, "inputs": ["q"]},
        {"join": "add", "branches": {"a": [CONV], "b": []}},
        {"join": "add", "branches": {}},
        {"join": "adx", "branches": {"a": [CONV], "b": []}},
        {"op": "add"},
        "conv",
        None,
        {"join": "add", "branches": {"a": "x", "b": []}},
    ],
)
def test_what_a_fault_leaves_unknown_stays_silent(poison: object) -> None:
    used = poison.get("use") if isinstance(poison, dict) else None
    faults = checked(
        {"name": "fork", "join": "concat", "branches": {"a": [poison, {"use": "tail"}], "b": []}},
        {"op": "max_pool", "pool_size": 99, "name": "next"},
        {"op": "add", "inputs": ["fork", "next"]},
        {"use": "tail", "repeat": "${channels // 8}"},
        {**CONV, "filters": "${channels * 2}"},
        {"op": "dense", "units": 10},
        heads={"aux": {"from": "fork", "layers": [CONV]}},
        modules={name: body for name, body in POISONED.items() if name in {"tail", used}},
    )
    errors = [fault for fault in faults if fault.severity == "error"]
    told = {fault.place.pointer for fault in errors if fault.place}
    assert len(told) == 1
    assert all(p.startswith(("/layers/0/branches/a/0", "/modules/")) for p in told)


def test_an_unknown_input_leaves_shapes_unknown_and_nothing_else() -> None:
    layers = [{"op": "max_pool", "pool_size": 99}, {**CONV, "filters": "$q"}]
    assert found(*layers, input={"shape": [None, 32, 3]}) == [
        ("E206", "/layers/1/filters"),
        ("E224", "/input/shape/0"),
    ]


def test_a_broken_parameter_is_told_once_however_it_is_read() -> None:
    layers = [
        {**CONV, "filters": "$a"},
        {**CONV, "filters": "${a * 2}", "repeat": "$b", "when": "${b > 1}"},
        {"use": "m", "with": {"k": "$b"}},
    ]
    names = {"a": "$q", "b": "${a + 1}"}
    inner = module({**CONV, "filters": "$k"}, required=["k"])
    assert found(*layers, parameters=names, modules=inner) == [("E206", "/parameters/a")]


def test_a_broken_default_is_told_once_however_many_entries_read_it() -> None:
    defaults = {"conv": {"use_bias": "no"}}
    assert found(CONV, CONV, CONV, defaults=defaults) == [("E203", "/defaults/conv/use_bias")]
    computed = {"conv": {"padding": "$q"}}
    assert found(CONV, CONV, CONV, defaults=computed) == [("E206", "/defaults/conv/padding")]


# ── many faults ───────────────────────────────────────────────────────────────────────────────────


def test_an_error_shows_fifty_faults_and_counts_the_rest() -> None:
    place = at(SPEC, "8")
    faults = [Fault("E203", f"fault {number}", place) for number in range(60)]
    text = str(SpecError(faults))
    assert text.count("error[E203]") == 50
    assert "fault 49" in text
    assert text.rstrip().endswith("10 more")
    assert len(SpecError(faults).faults) == 60
    assert str(SpecError(faults[:50])).count("error[E203]") == 50
    assert "more" not in str(SpecError(faults[:50]))


def timed(text: str) -> float:
    start = time.process_time()
    archgen.check(text.encode())
    return time.process_time() - start


def spread(layers: str, **members: str) -> str:
    more = "".join(f', "{key}": {value}' for key, value in members.items())
    head = '{"archgen": 1, "name": "net", "input": {"shape": [8, 8, 3]}'
    return f'{head}, "layers": [{layers}]{more}}}'


def listed(form: str, count: int) -> str:
    return ",".join(form % number for number in range(count))


def table(form: str, count: int) -> str:
    return "{" + ",".join(f'"{form % number}": 1' for number in range(count)) + "}"


MANY = {
    "unknown ops": spread(listed('{"op": "cnov%d"}', 30_000)),
    "no objects": spread(listed("%d", 90_000)),
    "unknown keys": spread('{"op": "flatten"}', **{"a": "1"})[:-1]
    + "".join(f', "k{number}": 1' for number in range(60_000))
    + "}",
    "unknown references": spread(
        listed('{"op": "flatten", "name": "p%d"}', 8_000)
        + ","
        + listed('{"op": "flatten", "inputs": ["q%d"]}', 8_000)
    ),
    "unknown parameters": spread(
        listed('{"op": "dense", "units": "$q%d"}', 10_000), parameters=table("p%d", 10_000)
    ),
    "unknown modules": spread(
        listed('{"use": "q%d"}', 10_000),
        modules="{" + ",".join(f'"p{n}": {{"layers": []}}' for n in range(10_000)) + "}",
    ),
    "long names": spread(
        listed('{"use": "' + "q" * 60 + '%d"}', 4_000),
        modules="{" + ",".join(f'"{"p" * 50}{n}": {{"layers": []}}' for n in range(4_000)) + "}",
    ),
    "keys that stand twice": '{"a": 1' + ', "a": 1' * 90_000 + "}",
}


@pytest.mark.parametrize("text", MANY.values(), ids=MANY)
def test_many_faults_are_found_in_time(text: str) -> None:
    assert len(text) <= 1 << 20
    assert timed(text) < 2.5  # a second on a machine that does nothing else


def test_an_error_of_many_faults_is_raised_in_time() -> None:
    layers = [3] * 30_000
    document = {"archgen": 1, "name": "n", "input": {"shape": [3, 3, 3]}, "layers": layers}
    start = time.process_time()
    with pytest.raises(SpecError) as refusal:
        archgen.graph(document)
    assert str(refusal.value).count("error[") <= 50
    assert time.process_time() - start < 2.5
