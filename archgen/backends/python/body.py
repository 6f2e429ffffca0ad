"""The body of one function: its names, its statements, what it needs from around it.

Imports ``arithmetic``, ``layout``, ``parts``, ``text``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from archgen.backends.python.arithmetic import INT, Inexpressible, Term, exactly, rebuilt
from archgen.backends.python.layout import (
    INDENT,
    Applied,
    Argument,
    Atom,
    Block,
    Call,
    Items,
    Line,
    Node,
    Operated,
    Statement,
    fits,
)
from archgen.backends.python.parts import Parts
from archgen.backends.python.survey import DOCUMENT
from archgen.backends.python.text import LONGEST, Names, quoted

DEEPEST = 16  # Python itself nests 20 loops
_CALLED = frozenset(
    {"min", "max", "ceil", "floor", "round", "exact", "float", "whole", "width", "/"}
)


class Body:
    """One function while it is written.

    ``own`` are the terms of its parameters, ``local`` those of the loops around and of what enters;
    ``needs`` are the document's parameters that it reads, by their names in it, ``functions`` the
    local functions that it calls.
    """

    def __init__(self, document: Parts, owner: str) -> None:
        self.document = document
        self.owner = owner
        self.lines: list[Line] = []
        self.depth = 1
        self.names = Names(document.taken)
        self.own: dict[str, Term] = {}
        self.local: dict[str, Term] = {}
        self.read: set[str] = set()
        self.needs: dict[str, str] = {}
        self.functions: dict[str, None] = {}

    # ── names ─────────────────────────────────────────────────────────────────────────────────

    def lookup(self, name: str) -> Term:
        """Return what a name of the spec is called here."""
        if name in self.own:
            self.read.add(name)
            return self.own[name]
        if name in self.local:
            self.read.add(name)
            return self.local[name]
        return self.of_document(name)

    def of_document(self, name: str) -> Term:
        """Return what a parameter of the document is called here: this function takes it, too."""
        term = self.document.terms[name]
        if self.owner == DOCUMENT or term.constant:
            return term
        if name not in self.needs:
            taken = term.text in {own.text for own in self.own.values()}
            self.needs[name] = self.names.take(f"model_{term.text}") if taken else term.text
        return replace(term, text=self.needs[name])

    def width(self, filters: Term) -> Term:
        """Return filters under the width multiplier, unless that went into them already."""
        return self.document.widened(filters, self.of_document)

    def variable(self, wanted: str, ending: str = "_") -> str:
        """Return a new variable, called as wanted where it can be, and not too long."""
        return self.names.take(wanted[:LONGEST], ending)

    # ── statements ────────────────────────────────────────────────────────────────────────────

    def assign(self, target: str, value: Node) -> None:
        """Write an assignment."""
        if isinstance(value, Atom) and isinstance(value.source, Term):
            self.compute(target, value.source)
        else:
            value = self.shortened(value)
            self.lines.append(Statement(f"{target} = ", value))

    def compute(self, target: str, term: Term) -> None:
        """Write the assignment of a term, in several steps where it is long."""
        if fits(f"{target} = {term.text}", self.depth * INDENT) or not term.operands:
            self.lines.append(Statement(f"{target} = ", Atom(term.text)))
            return
        match term.symbol:
            case "if":
                chosen, condition, other = term.operands
                with self.block("if ", condition):
                    self.compute(target, chosen)
                with self.block("else"):
                    self.compute(target, other)
            case "and" | "or":
                left, right = term.operands
                self.compute(target, left)
                with self.block("if " if term.symbol == "and" else "if not ", _name(target)):
                    self.compute(target, right)
            case _:
                self._operate(target, term)

    def _operate(self, target: str, term: Term) -> None:
        """Write an operation on names and numbers, each of which is computed before."""
        operands = tuple(self._simple(operand, term.symbol) for operand in term.operands)
        short = rebuilt(term, operands)
        value: Node = Atom(short.text)
        if short.symbol in _CALLED and short.text.endswith(")"):
            function = short.text.partition("(")[0]
            value = Call(function, tuple(Argument("", Atom(o.text)) for o in operands))
        elif len(operands) == 2:  # noqa: PLR2004 - an operator between
            left = operands[0].text
            value = Operated(left, short.text.removeprefix(left).strip())
        self.lines.append(Statement(f"{target} = ", value))

    def _simple(self, term: Term, symbol: str) -> Term:
        if symbol in ("+", "-", "*", "/", "//", "%") and not term.is_whole:
            term = exactly(term)
        if not term.operands:
            return term
        found = self.names.take("value")
        self.compute(found, term)
        return replace(term, text=found, power=_name(found).power, symbol="", operands=())

    def shortened(self, node: Node, keyword: str = "", depth: int = 0) -> Node:
        """Return an expression in which no term is too long for a line of its own."""
        match node:
            case Atom(text, source):
                indent = (self.depth + depth) * INDENT
                if isinstance(source, Term) and not fits(f"{keyword}{text},", indent):
                    found = self.names.take("value")
                    self.compute(found, source)
                    return Atom(found)
                return Atom(text)
            case Call(function, arguments):
                return Call(function, self._shortened(arguments, depth + 1))
            case Items(brackets, items):
                return Items(brackets, self._shortened(items, depth + 1))
            case Applied(layer, on):
                arguments = self._shortened(layer.arguments, depth + 1)
                return Applied(Call(layer.function, arguments), self.shortened(on))
        return node

    def _shortened(self, arguments: Sequence[Argument], depth: int) -> tuple[Argument, ...]:
        return tuple(
            Argument(argument.keyword, self.shortened(argument.value, argument.keyword, depth))
            for argument in arguments
        )

    @contextmanager
    def block(self, head: str, term: Term | None = None, after: str = "") -> Iterator[None]:
        """Write what is inside below a head such as ``if condition:``."""
        if self.depth > DEEPEST:
            raise Inexpressible("loops and conditions are nested too deep")
        text = f"{term.text if term else ''}{after}:"
        if term and not fits(head + text, self.depth * INDENT):
            found = self.names.take("value")
            self.compute(found, term)
            text = f"{found}{after}:"
        block = Block(Statement(head, Atom(text)))
        self.lines.append(block)
        with self.again(block):
            yield
        if not block.body:
            self.lines.pop()

    @contextmanager
    def again(self, block: Block) -> Iterator[None]:
        """Write more below a head."""
        outer, self.lines = self.lines, block.body  # type: ignore[assignment]
        self.depth += 1
        yield
        self.depth -= 1
        self.lines = outer

    def returns(self, value: str) -> None:
        """Write the return of a variable, or of what the last line assigns to it."""
        last = self.lines[-1] if self.lines else None
        if isinstance(last, Statement) and last.before == f"{value} = ":
            self.lines[-1] = Statement("return ", last.value)
        else:
            self.lines.append(Statement("return ", Atom(value)))


def _name(text: str) -> Term:
    return Term(text, frozenset({INT}))


# ── names of layers ───────────────────────────────────────────────────────────────────────────────


def named(path: str) -> Argument:
    """Return the name of a layer as an argument; what stands in braces is computed."""
    if path == "{name}":
        return Argument("name=", Atom("name"))
    return Argument("name=", Atom(f"f{quoted(path)}" if "{" in path else quoted(path)))
