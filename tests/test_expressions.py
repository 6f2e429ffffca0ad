"""The arithmetic allowed in a spec: its rules one by one, then against an independent oracle."""

import copy
import math
import pickle
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, assume, event, example, given, settings
from hypothesis import strategies as st

from archgen.expressions import (
    RESERVED,
    ExpressionFault,
    JsonScalar,
    Result,
    Scalar,
    Scope,
    exact,
    is_expression,
    json_value,
    parse,
)
from archgen.limits import LIMITS

# A busy machine must not fail a test.
UNTIMED = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LARGEST = 2**63
BEYOND = " is out of range: numerator or denominator over 2^63"
HALF = Fraction(1, 2)
VALUES: dict[str, Scalar] = {
    "a": 7,
    "b": 2,
    "negative": -7,
    "half": HALF,
    "third": Fraction(1, 3),
    "zero": 0,
    "yes": True,
    "no": False,
    "nothing": None,
    "word": "same",
    "largest": LARGEST,
    "fine": Fraction(1, LARGEST),
    "beyond": 10**30,
    "tiny": Fraction(1, 10**30),
    "a_blocks": 4,
}
SCALED: dict[str, Scalar] = {"channels": 64, "odd": Fraction(35, 2), "scaled_beyond": 10**30}


@dataclass
class Names:
    """A scope over the two tables above that doubles what it scales."""

    values: dict[str, Scalar] = field(default_factory=lambda: VALUES)
    looked_up: list[str] = field(default_factory=list)

    def lookup(self, name: str) -> Result | None:
        self.looked_up.append(name)
        if name in SCALED:
            return Result(SCALED[name], effective=True)
        return Result(self.values[name], effective=False) if name in self.values else None

    def names(self) -> Iterable[str]:
        return [*self.values, *SCALED]

    def width(self, filters: Fraction | int) -> int:
        return int(filters * 2)


def evaluated(text: str, scope: Scope | None = None) -> Result:
    return parse(text).evaluate(scope or Names())


def value_of(text: str) -> Scalar:
    return evaluated(text).value


def fault_of(text: str) -> ExpressionFault:
    with pytest.raises(ExpressionFault) as caught:
        evaluated(text)
    return caught.value


def outcome_of(text: str) -> Result | ExpressionFault:
    try:
        return evaluated(text)
    except ExpressionFault as fault:
        return fault


def same(one: Scalar, other: Scalar) -> bool:
    """Return whether value and kind agree: true is not 1, a whole number is an int."""
    return type(one) is type(other) and one == other


VALUE_CASES: list[tuple[str, Scalar]] = [
    # a lone name passes anything through
    ("$a", 7),
    ("$half", HALF),
    ("$yes", True),
    ("$nothing", None),
    ("$word", "same"),
    ("$beyond", 10**30),
    ("$tiny", Fraction(1, 10**30)),
    # what may stand in braces
    ("${a}", 7),
    ("${ a\t\r\n}", 7),
    ("${true}", True),
    ("${false}", False),
    ("${null}", None),
    ("${'text'}", "text"),
    ("${''}", ""),
    ("${'a\\n}$\"é'}", 'a\\n}$"é'),
    ("${'if'}", "if"),
    ("${beyond}", 10**30),
    ("${beyond if yes else 1}", 10**30),
    # numbers are exact
    ("${0}", 0),
    ("${42}", 42),
    ("${0.25}", Fraction(1, 4)),
    ("${0.1 + 0.2}", Fraction(3, 10)),
    ("${2.0}", 2),
    ("${1e3}", 1000),
    ("${25E-2}", Fraction(1, 4)),
    ("${1.5e+1}", 15),
    ("${0e000}", 0),
    ("${0e100}", 0),
    ("${1e0003}", 1000),
    (f"${{{LARGEST}}}", LARGEST),
    # the four operations
    ("${a + b}", 9),
    ("${a - b}", 5),
    ("${a * b}", 14),
    ("${a / b}", Fraction(7, 2)),
    ("${8 / 2}", 4),
    ("${half + half}", 1),
    ("${half * 4}", 2),
    ("${half - 0.5}", 0),
    ("${third / half}", Fraction(2, 3)),
    # floor rules
    ("${7 // 2}", 3),
    ("${-7 // 2}", -4),
    ("${7 // -2}", -4),
    ("${-7 % 3}", 2),
    ("${7 % -3}", -2),
    ("${7.5 // 2}", 3),
    ("${7.5 % 2}", Fraction(3, 2)),
    ("${-0.5 % 0.25}", 0),
    ("${-half // 1}", -1),
    # precedence and association
    ("${2 + 3 * 4}", 14),
    ("${(2 + 3) * 4}", 20),
    ("${((((2))))}", 2),
    ("${10 - 3 - 2}", 5),
    ("${10 - (3 - 2)}", 9),
    ("${16 / 4 / 2}", 2),
    ("${7 // 2 * 2}", 6),
    ("${2 * 7 % 4}", 2),
    ("${-2 + 3}", 1),
    ("${- -2}", 2),
    ("${2 - -2}", 4),
    ("${2 * -3}", -6),
    ("${-(2 + 3)}", -5),
    ("${1 + 1 == 2}", True),
    ("${not 1 == 2}", True),
    ("${not false and false}", False),
    ("${not (false and false)}", True),
    ("${true or true and false}", True),
    ("${(true or true) and false}", False),
    ("${false and false or true}", True),
    ("${not not true}", True),
    ("${yes and not no}", True),
    ("${(1 < 2) == true}", True),
    ("${1 < 2 and 2 < 3}", True),
    # choice
    ("${1 if yes else 2}", 1),
    ("${1 if no else 2}", 2),
    ("${1 + 1 if no else 2 + 2}", 4),
    ("${no or yes if yes else no}", True),
    ("${1 if no or yes else 2}", 1),
    ("${1 if yes else 2 if yes else 3}", 1),
    ("${1 if no else 2 if no else 3}", 3),
    ("${(1 if no else 2) if no else 3}", 3),
    ("${1 if (yes if no else no) else 2}", 2),
    ("${'relu' if a > 3 else null}", "relu"),
    # what is not chosen is not computed
    ("${1 if yes else 1 / 0}", 1),
    ("${missing if no else 2}", 2),
    ("${true or 1 / 0 == 1}", True),
    ("${false and 'x'}", False),
    # comparisons
    ("${1 < 2}", True),
    ("${2 < 2}", False),
    ("${2 <= 2}", True),
    ("${3 <= 2}", False),
    ("${3 > 2}", True),
    ("${2 > 2}", False),
    ("${2 >= 2}", True),
    ("${1 >= 2}", False),
    ("${third < half}", True),
    ("${tiny < half}", True),
    ("${1 == 1.0}", True),
    ("${0.5 == half}", True),
    ("${1 == 2}", False),
    ("${1 != 2}", True),
    ("${1 != 1}", False),
    ("${true == 1}", False),
    ("${1 == true}", False),
    ("${false != 0}", True),
    ("${true == true}", True),
    ("${true == false}", False),
    ("${null == null}", True),
    ("${null == false}", False),
    ("${nothing == 0}", False),
    ("${'a' == 'a'}", True),
    ("${'1' == 1}", False),
    ("${half == 'half'}", False),
    ("${word != 'same'}", False),
    # functions
    ("${min(3, 1, 2)}", 1),
    ("${max(3, 1, 2)}", 3),
    ("${max(1, a // 4)}", 1),
    ("${min(half, third)}", Fraction(1, 3)),
    ("${max(tiny, 0.5)}", HALF),
    ("${ceil(2.1)}", 3),
    ("${ceil(-2.1)}", -2),
    ("${ceil(3)}", 3),
    ("${floor(2.9)}", 2),
    ("${floor(-2.1)}", -3),
    ("${floor(3)}", 3),
    ("${round(0.5)}", 0),
    ("${round(1.5)}", 2),
    ("${round(2.5)}", 2),
    ("${round(-2.5)}", -2),
    ("${round(2.51)}", 3),
    ("${round(3)}", 3),
    ("${width(5)}", 10),
    ("${width(2.5)}", 5),
    ("${ min ( 1 , max(2, 3) ) }", 1),
    ("${ceil(1 if yes else 2)}", 1),
    # the edge of the range
    ("${largest}", LARGEST),
    ("${largest + 0}", LARGEST),
    ("${-largest}", -LARGEST),
    ("${fine * 1}", Fraction(1, LARGEST)),
    ("${fine / -1}", Fraction(-1, LARGEST)),
]


@pytest.mark.parametrize(("text", "expected"), VALUE_CASES)
def test_value(text: str, expected: Scalar) -> None:
    assert same(value_of(text), expected)


@pytest.mark.parametrize(
    ("text", "effective"),
    [
        ("$a", False),
        ("$channels", True),
        ("${channels}", True),
        ("${2}", False),
        ("${a * 2}", False),
        ("${channels * 2}", True),
        ("${2 * channels}", True),
        ("${-channels}", True),
        ("${2 * (1 + channels / 3)}", True),
        ("${max(a, channels)}", True),
        ("${max(channels, a)}", True),
        ("${min(1, 2, channels)}", True),
        ("${max(1, 2, 3)}", False),
        ("${max(1, 2)}", False),
        ("${ceil(channels / 3)}", True),
        ("${ceil(a / 3)}", False),
        ("${width(3)}", True),
        ("${width(3) * 6}", True),
        ("${width(channels)}", True),
        ("${channels if yes else 1}", True),
        ("${channels if no else 1}", False),
        ("${1 if channels > 3 else 2}", False),
        ("${channels > 3}", False),
        ("${3 < channels}", False),
        ("${channels == 64}", False),
        ("${channels > 3 and yes}", False),
        ("${channels < 3 or no}", False),
        ("${not channels > 3}", False),
    ],
)
def test_what_is_effective(text: str, effective: bool) -> None:
    assert evaluated(text).effective is effective


def test_what_is_scaled_already_is_not_scaled_again() -> None:
    assert evaluated("${width(5)}") == Result(10, effective=True)
    assert evaluated("${width(width(5))}") == Result(10, effective=True)
    assert evaluated("${width(channels)}") == Result(64, effective=True)


SYNTAX_CASES: list[tuple[str, int, str]] = [
    # the two forms
    ("", 0, "expected `$name` or `${…}`"),
    ("name", 0, "expected `$name` or `${…}`"),
    ("$", 1, "expected `$name` or `${…}`"),
    ("$1", 1, "expected `$name` or `${…}`"),
    ("$ a", 1, "expected `$name` or `${…}`"),
    ("$$a", 1, "expected `$name` or `${…}`"),
    ("$é", 1, "expected `$name` or `${…}`"),
    ("$a ", 2, "nothing may follow `$name`"),
    ("$a/b", 2, "nothing may follow `$name`"),
    ("$a.b", 2, "nothing may follow `$name`"),
    ("$aé", 2, "nothing may follow `$name`"),
    ("$true", 1, "`true` is a reserved word, not a name"),
    ("$min", 1, "`min` is a reserved word, not a name"),
    ("${a}b", 4, "nothing may follow the closing `}`"),
    ("${a} ", 4, "nothing may follow the closing `}`"),
    ("${a}${b}", 4, "nothing may follow the closing `}`"),
    ("${a}}", 4, "nothing may follow the closing `}`"),
    ("${a", 3, "expected an operator or `}`, not the end of the string"),
    ("${", 2, "expected a value, not the end of the string"),
    ("${}", 2, "expected a value, not `}`"),
    ("${ }", 3, "expected a value, not `}`"),
    # operators and operands
    ("${a b}", 4, "expected an operator or `}`, not `b`"),
    ("${a 'b'}", 4, "expected an operator or `}`, not `'b'`"),
    ("${a '+'}", 4, "expected an operator or `}`, not `'+'`"),
    ("${a 'é\u202e'}", 4, "expected an operator or `}`, not `'é\\u202e'`"),
    ("${a)}", 3, "expected an operator or `}`, not `)`"),
    ("${a, b}", 3, "expected an operator or `}`, not `,`"),
    ("${a in b}", 4, "expected an operator or `}`, not `in`"),
    ("${a not b}", 4, "expected an operator or `}`, not `not`"),
    ("${1 +}", 5, "expected a value, not `}`"),
    ("${+1}", 2, "expected a value, not `+`"),
    ("${1 + * 2}", 6, "expected a value, not `*`"),
    ("${and}", 2, "expected a value, not `and`"),
    ("${if}", 2, "expected a value, not `if`"),
    ("${1 == not true}", 7, "expected a value, not `not`"),
    ("${-not true}", 3, "expected a value, not `not`"),
    ("${a <> b}", 5, "expected a value, not `>`"),
    # parentheses and calls
    ("${()}", 3, "expected a value, not `)`"),
    ("${(a}", 4, "expected an operator or `)`, not `}`"),
    ("${(a, b)}", 4, "expected an operator or `)`, not `,`"),
    ("${ceil(a}", 8, "expected an operator, `,` or `)`, not `}`"),
    ("${min(a b)}", 8, "expected an operator, `,` or `)`, not `b`"),
    ("${min(a, )}", 9, "expected a value, not `)`"),
    ("${min(, a)}", 6, "expected a value, not `,`"),
    ("${min}", 2, "`min` is a function, not a name"),
    ("${width + 1}", 2, "`width` is a function, not a name"),
    ("${a(1)}", 2, "`a` is not a function"),
    ("${abs(1)}", 2, "`abs` is not a function"),
    ("${2(1)}", 3, "expected an operator or `}`, not `(`"),
    ("${true(1)}", 6, "expected an operator or `}`, not `(`"),
    ("${'a'(1)}", 5, "expected an operator or `}`, not `(`"),
    # choice
    ("${1 if yes}", 10, "expected an operator or `else`, not `}`"),
    ("${1 if yes 2}", 11, "expected an operator or `else`, not `2`"),
    ("${1 if yes else}", 15, "expected a value, not `}`"),
    ("${1 if yes if no else no else 2}", 11, "expected an operator or `else`, not `if`"),
    ("${1 else 2}", 4, "expected an operator or `}`, not `else`"),
    # comparisons do not chain
    ("${1 < 2 < 3}", 8, "comparisons do not chain"),
    ("${a == b == yes}", 9, "comparisons do not chain"),
    ("${not 1 <= 2 != 3}", 13, "comparisons do not chain"),
    # numbers
    ("${007}", 2, "`007` is not a number"),
    ("${1.}", 2, "`1.` is not a number"),
    ("${.5}", 2, "`.5` is not a number"),
    ("${1_000}", 2, "`1_000` is not a number"),
    ("${0x10}", 2, "`0x10` is not a number"),
    ("${1e}", 2, "`1e` is not a number"),
    ("${1.2.3}", 2, "`1.2.3` is not a number"),
    ("${3x}", 2, "`3x` is not a number"),
    ("${1or 2}", 2, "`1or` is not a number"),
    ("${\u0661}", 2, "`\u0661` is not part of an expression"),
    # what other languages have
    ("${a ** 2}", 4, "`**` is not part of an expression"),
    ("${a.b}", 3, "`.` is not part of an expression"),
    ("${a[0]}", 3, "`[` is not part of an expression"),
    ("${a = 1}", 4, "`=` is not part of an expression"),
    ("${!a}", 2, "`!` is not part of an expression"),
    ("${yes && no}", 6, "`&&` is not part of an expression"),
    ("${yes || no}", 6, "`||` is not part of an expression"),
    ("${yes ? 1 : 2}", 6, "`?` is not part of an expression"),
    ('${"a"}', 2, '`"` is not part of an expression'),
    ("${lambda: 1}", 8, "`:` is not part of an expression"),
    ("${{a}}", 2, "`{` is not part of an expression"),
    ("${$a}", 2, "`$` is not part of an expression"),
    ("${a\u00a0}", 3, "`\\xa0` is not part of an expression"),
    ("${\ud800}", 2, "`\\ud800` is not part of an expression"),
    ("${\x1b[31m}", 2, "`\\x1b` is not part of an expression"),
    ("${'a}", 2, "text is not closed by `'`"),
    ("${'it''}", 6, "text is not closed by `'`"),
    # size
    ("$" + "a" * 256, 256, "expression is 257 characters long, 256 are allowed"),
    ("${" + "(" * 40, 34, "nested over 32 levels deep"),
    ("${" + "-" * 40 + "1}", 34, "nested over 32 levels deep"),
    ("${" + "not " * 40 + "yes}", 130, "nested over 32 levels deep"),
    ("${" + "ceil(" * 40, 166, "nested over 32 levels deep"),
    ("${" + "min(1," * 40, 197, "nested over 32 levels deep"),
    ("${" + "1if 1else " * 40, 256, "expression is 402 characters long, 256 are allowed"),
]


@pytest.mark.parametrize(("text", "offset", "message"), SYNTAX_CASES)
def test_syntax_fault(text: str, offset: int, message: str) -> None:
    with pytest.raises(ExpressionFault) as caught:
        parse(text)
    fault = caught.value
    assert (fault.code, fault.offset, fault.message) == ("E210", offset, message)


EVALUATION_CASES: list[tuple[str, int, str]] = [
    # kinds
    ("${true + 1}", 2, "`+` wants numbers, not true"),
    ("${1 + true}", 6, "`+` wants numbers, not true"),
    ("${1 - no}", 6, "`-` wants numbers, not false"),
    ("${nothing * 2}", 2, "`*` wants numbers, not null"),
    ("${'a' + 'b'}", 2, "`+` wants numbers, not text 'a'"),
    ("${2 / word}", 6, "`/` wants numbers, not text 'same'"),
    ("${word // 2}", 2, "`//` wants numbers, not text 'same'"),
    ("${7 % null}", 6, "`%` wants numbers, not null"),
    ("${-yes}", 3, "`-` wants numbers, not true"),
    ("${1 + (a * word)}", 11, "`*` wants numbers, not text 'same'"),
    ("${1 < 'b'}", 6, "`<` wants numbers, not text 'b'"),
    ("${'a' <= 'b'}", 2, "`<=` wants numbers, not text 'a'"),
    ("${yes > no}", 2, "`>` wants numbers, not true"),
    ("${1 >= yes}", 7, "`>=` wants numbers, not true"),
    ("${min(1, yes)}", 9, "`min` wants numbers, not true"),
    ("${max(1, 2, word)}", 12, "`max` wants numbers, not text 'same'"),
    ("${ceil(yes)}", 7, "`ceil` wants a number, not true"),
    ("${floor(null)}", 8, "`floor` wants a number, not null"),
    ("${round('1')}", 8, "`round` wants a number, not text '1'"),
    ("${width(yes)}", 8, "`width` wants a number, not true"),
    ("${width('64')}", 8, "`width` wants a number, not text '64'"),
    ("${1 and yes}", 2, "`and` wants true or false, not number 1"),
    ("${yes and 0.5}", 10, "`and` wants true or false, not number 0.5"),
    ("${no or third}", 8, "`or` wants true or false, not number 1/3"),
    ("${'a' or yes}", 2, "`or` wants true or false, not text 'a'"),
    ("${not 0}", 6, "`not` wants true or false, not number 0"),
    ("${not beyond}", 6, "`not` wants true or false, not number (a number of more than 63 bits)"),
    ("${1 if null else 2}", 7, "`if` wants true or false, not null"),
    ("${1 if a else 2}", 7, "`if` wants true or false, not number 7"),
    ("${-'abcdefghijklmnopqrstuvwx'}", 3, "`-` wants numbers, not text 'abcdefghijklmnopqrstuvwx'"),
    (
        "${-'abcdefghijklmnopqrstuvwxy'}",
        3,
        "`-` wants numbers, not text 'abcdefghijklmnopqrstuvwx…'",
    ),
    ("${-'\x1b'}", 3, "`-` wants numbers, not text '\\x1b'"),
    # division by zero
    ("${1 / 0}", 6, "1 / 0 divides by zero"),
    ("${a // zero}", 7, "7 // 0 divides by zero"),
    ("${half % (1 - 1)}", 10, "0.5 % 0 divides by zero"),
    ("${third / 0.0}", 10, "1/3 / 0 divides by zero"),
    # range
    (
        "${largest + 1}",
        10,
        f"9223372036854775808 + 1{BEYOND}",
    ),
    (
        "${-largest - 1}",
        11,
        f"-9223372036854775808 - 1{BEYOND}",
    ),
    (
        "${fine / 2}",
        7,
        f"1/9223372036854775808 / 2{BEYOND}",
    ),
    (
        "${largest + third}",
        10,
        f"9223372036854775808 + 1/3{BEYOND}",
    ),
    (
        "${max(1, 2, beyond)}",
        2,
        f"max(1, 2, (a number of more than 63 bits)){BEYOND}",
    ),
    (
        "${width(largest)}",
        2,
        f"width(9223372036854775808){BEYOND}",
    ),
    (
        "${width(scaled_beyond)}",
        2,
        f"width((a number of more than 63 bits)){BEYOND}",
    ),
    ("${width(odd)}", 8, "`width` of 17.5, which is scaled already and not whole"),
    # found while reading, so in a branch that is not taken too
    (
        f"${{1 if yes else {LARGEST + 1}}}",
        16,
        f"number {LARGEST + 1}{BEYOND}",
    ),
    ("${1e19}", 2, f"number 1e19{BEYOND}"),
    ("${1e-19}", 2, f"number 1e-19{BEYOND}"),
    ("${1e999}", 2, f"number 1e999{BEYOND}"),
    ("${0e1000}", 2, f"number 0e1000{BEYOND}"),
    (
        "${1E-999999999999}",
        2,
        f"number 1E-999999999999{BEYOND}",
    ),
    ("${min(1)}", 2, "`min` takes two or more arguments, not 1"),
    ("${max()}", 2, "`max` takes two or more arguments, not 0"),
    ("${1 + ceil()}", 6, "`ceil` takes one argument, not 0"),
    ("${ceil(1, 2)}", 2, "`ceil` takes one argument, not 2"),
    ("${floor(1, 2)}", 2, "`floor` takes one argument, not 2"),
    ("${round(2.5, 1)}", 2, "`round` takes one argument, not 2"),
    ("${width(1, 2)}", 2, "`width` takes one argument, not 2"),
]


@pytest.mark.parametrize(("text", "offset", "message"), EVALUATION_CASES)
def test_evaluation_fault(text: str, offset: int, message: str) -> None:
    fault = fault_of(text)
    assert (fault.code, fault.offset, fault.message) == ("E211", offset, message)


@pytest.mark.parametrize(
    ("text", "offset", "help_", "names"),
    [
        ("$a_block", 1, "did you mean `a_blocks`?", ("a_blocks",)),
        ("${1 + a_block}", 6, "did you mean `a_blocks`?", ("a_blocks",)),
        ("$channel", 1, "did you mean `channels`?", ("channels",)),
        ("${True}", 2, "did you mean `true`?", ("true",)),
        ("$True", 1, None, ()),
        ("$unlike_anything", 1, None, ()),
    ],
)
def test_unknown_name(text: str, offset: int, help_: str | None, names: tuple[str, ...]) -> None:
    fault = fault_of(text)
    assert (fault.code, fault.offset, fault.help, fault.names) == ("E206", offset, help_, names)
    assert fault.message == f"unknown parameter `{text[offset:].rstrip('}')}`"


def test_unknown_name_offers_each_of_three_names_once() -> None:
    class Doubled(Names):
        def names(self) -> Iterable[str]:
            return ["classes", "classes", "classed", "class_", "glasses", "unlike"]

    with pytest.raises(ExpressionFault) as caught:
        evaluated("$classe", Doubled())
    assert caught.value.names == ("classes", "classed", "class_")


def test_unknown_name_is_compared_with_a_bounded_number_of_names() -> None:
    read: list[int] = []

    class Endless(Names):
        def names(self) -> Iterable[str]:
            for index in range(10**9):
                read.append(index)
                yield f"name{index}"

    with pytest.raises(ExpressionFault):
        evaluated("$unlike", Endless())
    assert len(read) == LIMITS.compared


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ("${1 < 2 < 3}", "join two comparisons with `and`"),
        ("${a = 1}", "write `==` to compare"),
        ("${!a}", "write `not`"),
        ("${yes && no}", "write `and`"),
        ("${yes || no}", "write `or`"),
        ("${yes ? 1 : 2}", "`a if condition else b` chooses"),
        ('${"a"}', "text stands in single quotes"),
        ("${a ** 2}", None),
        ("$a + 1", "arithmetic stands in `${…}`"),
        ("${flor(1)}", "did you mean `floor`?"),
        ("${sqrt(1)}", "the functions are min, max, ceil, floor, round, width"),
        ("${1 / 0}", None),
    ],
)
def test_help(text: str, help_: str | None) -> None:
    assert fault_of(text).help == help_


def test_mistyped_function_names_the_similar_ones() -> None:
    assert fault_of("${flor(1)}").names == ("floor",)


def test_fault_reads_as_its_message_and_can_be_copied() -> None:
    fault = fault_of("${1 + a_block}")
    assert str(fault) == "unknown parameter `a_block` [E206, offset 6]"
    for twin in (copy.copy(fault), pickle.loads(pickle.dumps(fault))):  # noqa: S301 - our own bytes
        assert vars(twin) == vars(fault)


def test_names_are_every_bare_name_that_may_be_read() -> None:
    assert parse("$a").names == {"a"}
    assert parse("${1 + 2}").names == frozenset()
    text = "${min(a, _b1) if c and 'd' == e else (-f + true) * a}"
    assert parse(text).names == {"a", "_b1", "c", "e", "f"}


def test_only_names_that_are_needed_are_looked_up() -> None:
    scope = Names()
    evaluated("${a if yes or missing else b}", scope)
    assert scope.looked_up == ["yes", "a"]


def test_parse_remembers_what_it_read() -> None:
    first = parse("${a * 2}")
    assert parse("${a * 2}") is first
    parse.cache_clear()
    assert parse("${a * 2}") is not first
    assert parse("${a * 2}") == first
    assert repr(parse("$a")) == "Expression(text='$a', names=frozenset({'a'}))"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("$a", True), ("$", True), ("", False), ("a$", False), (1, False), (None, False)],
)
def test_is_expression(value: object, expected: bool) -> None:
    assert is_expression(value) is expected


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_words_are_no_names(name: str) -> None:
    assert fault_of(f"${name}").code == "E210"
    if name not in {"true", "false", "null"}:
        assert fault_of(f"${{{name}}}").code == "E210"


def test_reserved_words() -> None:
    words = "true false null and or not if else min max ceil floor round width"
    assert set(words.split()) == RESERVED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.25, Fraction(1, 4)),
        (0.1, Fraction(1, 10)),
        (1e-05, Fraction(1, 100_000)),
        (2.0, 2),
        (-0.0, 0),
        (1e300, 10**300),
        (3, 3),
        (True, True),
        ("0.5", "0.5"),
        (None, None),
    ],
)
def test_exact(value: JsonScalar, expected: Scalar) -> None:
    assert same(exact(value), expected)


def test_exact_reads_subclasses_of_float_by_their_number() -> None:
    class Reported(float):
        def __repr__(self) -> str:
            return f"float64({float(self)})"

    assert exact(Reported(0.1)) == Fraction(1, 10)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_exact_refuses_what_is_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="Invalid literal"):
        exact(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(4, 2), 2),
        (HALF, 0.5),
        (Fraction(1, 3), 1 / 3),
        (7, 7),
        (True, True),
        ("a", "a"),
        (None, None),
    ],
)
def test_json_value(value: Scalar, expected: JsonScalar) -> None:
    found = json_value(value)
    assert type(found) is type(expected)
    assert found == expected


@UNTIMED
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_survives_the_way_to_exact_and_back(value: float) -> None:
    back = json_value(exact(value))
    assert isinstance(back, int | float)
    assert float(back) == value
    assert isinstance(back, int) == value.is_integer()


# --- random trees against an evaluation that shares nothing with the module ---


class RefusedError(Exception):
    """The oracle's word that a tree has no value."""


Tree: TypeAlias = tuple[str, tuple["Tree", ...]]  # an operation or a leaf's text, its operands
Outcome: TypeAlias = tuple[Scalar, bool]

INFIX = {"or": 1, "and": 2, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4}
INFIX |= {"+": 5, "-": 5, "*": 6, "/": 6, "//": 6, "%": 6}
CHOICE, NOT, NEGATIVE, ATOM = 0, 3, 7, 8
ORDERS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda x, y: x - y < 0,
    "<=": lambda x, y: not y - x < 0,
    ">": lambda x, y: y - x < 0,
    ">=": lambda x, y: not x - y < 0,
}


def loosest(tree: Tree) -> int:
    symbol, operands = tree
    if symbol == "if":
        return CHOICE
    if symbol == "not":
        return NOT
    if len(operands) == 1 and symbol == "-":
        return NEGATIVE
    return INFIX.get(symbol, ATOM) if operands else ATOM


def rendered(tree: Tree, least: int = CHOICE, spaces: str = " ") -> str:
    """Write a tree with no more parentheses than Python's grammar needs."""
    symbol, operands = tree
    power = loosest(tree)
    if power < least:
        return f"({rendered(tree, spaces=spaces)})"
    if not operands:
        return symbol
    if symbol == "if":
        yes, condition, no = (
            rendered(part, at, spaces) for part, at in zip(operands, (1, 1, 0), strict=True)
        )
        return f"{yes} if {condition} else {no}"
    if symbol == "not":
        return f"not {rendered(operands[0], NOT, spaces)}"
    if power == NEGATIVE:
        return f"-{rendered(operands[0], NEGATIVE, spaces)}"
    if symbol in INFIX:
        # A comparison takes no comparison on either side; the rest lean to the left.
        left = rendered(operands[0], power + (power == INFIX["=="]), spaces)
        gap = " " if symbol.isalpha() else spaces
        return f"{left}{gap}{symbol}{gap}{rendered(operands[1], power + 1, spaces)}"
    return f"{symbol}({','.join(rendered(operand, spaces=spaces) for operand in operands)})"


def number(outcome: Outcome) -> Fraction:
    value = outcome[0]
    if isinstance(value, bool | str | None):
        raise RefusedError
    return Fraction(value)


def truth(outcome: Outcome) -> bool:
    if not isinstance(outcome[0], bool):
        raise RefusedError
    return outcome[0]


def halved_to_even(value: Fraction) -> Fraction:
    below = value.numerator // value.denominator
    if value - below == HALF:
        return Fraction(below + below % 2)
    return Fraction(below + (value - below > HALF))


def computed(symbol: str, numbers: list[Fraction]) -> Fraction:
    first, last = numbers[0], numbers[-1]
    if symbol in {"/", "//", "%"} and last == 0:
        raise RefusedError
    quotient = first / last if last else Fraction(0)
    floored = quotient.numerator // quotient.denominator
    return {
        "+": lambda: first + last,
        "-": lambda: first - last if len(numbers) > 1 else -first,
        "*": lambda: first * last,
        "/": lambda: quotient,
        "//": lambda: Fraction(floored),
        "%": lambda: first - last * floored,
        "min": lambda: -max(-number for number in numbers),
        "max": lambda: -min(-number for number in numbers),
        "ceil": lambda: Fraction(-(-first.numerator // first.denominator)),
        "floor": lambda: Fraction(first.numerator // first.denominator),
        "round": lambda: halved_to_even(first),
    }[symbol]()


def leaf(text: str) -> Outcome:
    if text.startswith("'"):
        return text[1:-1], False
    if text in {"true", "false", "null"}:
        return {"true": True, "false": False}.get(text), False
    if text in SCALED:
        return SCALED[text], True
    return (VALUES[text] if text in VALUES else Fraction(text)), False


def expected(tree: Tree) -> Outcome:
    """Evaluate a tree by the rules as the design states them."""
    symbol, operands = tree
    if not operands:
        return leaf(symbol)
    if symbol == "if":
        return expected(operands[0] if truth(expected(operands[1])) else operands[2])
    first = expected(operands[0])
    if symbol in {"and", "or"}:
        return (
            truth(first) if truth(first) is (symbol == "or") else truth(expected(operands[1]))
        ), False
    if symbol == "not":
        return not truth(first), False
    found = [first, *map(expected, operands[1:])]
    if symbol in {"==", "!="}:
        (a, _), (b, _) = found
        return ((a is b if {type(a), type(b)} & {bool} else a == b) is (symbol == "==")), False
    numbers = [number(outcome) for outcome in found]
    if symbol in ORDERS:
        return ORDERS[symbol](numbers[0], numbers[1]), False
    if symbol == "width":
        value, effective = numbers[0], True
        if found[0][1] and value.denominator != 1:
            raise RefusedError
        value = value if found[0][1] else Fraction(int(value * 2))
    else:
        value, effective = computed(symbol, numbers), any(outcome[1] for outcome in found)
    if abs(value.numerator) > LARGEST or value.denominator > LARGEST:
        raise RefusedError
    return value, effective


def decimal(value: int, digits: int) -> str:
    return f"{value // 10**digits}.{value % 10**digits:0{digits}d}" if digits else str(value)


def operation(symbols: str, *kinds: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.tuples(st.sampled_from(symbols.split()), st.tuples(*kinds))


NUMBER_LEAVES: st.SearchStrategy[Tree] = st.one_of(
    st.builds(decimal, st.integers(0, 60), st.integers(0, 2)),
    st.sampled_from(["0", "1", "0.5", "2.5"]),
    st.sampled_from(["a", "b", "negative", "half", "third", "zero", "channels", "odd"]),
).map(lambda text: (text, ()))
TRUTH_LEAVES: st.SearchStrategy[Tree] = st.sampled_from(["true", "false", "yes", "no"]).map(
    lambda text: (text, ())
)
CONFUSABLE_LEAVES: st.SearchStrategy[Tree] = st.sampled_from(
    ["true", "1", "1.0", "'1'", "false", "0", "null"]
).map(lambda text: (text, ()))
OTHER_LEAVES: st.SearchStrategy[Tree] = st.sampled_from(
    ["null", "'same'", "''", "word", "nothing"]
).map(lambda text: (text, ()))


def numeric(
    inner: st.SearchStrategy[Tree], truths: st.SearchStrategy[Tree]
) -> list[st.SearchStrategy[Tree]]:
    # Twice as often as the rest: which operator binds tighter shows only where several meet.
    infix = [operation(symbols, inner, inner) for symbols in ("+ -", "* / // %") * 2]
    return [
        *infix,
        operation("- ceil floor round width", inner),
        operation("min max", inner, inner),
        operation("min max", inner, inner, inner),
        operation("if", inner, truths, inner),
    ]


def logical(
    inner: st.SearchStrategy[Tree], truths: st.SearchStrategy[Tree]
) -> list[st.SearchStrategy[Tree]]:
    anything = st.one_of(CONFUSABLE_LEAVES, OTHER_LEAVES, inner, truths)
    return [
        operation("< <= > >=", inner, inner),
        operation("== !=", anything, anything),
        operation("== !=", CONFUSABLE_LEAVES, CONFUSABLE_LEAVES),
        *(operation("or and", truths, truths) for _ in range(3)),
        operation("not", truths),
    ]


def mostly(own: st.SearchStrategy[Tree], other: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Return one kind of tree, now and then another, so that refusals are met as well."""
    rare = {0: other, 1: OTHER_LEAVES}
    return st.integers(0, 59).flatmap(lambda drawn: rare.get(drawn, own))


def trees(depth: int) -> tuple[st.SearchStrategy[Tree], st.SearchStrategy[Tree]]:
    """Return trees that are mostly numbers, and trees that are mostly true or false."""
    if depth == 0:
        return NUMBER_LEAVES, TRUTH_LEAVES
    numbers, truths = trees(depth - 1)
    numbers, truths = mostly(numbers, truths), mostly(truths, numbers)
    return (
        st.one_of(NUMBER_LEAVES, *numeric(numbers, truths)),
        st.one_of(TRUTH_LEAVES, *logical(numbers, truths)),
    )


@UNTIMED
@given(st.one_of(*trees(3)), st.sampled_from(["", " ", " \n"]))
def test_random_trees_agree_with_an_independent_evaluation(tree: Tree, spaces: str) -> None:
    text = f"${{{rendered(tree, spaces=spaces)}}}"
    assume(len(text) <= 256)
    try:
        value, effective = expected(tree)
    except RefusedError:
        event("refused")
        assert fault_of(text).code == "E211"
        return
    event(f"computed {type(value).__name__}")
    if isinstance(value, Fraction) and value.denominator == 1:
        value = int(value)
    result = evaluated(text)
    assert same(result.value, value)
    assert result.effective is effective


def test_random_trees_reach_values_and_refusals() -> None:
    outcomes: set[str] = set()

    @UNTIMED
    @given(st.one_of(*trees(3)))
    def collect(tree: Tree) -> None:
        try:
            outcomes.add(type(expected(tree)[0]).__name__)
        except RefusedError:
            outcomes.add("refused")

    collect()
    assert {"refused", "bool", "Fraction"} <= outcomes


WORDS = [*sorted(RESERVED), *VALUES, *SCALED, "missing", "0", "1", "2.5", "1e9", "9" * 19, "'x'"]
SYMBOLS = [*INFIX, *"()(),}{$'.=!", "**", "\n", "é", "\x00", "\ud800"]
ALMOST = st.lists(st.sampled_from([*WORDS, *SYMBOLS]), max_size=30).map(" ".join)


@UNTIMED
@given(st.one_of(st.text(), ALMOST, ALMOST.map("${{{}}}".format), st.text().map("$".__add__)))
@example("${" + "(" * 100_000)
@example("${" + "not " * 100_000)
@example("${1" + "-1" * 100_000 + "}")
@example("${" + "9" * 100_000 + "}")
@example("$" + "a" * 100_000)
@example("${" + "(" * 254)
@example("${" + "-" * 253 + "1}")
@example("${" + "not " * 60 + "yes}")
def test_any_text_has_a_value_or_a_fault(text: str) -> None:
    outcome = outcome_of(text)
    event(type(outcome).__name__)
    if isinstance(outcome, Result):
        assert isinstance(outcome.value, int | Fraction | str | bool | None)
        return
    assert outcome.code in {"E206", "E210", "E211"}
    assert 0 <= outcome.offset <= len(text)
    assert not outcome.message[0].isupper()
    assert not outcome.message.endswith(".")
    assert outcome.message.isprintable()


DEEPEST = [
    "${" + "(" * 32 + "1" + ")" * 32 + "}",
    "${" + "1-(" * 32 + "1" + ")" * 32 + "}",
    "${" + "-" * 32 + "1}",
    "${" + "not " * 32 + "yes}",
    "${" + "ceil(" * 32 + "1" + ")" * 32 + "}",
    "${" + "1 if no else " * 19 + "1}",
    "${" + "1-" * 126 + "1}",
    "${" + "1%-1-" * 50 + "1}",
    "${" + "1<1+1*(" * 32 + "1}",
    "${" + "no or yes and " * 17 + "yes}",
]


@pytest.mark.parametrize("text", DEEPEST)
def test_the_deepest_text_needs_few_frames(text: str) -> None:
    depth = len(traceback.StackSummary.extract(traceback.walk_stack(None), lookup_lines=False))
    limit = sys.getrecursionlimit()
    parse.cache_clear()
    sys.setrecursionlimit(depth + 450)
    try:
        outcome = outcome_of(text)
    finally:
        sys.setrecursionlimit(limit)
    assert isinstance(outcome, Result) or (outcome.offset, outcome.code) == (227, "E210")


def test_nesting_up_to_the_limit_is_read() -> None:
    assert value_of("${" + "(" * 32 + "1" + ")" * 32 + "}") == 1
    assert value_of("${" + "(1)+" * 60 + "1}") == 61


def test_the_longest_text_is_read() -> None:
    text = "${a" + " " * 252 + "}"
    assert len(text) == 256
    assert value_of(text) == 7


def test_an_endless_product_stops_at_the_range() -> None:
    fault = fault_of("${" + "*".join(["99999999"] * 28) + "}")
    assert (fault.code, fault.offset) == ("E211", 19)
