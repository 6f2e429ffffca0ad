"""A spec's arithmetic as Python: the same values, exactly, for every argument.

Spec numbers are exact: 0.1 is a tenth. Where floats would round, the source computes with a
Fraction, ``exact(…)``; whole numbers need none. Imports ``expressions``, ``grammar``, ``text``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

from archgen.backends.python.text import literal
from archgen.expressions import exact, json_value
from archgen.grammar import Literal, Name, Operation, Scalar, Tree, syntax_tree

# What a value may be: an int, a float that stands for its digits, a Fraction, and so on.
INT, NUMBER, FRACTION = "int", "number", "fraction"
BOOL, TEXT, NONE = "bool", "text", "none"
ANY = frozenset({INT, NUMBER, BOOL, TEXT, NONE})
_NUMBERS = frozenset({INT, NUMBER, FRACTION})
_OF_BOOL, _OF_INT, _OF_FRACTION = frozenset({BOOL}), frozenset({INT}), frozenset({FRACTION})
_IF, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _MINUS, _ATOM = range(1, 10)
_POWERS = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _COMPARE),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "//", "%"), _PRODUCT),
    "and": _AND,
    "or": _OR,
}


class Inexpressible(Exception):  # noqa: N818 - no error: the source takes a plainer form
    """What a spec says that a function of its parameters cannot; ``why`` finishes "since …"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Term:
    """A Python expression: its text, how tightly that binds, what its value may be.

    ``effective`` says that the width multiplier went into it already, None that it did on some
    ways only; ``symbol`` and ``operands`` are for whoever has to break it.
    """

    text: str
    kinds: frozenset[str]
    power: int = _ATOM
    effective: bool | None = False
    symbol: str = ""
    operands: tuple["Term", ...] = ()
    constant: tuple[Scalar] | None = None

    def within(self, power: int) -> str:
        """Return the text as an operand of what binds so tightly."""
        return self.text if self.power >= power else f"({self.text})"

    @property
    def is_whole(self) -> bool:
        """Say whether the value is an int in any case."""
        return self.kinds == _OF_INT

    @property
    def is_exact(self) -> bool:
        """Say whether the value is an int or a Fraction in any case."""
        return self.kinds <= {INT, FRACTION}


class Scope(Protocol):
    """What the names of an expression are called in the source."""

    def lookup(self, name: str) -> Term:
        """Return what a name stands for."""

    def width(self, filters: Term) -> Term:
        """Return filters under the width multiplier."""


def term_of(raw: Any, scope: Scope) -> Term:
    """Return a scalar of a spec, a `$`-value too, as Python."""
    if isinstance(raw, str) and raw.startswith("$"):
        return written(syntax_tree(raw)[0], scope)
    return constant(exact(raw))


def constant(value: Scalar) -> Term:
    """Return a value as a literal."""
    plain = json_value(value)
    text = literal(plain)
    power = _MINUS if text.startswith("-") else _ATOM
    return Term(text, frozenset({_kind(plain)}), power, constant=(value,))


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return NONE if value is None else BOOL
    if isinstance(value, str):
        return TEXT
    return INT if isinstance(value, int) else NUMBER


def written(tree: Tree, scope: Scope) -> Term:
    """Return a tree as Python.

    Raises:
        Inexpressible: it compares what may be true or a number, which Python takes for equal.
    """
    if isinstance(tree, Literal):
        return constant(tree.value)
    if isinstance(tree, Name):
        return scope.lookup(tree.name)
    operands = tuple(written(operand, scope) for operand in tree.operands)
    if tree.symbol == "-" and _is_negation(tree):
        return _negative(operands[1])
    if tree.symbol == "width":
        return scope.width(operands[0])
    return replace(_WRITERS[tree.symbol](tree.symbol, operands), operands=operands)


def _is_negation(tree: Operation) -> bool:
    """Say whether ``0 - x`` is how the parser reads ``-x``."""
    zero = tree.operands[0]
    return isinstance(zero, Literal) and zero.start == tree.at == tree.start


def _negative(operand: Term) -> Term:
    operand = exactly(operand)
    text = f"-{operand.within(_MINUS)}"
    return Term(text, operand.kinds, _MINUS, operand.effective, "minus", (operand,))


def exactly(term: Term) -> Term:
    """Return a number as an int or a Fraction, to compute with."""
    if term.is_exact:
        return term
    return Term(f"exact({term.text})", _OF_FRACTION, _ATOM, term.effective, "exact", (term,))


def _any_effective(operands: tuple[Term, ...]) -> bool | None:
    found = [operand.effective for operand in operands]
    return True if True in found else None if None in found else False


def _arithmetic(symbol: str, operands: tuple[Term, ...]) -> Term:
    left, right = map(exactly, operands)
    power = _POWERS[symbol]
    text = f"{left.within(power)} {symbol} {right.within(power + 1)}"
    if symbol == "//":
        kinds = _OF_INT  # of Fractions, too
    elif _OF_FRACTION in (left.kinds, right.kinds):
        kinds = _OF_FRACTION
    else:
        kinds = left.kinds | right.kinds
    return Term(text, kinds, power, _any_effective(operands), symbol)


def _quotient(symbol: str, operands: tuple[Term, ...]) -> Term:
    left, right = map(exactly, operands)
    if _OF_FRACTION in (left.kinds, right.kinds):
        text, power = f"{left.within(_PRODUCT)} / {right.within(_PRODUCT + 1)}", _PRODUCT
    else:
        text, power = f"Fraction({left.text}, {right.text})", _ATOM
    return Term(text, _OF_FRACTION, power, _any_effective(operands), symbol)


def _extreme(symbol: str, operands: tuple[Term, ...]) -> Term:
    if any(FRACTION in operand.kinds for operand in operands):
        operands = tuple(map(exactly, operands))
    text = f"{symbol}({', '.join(operand.text for operand in operands)})"
    kinds = frozenset[str]().union(*(operand.kinds for operand in operands))
    return Term(text, kinds, _ATOM, _any_effective(operands), symbol)


def _rounded(symbol: str, operands: tuple[Term, ...]) -> Term:
    # One float alone rounds as its digits do: a float that is not whole has digits that are not.
    (operand,) = operands
    return Term(f"{symbol}({operand.text})", _OF_INT, _ATOM, operand.effective, symbol)


def _comparison(symbol: str, operands: tuple[Term, ...]) -> Term:
    if any(FRACTION in operand.kinds for operand in operands):
        operands = tuple(exactly(o) if o.kinds <= _NUMBERS else o for o in operands)
    left, right = operands
    text = f"{left.within(_COMPARE + 1)} {symbol} {right.within(_COMPARE + 1)}"
    return Term(text, _OF_BOOL, _COMPARE, symbol=symbol)


def _equality(symbol: str, operands: tuple[Term, ...]) -> Term:
    left, right = operands
    if left.constant and right.constant:
        a, b = left.constant[0], right.constant[0]
        return constant((isinstance(a, bool) == isinstance(b, bool) and a == b) is (symbol == "=="))
    for one, other in ((left, right), (right, left)):
        if other.constant and (other.constant[0] is None or isinstance(other.constant[0], bool)):
            verb = "is" if symbol == "==" else "is not"
            text = f"{one.within(_COMPARE + 1)} {verb} {other.text}"
            return Term(text, _OF_BOOL, _COMPARE, symbol=verb)
    if any(BOOL in a.kinds and b.kinds & {INT, NUMBER} for a, b in ((left, right), (right, left))):
        raise Inexpressible("Python takes true and 1 for equal")
    return _comparison(symbol, operands)


def _junction(symbol: str, operands: tuple[Term, ...]) -> Term:
    left, right = operands
    power = _POWERS[symbol]
    text = f"{left.within(power)} {symbol} {right.within(power + 1)}"
    return Term(text, _OF_BOOL, power, symbol=symbol)


def _negation(_: str, operands: tuple[Term, ...]) -> Term:
    return opposite(operands[0])


def rebuilt(term: Term, operands: tuple[Term, ...]) -> Term:
    """Return an operation on other operands, which stand for the same values."""
    left, right = operands[0], operands[-1]
    match term.symbol:
        case "is" | "is not":
            return _equality({"is": "==", "is not": "!="}[term.symbol], operands)
        case "minus":
            return _negative(left)
        case "exact":
            return exactly(left)
        case "float" | "whole":
            return _converted(term.symbol, left)
        case "quotient":
            return as_float(_quotient("/", (left, right)))
    return _WRITERS[term.symbol](term.symbol, operands)


def opposite(term: Term) -> Term:
    """Return the opposite of a condition."""
    if term.symbol in ("is", "is not"):
        swapped = {"is": "is not", "is not": "is"}[term.symbol]
        text = f" {swapped} ".join(term.text.rsplit(f" {term.symbol} ", 1))
        return replace(term, text=text, symbol=swapped)
    return Term(f"not {term.within(_NOT)}", _OF_BOOL, _NOT, symbol="not", operands=(term,))


def _choice(_: str, operands: tuple[Term, ...]) -> Term:
    return chosen(*operands)


def chosen(first: Term, condition: Term, other: Term) -> Term:
    """Return ``first if condition else other``."""
    text = f"{first.within(_OR)} if {condition.within(_OR)} else {other.within(_IF)}"
    same = first.effective if first.effective == other.effective else None
    return Term(text, first.kinds | other.kinds, _IF, same, "if", (first, condition, other))


_WRITERS: dict[str, Callable[[str, tuple[Term, ...]], Term]] = {
    **dict.fromkeys(("+", "-", "*", "//", "%"), _arithmetic),
    **dict.fromkeys(("min", "max"), _extreme),
    **dict.fromkeys(("ceil", "floor", "round"), _rounded),
    **dict.fromkeys(("<", "<=", ">", ">="), _comparison),
    **dict.fromkeys(("==", "!="), _equality),
    **dict.fromkeys(("and", "or"), _junction),
    "/": _quotient,
    "not": _negation,
    "if": _choice,
}


# ── what a Keras argument takes ───────────────────────────────────────────────────────────────────


def as_float(term: Term) -> Term:
    """Return a number for an argument that takes floats: the closest one to the exact value."""
    if term.symbol == "/" and all(operand.is_whole for operand in term.operands):
        left, right = term.operands  # Python divides two ints without rounding twice
        text = f"{left.within(_PRODUCT)} / {right.within(_PRODUCT + 1)}"
        return replace(
            term, text=text, power=_PRODUCT, kinds=frozenset({NUMBER}), symbol="quotient"
        )
    return _converted("float", term) if FRACTION in term.kinds else term


def as_whole(term: Term) -> Term:
    """Return a number for an argument that takes ints; what is not whole raises there."""
    if term.is_whole or term.constant or not term.kinds <= _NUMBERS:
        return term
    return _converted("whole", term)


def _converted(function: str, term: Term) -> Term:
    kinds = frozenset({INT if function == "whole" else NUMBER})
    return Term(f"{function}({term.text})", kinds, _ATOM, term.effective, function, (term,))


# ── sums of whole numbers ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Sum:
    """Whole terms added and taken away, and a number: how entries are counted."""

    number: int = 0
    terms: tuple[tuple[int, str], ...] = ()

    def __add__(self, other: "Sum | int") -> "Sum":
        """Return the sum of two; a term less itself is nothing."""
        if isinstance(other, int):
            return replace(self, number=self.number + other)
        terms = list(self.terms)
        for sign, text in other.terms:
            if (-sign, text) in terms:
                terms.remove((-sign, text))
            else:
                terms.append((sign, text))
        return Sum(self.number + other.number, tuple(terms))

    def minus(self, other: "Sum") -> "Sum":
        """Return this less another."""
        return self + Sum(-other.number, tuple((-sign, text) for sign, text in other.terms))

    def __str__(self) -> str:
        """Return the sum as Python: what is added, what is taken away, the number."""
        added = [text for sign, text in self.terms if sign > 0]
        taken = [text for sign, text in self.terms if sign < 0]
        number = self.number
        if not added:
            added, number = [str(number)], 0
        text = " - ".join([" + ".join(added), *taken])
        return text if not number else f"{text} {'+' if number > 0 else '-'} {abs(number)}"


def sum_of(term: Term, sign: int = 1) -> Sum:
    """Return a whole term as a sum."""
    if term.constant:
        value = term.constant[0]
        return Sum(sign * int(value or 0)) if isinstance(value, int | Fraction) else Sum()
    if term.symbol in ("+", "-") and term.is_whole:
        left, right = term.operands
        return sum_of(left, sign) + sum_of(right, sign if term.symbol == "+" else -sign)
    return Sum(terms=((sign, term.within(_PRODUCT)),))
