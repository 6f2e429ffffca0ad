"""The arithmetic allowed in a spec, exact and without ``eval``; imports ``grammar``.

A tree is compiled once into closures, which makes a cached expression cheap to evaluate again.
"""

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeGuard

from archgen.echo import printable
from archgen.grammar import (
    FUNCTIONS,
    LITERALS,
    MAX_MAGNITUDE,
    RESERVED,
    ExpressionFault,
    Literal,
    Name,
    Number,
    Operation,
    Scalar,
    Tree,
    Unknown,
    is_in_range,
    syntax_tree,
    whole_as_int,
)
from archgen.limits import LIMITS

__all__ = [
    "RESERVED",
    "Expression",
    "ExpressionFault",
    "Result",
    "Scalar",
    "Scope",
    "exact",
    "is_expression",
    "json_value",
    "parse",
]

MAX_TEXT_SHOWN: Final = LIMITS.quoted // 2


class Result(NamedTuple):
    """A value and whether width scaling has already gone into it."""

    value: Scalar
    effective: bool


class Scope(Protocol):
    """What an expression reads from the place where it stands."""

    def lookup(self, name: str) -> Result | None:
        """Return what the name stands for, None if it is unknown."""

    def names(self) -> Iterable[str]:
        """Return the names that may be read here."""

    def width(self, filters: Number) -> int:
        """Return the scaled number of filters."""


JsonScalar: TypeAlias = int | float | str | bool | None
Evaluator: TypeAlias = Callable[[Scope], Result]
Compute: TypeAlias = Callable[..., Number]


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed ``$``-value and every bare name that it reads."""

    text: str
    names: frozenset[str]
    _run: Evaluator = field(repr=False, compare=False)

    def evaluate(self, scope: Scope) -> Result:
        """Return the value in this scope.

        Raises:
            ExpressionFault: E206 for an unknown name, E211 for what cannot be computed.
        """
        return self._run(scope)


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Return the expression of a whole ``$``-string.

    Raises:
        ExpressionFault: E210 for the syntax, E211 for a number or a call that can never work.
    """
    tree, names = syntax_tree(text)
    return Expression(text, names, _compiled(tree))


def is_expression(value: object) -> TypeGuard[str]:
    """Say whether a value of a spec is computed: a string that starts with ``$``."""
    return isinstance(value, str) and value.startswith("$")


def holds_expression(value: object) -> bool:
    """Return whether a value or anything in it is a `$`-value."""
    if isinstance(value, dict):
        return any(map(holds_expression, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_expression, value))
    return is_expression(value)


def exact(value: JsonScalar) -> Scalar:
    """Return a JSON value as the scalar that its decimal text denotes.

    Raises:
        ValueError: for NaN and the infinities, which no spec's text can hold.
    """
    if isinstance(value, float):
        return whole_as_int(Fraction(float.__repr__(value)))
    return value


def json_value(value: Scalar) -> JsonScalar:
    """Return a scalar as JSON writes it: whole as int, any other fraction as float."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    return value


def _compiled(tree: Tree) -> Evaluator:
    if isinstance(tree, Literal):
        result = Result(tree.value, effective=False)
        return lambda _scope: result
    if isinstance(tree, Name):
        return _read(tree)
    # The builder is called below, not around, the recursion: a long chain stays one frame a level.
    return _BUILDERS[tree.symbol](tree, [*map(_compiled, tree.operands)])


def _read(tree: Name) -> Evaluator:
    name = tree.name

    def run(scope: Scope) -> Result:
        result = scope.lookup(name)
        if result is None:
            raise _unknown(tree, scope)
        return result

    return run


def _arithmetic(tree: Operation, runs: list[Evaluator]) -> Evaluator:
    compute = _COMPUTE[tree.symbol]
    match runs:
        case [left, right]:
            return _binary(tree, compute, left, right)

    def run(scope: Scope) -> Result:
        results = [operand(scope) for operand in runs]
        numbers = [_number(result.value, tree, at) for at, result in enumerate(results)]
        value = _bounded(compute(*numbers), tree, numbers)
        return Result(value, any(result.effective for result in results))

    return run


def _binary(tree: Operation, compute: Compute, left: Evaluator, right: Evaluator) -> Evaluator:
    # What `_arithmetic` does, without its lists: most expressions are one of these.
    def run(scope: Scope) -> Result:
        (a, scaled), (b, scaled_too) = left(scope), right(scope)
        x, y = _number(a, tree, 0), _number(b, tree, 1)
        try:
            value = compute(x, y)
        except ZeroDivisionError:
            message = f"{_spelled(x)} {tree.symbol} 0 divides by zero"
            raise ExpressionFault("E211", message, tree.operands[1].start) from None
        return Result(_bounded(value, tree, (x, y)), scaled or scaled_too)

    return run


def _width(tree: Operation, runs: list[Evaluator]) -> Evaluator:
    (argument,) = runs

    def run(scope: Scope) -> Result:
        value, effective = argument(scope)
        filters = _number(value, tree, 0)
        if not effective:
            return Result(_bounded(scope.width(filters), tree, (filters,)), effective=True)
        # What is scaled already is never scaled again, and never rounded silently either.
        if filters.denominator != 1:
            message = f"`width` of {_spelled(filters)}, which is scaled already and not whole"
            raise ExpressionFault("E211", message, tree.operands[0].start)
        return Result(_bounded(filters, tree, (filters,)), effective=True)

    return run


def _equality(tree: Operation, runs: list[Evaluator]) -> Evaluator:
    left, right = runs
    wanted = tree.symbol == "=="

    def run(scope: Scope) -> Result:
        a, b = left(scope).value, right(scope).value
        # Python's `True == 1` holds, ours must not.
        same = isinstance(a, bool) == isinstance(b, bool) and a == b
        return Result(same is wanted, effective=False)

    return run


def _ordering(tree: Operation, runs: list[Evaluator]) -> Evaluator:
    left, right = runs
    compare = _COMPARE[tree.symbol]

    def run(scope: Scope) -> Result:
        a, b = left(scope).value, right(scope).value
        return Result(compare(_number(a, tree, 0), _number(b, tree, 1)), effective=False)

    return run


def _junction(tree: Operation, runs: list[Evaluator]) -> Evaluator:
    left, right = runs
    settled_by = tree.symbol == "or"

    def run(scope: Scope) -> Result:
        value = _truth(left(scope).value, tree, 0)
        if value is not settled_by:
            value = _truth(right(scope).value, tree, 1)
        return Result(value, effective=False)

    return run


def _negation(tree: Operation, runs: list[Evaluator]) -> Evaluator:
    (operand,) = runs
    return lambda scope: Result(not _truth(operand(scope).value, tree, 0), effective=False)


def _choice(tree: Operation, runs: list[Evaluator]) -> Evaluator:
    chosen, condition, otherwise = runs

    def run(scope: Scope) -> Result:
        return chosen(scope) if _truth(condition(scope).value, tree, 1) else otherwise(scope)

    return run


_COMPUTE: Final[dict[str, Compute]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": Fraction,
    "//": operator.floordiv,
    "%": operator.mod,
    "min": min,
    "max": max,
    "ceil": math.ceil,
    "floor": math.floor,
    # Python's rule for Fraction and int: half to even.
    "round": round,
}
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_BUILDERS: Final[dict[str, Callable[[Operation, list[Evaluator]], Evaluator]]] = {
    **dict.fromkeys(_COMPUTE, _arithmetic),
    **dict.fromkeys(_COMPARE, _ordering),
    **dict.fromkeys(("==", "!="), _equality),
    **dict.fromkeys(("and", "or"), _junction),
    "not": _negation,
    "if": _choice,
    "width": _width,
}


def _number(value: Scalar, tree: Operation, index: int) -> Number:
    # `type` and not `isinstance`: it is quicker, and true is no number.
    if type(value) is int or type(value) is Fraction:
        return value
    raise _wrong_kind(value, tree, index, "numbers" if len(tree.operands) > 1 else "a number")


def _truth(value: Scalar, tree: Operation, index: int) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong_kind(value, tree, index, "true or false")


def _bounded(value: Number, tree: Operation, numbers: Sequence[Number]) -> Number:
    if type(value) is int and -MAX_MAGNITUDE <= value <= MAX_MAGNITUDE:
        return value
    if is_in_range(value):
        return whole_as_int(value)
    shown = [_spelled(number) for number in numbers]
    case = f"{tree.symbol}({', '.join(shown)})"
    if tree.symbol not in FUNCTIONS:
        case = f" {tree.symbol} ".join(shown)
    message = f"{case} is out of range: numerator or denominator over 2^63"
    raise ExpressionFault("E211", message, tree.at)


def _wrong_kind(value: Scalar, tree: Operation, index: int, wanted: str) -> ExpressionFault:
    message = f"`{tree.symbol}` wants {wanted}, not {_kind(value)}"
    return ExpressionFault("E211", message, tree.operands[index].start)


def _unknown(tree: Name, scope: Scope) -> ExpressionFault:
    # In `${…}`, `true` can stand for `True`; first, since not every name may be compared.
    literals = LITERALS if tree.start > 1 else ()
    known = islice(chain(literals, scope.names()), LIMITS.compared)
    message = f"unknown parameter `{tree.name}`"
    return ExpressionFault("E206", message, tree.start, None, Unknown(tree.name, tuple(known)))


def _kind(value: Scalar) -> str:
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        cut = value if len(value) <= MAX_TEXT_SHOWN else value[:MAX_TEXT_SHOWN] + "…"
        return f"text '{printable(cut)}'"
    return f"number {_spelled(value)}"


def _spelled(value: Number) -> str:
    """Return the number as decimal text where that is exact, else as ``7/3``."""
    if not is_in_range(value):
        return "(a number of more than 63 bits)"
    if value.denominator != 1 and exact(float(value)) == value:
        return repr(float(value))
    return str(value)
