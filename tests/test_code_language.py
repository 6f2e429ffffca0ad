"""Every construct of the language in generated source, and the arithmetic with its exactness."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from random import Random
from typing import Any

import pytest

import archgen
from archgen.backends.python.arithmetic import Sum, Term, as_float, as_whole, sum_of, term_of
from archgen.expressions import ExpressionFault, Result, exact, parse
from tests.code_cases import CASES, Case, conv, spec
from tests.recording import differences, of_graph, of_source, parameters_of
from tests.test_code import assert_formatted


@pytest.fixture(scope="module")
def sources() -> Mapping[str, str]:
    return {name: archgen.code(case.spec) for name, case in CASES.items()}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_source_builds_the_graph_under_all_arguments(case: Case) -> None:
    source = archgen.code(case.spec)
    for arguments in ({}, *case.arguments):
        graph = archgen.graph(case.spec, **arguments)
        assert [*differences(of_source(source, **arguments), of_graph(graph))] == [], arguments


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_source_takes_the_parameters_or_says_why_not(case: Case) -> None:
    source = archgen.code(case.spec)
    told = " ".join(source.partition('"""\n')[0].split())
    fixed = source.partition("computed, and no arguments: ")[2].partition("\n")[0].split(", ")
    named = {"input_shape", *case.spec.get("parameters", {})} - set(fixed)
    if case.is_flat:
        assert f"none, since {told.partition('none, since ')[2]}" in told
        named = set()
    elif case.why:
        assert "no arguments, since " in told
        named = {*parameters_of(source)} & named
        assert "input_shape" in named
    assert case.why in told
    assert {*parameters_of(source)} == named


def test_ruff_would_change_nothing(sources: Mapping[str, str], tmp_path: Path) -> None:
    assert_formatted({name.replace(" ", "_"): text for name, text in sources.items()}, tmp_path)


def test_a_graph_stands_layer_by_layer() -> None:
    for case in CASES.values():
        graph = archgen.graph(case.spec)
        assert [*differences(of_source(archgen.code(graph)), of_graph(graph))] == []


def test_a_graph_takes_no_arguments() -> None:
    graph = archgen.graph("lenet5")
    with pytest.raises(archgen.UsageError, match="lenet5 is a graph already"):
        archgen.code(graph, classes=3)
    with pytest.raises(archgen.UsageError, match="lenet5 is a graph already"):
        archgen.code(graph, (8, 8, 1))


def test_faults_are_those_of_the_spec() -> None:
    with pytest.raises(archgen.SpecError, match="E310"):
        archgen.code("inception_v4", (74, 74, 3))
    with pytest.raises(archgen.UsageError, match="E507"):
        archgen.code("lenet5", clases=3)
    with pytest.raises(archgen.UsageError, match="E501"):
        archgen.code("lenet6")


# ── pools ─────────────────────────────────────────────────────────────────────────────────────────

PADDINGS = ("same", "valid", 0, 1, [0, 1], [[0, 1], [1, 0]])


@pytest.mark.parametrize("op", ["max_pool", "avg_pool"])
def test_pools_pad_and_count_as_the_op_does(op: str) -> None:
    random, compared = Random(op), 0
    counts = ("count_padding",) if op == "avg_pool" else ()
    for _ in range(30):
        pool: dict[str, Any] = {
            "op": op,
            "pool_size": [random.randint(2, 4), 3],
            "strides": random.choice((1, 2, [3, 2])),
        }
        pool |= {"padding": random.choice(PADDINGS)}
        flags = {name: random.random() < 0.5 for name in ("ceil_mode", *counts)}
        given = {
            name: f"${name}" if random.random() < 0.5 else value for name, value in flags.items()
        }
        document = spec(
            {**pool, **given}, shape=("$side", "${side + 3}", 3), parameters={"side": 9, **flags}
        )
        if any(fault.severity == "error" for fault in archgen.check(document)):
            continue
        source = archgen.code(document)
        for side in range(4, 14):
            arguments: dict[str, Any] = {
                "side": side,
                **{name: random.random() < 0.5 for name in flags},
            }
            try:
                graph = archgen.graph(document, **arguments)
            except archgen.SpecError:
                continue
            compared += 1
            found = [*differences(of_source(source, **arguments), of_graph(graph))]
            assert found == [], (document["layers"], arguments)
    assert compared > 80


# ── arithmetic ────────────────────────────────────────────────────────────────────────────────────

KINDS = {
    "a": "int",
    "b": "int",
    "f": "number",
    "g": "number",
    "p": "bool",
    "q": "bool",
    "s": "text",
}
NUMBERS = ("a", "b", "f", "g", "1", "2", "7", "0.5", "0.1", "2.5", "16")
TRUTHS = ("p", "q", "true", "false", "s == 'same'", "s != null")


class Names:
    """The names of an expression, as Python and with values."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def lookup(self, name: str) -> Any:
        return Result(exact(self.values[name]), effective=False)

    def names(self) -> list[str]:
        return list(self.values)

    def width(self, _: Any) -> int:
        raise AssertionError


class Python(Names):
    def lookup(self, name: str) -> Any:
        return Term(name, frozenset({KINDS[name]}))

    def width(self, _: Any) -> Any:
        raise AssertionError


def number(random: Random, depth: int) -> str:
    """Return a random expression of a number."""
    if depth <= 0 or random.random() < 0.25:
        return random.choice(NUMBERS)
    one, other = inner(number, random, depth), inner(number, random, depth)
    kind = random.randrange(10)
    if kind < 5:
        return f"{one} {random.choice(('+', '-', '*', '/', '//', '%'))} {other}"
    if kind < 7:
        return f"{random.choice(('min', 'max'))}({one}, {other})"
    if kind == 7:
        return f"{random.choice(('ceil', 'floor', 'round'))}({one})"
    return f"-{one}" if kind == 8 else f"{one} if {truth(random, depth - 1)} else {other}"


def truth(random: Random, depth: int) -> str:
    """Return a random condition."""
    if depth <= 0 or random.random() < 0.2:
        return random.choice(TRUTHS)
    kind = random.randrange(4)
    if kind < 2:
        sign = random.choice(("<", "<=", ">", ">=", "==", "!="))
        return f"{inner(number, random, depth)} {sign} {inner(number, random, depth)}"
    if kind == 2:
        one, other = inner(truth, random, depth), inner(truth, random, depth)
        return f"{one} {random.choice(('and', 'or'))} {other}"
    return f"not {inner(truth, random, depth)}"


def inner(write: Any, random: Random, depth: int) -> str:
    text: str = write(random, depth - 1)
    return text if text.isidentifier() else f"({text})"


def values(random: Random) -> dict[str, Any]:
    return {
        "a": random.randint(-5, 40), "b": random.randint(0, 9),
        "f": random.choice((0.1, 0.25, 1.4, 3.0, -2.5, 0.17, 1e-05, 0.3)),
        "g": random.choice((0.2, 1.5, 2.0, 0.7)),
        "p": random.random() < 0.5, "q": random.random() < 0.5, "s": random.choice(("same", "x")),
    }  # fmt: skip


def whole(value: Any) -> int:
    assert value == int(value)
    return int(value)


CALLED = {
    "exact": lambda value: Fraction(str(value)), "whole": whole, "Fraction": Fraction,
    "ceil": ceil, "floor": floor,
}  # fmt: skip


def run(term: Term, given: Mapping[str, Any]) -> Any:
    return eval(term.text, dict(CALLED), dict(given))  # noqa: S307 - that is the test


@pytest.mark.parametrize("count", [1500, pytest.param(300_000, marks=pytest.mark.full)])
def test_arithmetic_gives_the_same_values(count: int) -> None:
    random, compared, fractions = Random(7), 0, 0
    for _ in range(count):
        write = random.choice((number, number, truth))
        text, given = f"${{{write(random, 4)}}}", values(random)
        try:
            wanted = parse(text).evaluate(Names(given)).value
        except ExpressionFault:
            continue
        term = term_of(text, Python(given))
        found = run(term, given)
        assert type(found) is bool or not isinstance(wanted, bool), text
        assert exact(found) if isinstance(found, float) else found == wanted, (text, term.text)
        compared += 1
        if isinstance(wanted, Fraction):
            fractions += 1
            assert run(as_float(term), given) == float(wanted), (text, term.text)
        elif isinstance(wanted, int) and not isinstance(wanted, bool):
            assert run(as_whole(term), given) == wanted
            assert type(run(as_whole(term), given)) is int
    assert compared > 0.7 * count
    assert fractions > 0.1 * count


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("${a + 1}", "a + 1"),
        ("${a * (b + 2)}", "a * (b + 2)"),
        ("${a - (b - 2) - 1}", "a - (b - 2) - 1"),
        ("${(a + b) * 2 // 3}", "(a + b) * 2 // 3"),
        ("${-a + b}", "-a + b"),
        ("${-(a + b)}", "-(a + b)"),
        ("${f * 3}", "exact(f) * 3"),
        ("${a / b}", "Fraction(a, b)"),
        ("${ceil(f)}", "ceil(f)"),
        ("${ceil(2 * f)}", "ceil(2 * exact(f))"),
        ("${a if p and not q else b}", "a if p and not q else b"),
        ("${not (a == b)}", "not a == b"),
        ("${not (s == null)}", "s is not None"),
        ("${p == true}", "p is True"),
        ("${s == 'same' or p}", 's == "same" or p'),
        ("${f > 0}", "f > 0"),
        ("${f * 2 > g}", "exact(f) * 2 > exact(g)"),
        ("${min(f, 0.5)}", "min(f, 0.5)"),
        ("${1 == true}", "False"),
        ("$a", "a"),
    ],
)
def test_python_says_it_shortly(text: str, python: str) -> None:
    assert term_of(text, Python({})).text == python


def test_sums_are_told_shortly() -> None:
    names = Python({})
    counts = {"$a": "a", "${a - 1}": "a - 1", "${2 - a}": "2 - a", "${a + b - 3}": "a + b - 3"}
    for text, said in counts.items():
        assert str(sum_of(term_of(text, names))) == said
    blocks = sum_of(term_of("${a - 1}", names))
    assert str(blocks + 2) == "a + 1"
    assert str((blocks + 2).minus(blocks)) == "2"
    assert str(Sum() + 0) == "0"
    assert (
        str(sum_of(term_of("${a * (b + 1) + (a if p else b)}", names)))
        == "a * (b + 1) + (a if p else b)"
    )


def test_what_is_not_whole_is_refused() -> None:
    source = archgen.code(spec(conv("c", filters="${n / 2}"), parameters={"n": 4}))
    with pytest.raises(ValueError, match="3/2 is not a whole number"):
        of_source(source, n=3)
