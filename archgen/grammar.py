"""Tokens and parser of the arithmetic in a spec; imports ``echo``, ``limits``, ``similarity``.

    choice     := test ["if" test "else" choice]         test := and/or/not over comparisons
    comparison := sum [("==" | "!=" | "<" | "<=" | ">" | ">=") sum]
    operand    := number | 'text' | true | false | null | name | function(choice, …) | (choice)

Precedence is Python's, from loose to tight: if, or, and, not, comparisons, ``+ -``,
``* / // %``, unary minus.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple, NoReturn, TypeAlias

from archgen.echo import printable
from archgen.limits import LIMITS
from archgen.similarity import similar

MAX_CHARACTERS: Final = LIMITS.expression
MAX_NESTING: Final = LIMITS.expression_depth
MAX_MAGNITUDE: Final = LIMITS.magnitude
# No bound of its own: a longer exponent, or one of its zeros, leads beyond the magnitude anyway.
MAX_EXPONENT_DIGITS: Final = 3

Number: TypeAlias = int | Fraction
Scalar: TypeAlias = int | Fraction | str | bool | None

LITERALS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
# function -> fewest and most arguments
FUNCTIONS: Final[dict[str, tuple[int, int | None]]] = {
    "min": (2, None),
    "max": (2, None),
    "ceil": (1, 1),
    "floor": (1, 1),
    "round": (1, 1),
    "width": (1, 1),
}
COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
RESERVED: Final = frozenset({*LITERALS, *FUNCTIONS, "and", "or", "not", "if", "else"})

_ANY, _IF, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _MINUS = range(9)
_POWERS: Final[dict[str, int]] = {
    "if": _IF,
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(COMPARISONS, _COMPARE),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "//", "%"), _PRODUCT),
}
_FOREIGN: Final[dict[str, str]] = {
    "=": "write `==` to compare",
    "!": "write `not`",
    "&&": "write `and`",
    "||": "write `or`",
    "?": "`a if condition else b` chooses",
    '"': "text stands in single quotes",
}
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.]))
      | (?P<malformed>\.?[0-9][0-9A-Za-z_.]*)
      | (?P<text>'[^']*')
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<foreign>\*\*|&&|\|\|)
      | (?P<symbol>//|==|!=|<=|>=|[-+*/%<>(),}])
      | (?P<stray>.)""",
    re.VERBOSE | re.DOTALL,
)


class Unknown(NamedTuple):
    """A word that is no known name, and some names that are known."""

    word: str
    known: tuple[str, ...]


class ExpressionFault(Exception):  # noqa: N818 - the project's word for a user's mistake
    """A mistake in a ``$``-value; ``offset`` counts characters from the start of its string."""

    def __init__(
        self,
        code: str,
        message: str,
        offset: int,
        advice: str | None = None,
        unknown: "Unknown | None" = None,
    ) -> None:
        # All of it goes into `args`, so that a fault survives copying and pickling.
        super().__init__(code, message, offset, advice, unknown)
        self.code: Final = code
        self.message: Final = message
        self.offset: Final = offset
        self.advice: Final = advice
        self.unknown: Final = unknown

    @property
    def names(self) -> tuple[str, ...]:
        """Return up to three known names that look like the word; looking takes a while."""
        return similar(*self.unknown) if self.unknown else ()

    @property
    def help(self) -> str | None:
        """Return the question that offers the likeliest name, else the advice."""
        names = self.names
        return f"did you mean `{names[0]}`?" if names else self.advice

    def __str__(self) -> str:
        """Return the headline as a terminal shows it."""
        return f"{self.message} [{self.code}, offset {self.offset}]"


class Token(NamedTuple):
    """One word of an expression; its kind is number, text, word, symbol or end."""

    kind: str
    text: str
    at: int

    def __str__(self) -> str:
        """Return the token as a message names it."""
        return "the end of the string" if self.kind == "end" else f"`{printable(self.text)}`"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the text."""

    value: Scalar
    start: int


@dataclass(frozen=True, slots=True)
class Name:
    """A bare name to look up."""

    name: str
    start: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or function on operands in the order of the text; ``at`` is its own offset."""

    symbol: str
    operands: tuple["Tree", ...]
    start: int
    at: int


Tree: TypeAlias = Literal | Name | Operation


def is_in_range(value: Number) -> bool:
    """Say whether numerator and denominator are at most 2^63."""
    return abs(value.numerator) <= MAX_MAGNITUDE and value.denominator <= MAX_MAGNITUDE


def whole_as_int(value: Number) -> Number:
    """Return a whole Fraction as an int and anything else as it is."""
    return value.numerator if value.denominator == 1 else value


def syntax_tree(text: str) -> tuple[Tree, frozenset[str]]:
    """Return the tree of a whole ``$``-string and the names that it reads.

    Raises:
        ExpressionFault: E210 for the syntax, E211 for a number or a call that can never work.
    """
    if len(text) > MAX_CHARACTERS:
        message = f"expression is {len(text)} characters long, {MAX_CHARACTERS} are allowed"
        raise ExpressionFault("E210", message, MAX_CHARACTERS)
    if text.startswith("${"):
        parser = _Parser(text)
        return parser.whole(), frozenset(parser.names)
    name = _lone_name(text)
    return Name(name, 1), frozenset({name})


def _lone_name(text: str) -> str:
    found = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").match(text, 1)
    if found is None or not text.startswith("$"):
        at = int(text.startswith("$"))
        raise ExpressionFault("E210", "expected `$name` or `${…}`", at)
    if found.end() < len(text):
        advice = "arithmetic stands in `${…}`"
        raise ExpressionFault("E210", "nothing may follow `$name`", found.end(), advice)
    if found[0] in RESERVED:
        raise ExpressionFault("E210", f"`{found[0]}` is a reserved word, not a name", 1)
    return found[0]


def _tokens(text: str, start: int) -> Iterator[Token]:
    for match in _TOKEN.finditer(text, start):
        kind, word, at = str(match.lastgroup), match[0], match.start()
        if kind in {"malformed", "foreign", "stray"}:
            _refuse(kind, word, at)
        if kind != "space":
            yield Token(kind, word, at)
    yield Token("end", "", len(text))


def _refuse(kind: str, word: str, at: int) -> NoReturn:
    message = f"`{printable(word)}` is not part of an expression"
    if kind == "malformed":
        message = f"`{word}` is not a number"
    elif word == "'":
        message = "text is not closed by `'`"
    raise ExpressionFault("E210", message, at, _FOREIGN.get(word))


class _Parser:
    """Precedence climbing over lazily read tokens, so that the first fault in the text wins."""

    def __init__(self, text: str) -> None:
        self.names: set[str] = set()
        self._text = text
        self._tokens = _tokens(text, 2)
        self._token = next(self._tokens)
        self._depth = 0

    def whole(self) -> Tree:
        tree = self._expression(_ANY)
        # The brace is not consumed: what follows it need not even be made of tokens.
        if self._token.text != "}":
            raise self._unexpected("an operator or `}`")
        if self._token.at + 1 < len(self._text):
            at = self._token.at + 1
            raise ExpressionFault("E210", "nothing may follow the closing `}`", at)
        return tree

    def _expression(self, floor: int) -> Tree:
        left = self._operand(floor)
        while _POWERS.get(self._token.text, _ANY) > floor:
            left = self._extended(left)
        return left

    def _extended(self, left: Tree) -> Tree:
        operator = self._take()
        power = _POWERS[operator.text]
        right = self._expression(power)
        if power == _IF:
            self._expect("else", "an operator or `else`")
            operands = (left, right, self._nested(_ANY, operator.at))
            return Operation("if", operands, left.start, operator.at)
        if power == _COMPARE and self._token.text in COMPARISONS:
            advice = "join two comparisons with `and`"
            raise ExpressionFault("E210", "comparisons do not chain", self._token.at, advice)
        return Operation(operator.text, (left, right), left.start, operator.at)

    def _operand(self, floor: int) -> Tree:
        token = self._token
        if token.kind in {"number", "text"} or token.text in LITERALS:
            return Literal(_value(self._take()), token.at)
        if token.text == "not" and floor <= _NOT:
            self._take()
            return Operation("not", (self._nested(_NOT, token.at),), token.at, token.at)
        if token.text == "-":
            self._take()
            # `-x` is `0 - x`: exact arithmetic has no negative zero to lose.
            operands = (Literal(0, token.at), self._nested(_MINUS, token.at))
            return Operation("-", operands, token.at, token.at)
        if token.text == "(":
            return self._parenthesised()
        if token.text in FUNCTIONS or (token.kind == "word" and token.text not in RESERVED):
            return self._named()
        raise self._unexpected("a value")

    def _parenthesised(self) -> Tree:
        opening = self._take()
        inner = self._nested(_ANY, opening.at)
        self._expect(")", "an operator or `)`")
        return inner

    def _named(self) -> Tree:
        token = self._take()
        if self._token.text == "(":
            return self._call(token)
        if token.text in FUNCTIONS:
            raise ExpressionFault("E210", f"`{token.text}` is a function, not a name", token.at)
        self.names.add(token.text)
        return Name(token.text, token.at)

    def _call(self, function: Token) -> Tree:
        name, at = function.text, function.at
        if name not in FUNCTIONS:
            advice = f"the functions are {', '.join(FUNCTIONS)}"
            message = f"`{name}` is not a function"
            raise ExpressionFault("E210", message, at, advice, Unknown(name, tuple(FUNCTIONS)))
        arguments = self._arguments()
        fewest, most = FUNCTIONS[name]
        if len(arguments) < fewest or len(arguments) > (most or len(arguments)):
            wanted = "one argument" if most else "two or more arguments"
            raise ExpressionFault("E211", f"`{name}` takes {wanted}, not {len(arguments)}", at)
        return Operation(name, arguments, at, at)

    def _arguments(self) -> tuple[Tree, ...]:
        found: list[Tree] = []
        opening = self._take()
        if self._token.text != ")":
            found.append(self._nested(_ANY, opening.at))
        while found and self._token.text == ",":
            found.append(self._nested(_ANY, self._take().at))
        self._expect(")", "an operator, `,` or `)`")
        return tuple(found)

    def _nested(self, floor: int, at: int) -> Tree:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise ExpressionFault("E210", f"nested over {MAX_NESTING} levels deep", at)
        tree = self._expression(floor)
        self._depth -= 1
        return tree

    def _take(self) -> Token:
        token, self._token = self._token, next(self._tokens)
        return token

    def _expect(self, symbol: str, wanted: str) -> None:
        if self._token.text != symbol:
            raise self._unexpected(wanted)
        self._take()

    def _unexpected(self, wanted: str) -> ExpressionFault:
        return ExpressionFault("E210", f"expected {wanted}, not {self._token}", self._token.at)


def _value(token: Token) -> Scalar:
    if token.kind == "number":
        return _number(token)
    return token.text[1:-1] if token.kind == "text" else LITERALS[token.text]


def _number(token: Token) -> Number:
    exponent = token.text.lower().partition("e")[2].lstrip("+-0")
    # A long exponent is refused by its length: the number itself would fill the memory.
    if len(exponent) <= MAX_EXPONENT_DIGITS and is_in_range(value := Fraction(token.text)):
        return whole_as_int(value)
    message = f"number {token.text} is out of range: numerator or denominator over 2^63"
    raise ExpressionFault("E211", message, token.at)
