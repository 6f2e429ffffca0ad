"""Python source laid out as ruff and Black lay it out, as far as generated source goes.

Expressions are calls, sequences and short texts; whoever writes them breaks what else is long into
several statements. Imports ``text``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from archgen.backends.python.text import WIDTH

INDENT = 4


@dataclass(frozen=True, slots=True)
class Atom:
    """What is never broken: a name, a number, a string, short arithmetic.

    ``source`` is what whoever wrote it can make several statements of.
    """

    text: str
    source: Any = None


@dataclass(frozen=True, slots=True)
class Operated:
    """Two values and the operator between them, which begins the second line where it is long."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; without a keyword it is positional."""

    keyword: str
    value: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function by its dotted name."""

    function: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A layer made and called at once: ``layers.Flatten(name="flatten")(x)``."""

    layer: Call
    on: "Node"


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple, a list or a dict; the keys of a dict are keywords of its items."""

    brackets: str
    items: tuple[Argument, ...]


Node = Atom | Operated | Call | Applied | Items


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: what stands in front of its expression, and behind it."""

    before: str
    value: Node
    after: str = ""

    def lines(self, indent: int) -> list[str]:
        """Return its lines."""
        return broken(self.before, self.value, self.after, indent)


@dataclass(slots=True)
class Block:
    """A statement with others below it: a condition, a loop, a function."""

    head: Statement
    body: "list[Statement | Block]" = field(default_factory=list)

    def lines(self, indent: int) -> list[str]:
        """Return its lines and those below it."""
        return [*self.head.lines(indent), *lines_of(self.body, indent + INDENT)]


@dataclass(frozen=True, slots=True)
class Define:
    """A function: its parameters, the lines of its docstring, what it does."""

    name: str
    parameters: tuple[str, ...]
    notes: Sequence[str]
    body: "Sequence[Line]"

    def lines(self, indent: int) -> list[str]:
        """Return its lines."""
        parameters = tuple(Argument("", Atom(text)) for text in self.parameters)
        within = indent + INDENT
        after = [""] if self.body and isinstance(self.body[0], Define) else []
        return [
            *broken("def ", Call(self.name, parameters), ":", indent),
            *docstring(self.notes, within),
            *after,
            *lines_of(self.body, within),
        ]


Line = Statement | Block | Define


def lines_of(body: "Sequence[Line]", indent: int) -> list[str]:
    """Return the lines of statements; a function stands between empty ones."""
    found: list[str] = []
    for position, line in enumerate(body):
        if isinstance(line, Define) and position:
            found.append("")
        found += line.lines(indent)
        is_before = position < len(body) - 1 and not isinstance(body[position + 1], Define)
        if isinstance(line, Define) and is_before:
            found.append("")
    return found


def docstring(notes: Sequence[str], indent: int) -> list[str]:
    """Return the lines of a docstring; the notes are escaped already."""
    before = " " * indent
    if len(notes) == 1 and len(before) + len(notes[0]) + 6 <= WIDTH:
        return [f'{before}"""{notes[0]}"""']
    lines = [f'{before}"""{notes[0]}', *(f"{before}{note}" if note else "" for note in notes[1:])]
    return [*lines, f'{before}"""']


def flat(node: Node) -> str:
    """Return an expression on one line."""
    match node:
        case Atom(text):
            return text
        case Operated(left, right):
            return f"{left} {right}"
        case Call(function, arguments):
            return f"{function}({', '.join(map(_argument, arguments))})"
        case Applied(layer, on):
            return f"{flat(layer)}({flat(on)})"
        case Items(brackets, items):
            return brackets[0] + ", ".join(map(_argument, items)) + brackets[1]


def _argument(argument: Argument) -> str:
    return f"{argument.keyword}{flat(argument.value)}"


def fits(text: str, indent: int) -> bool:
    """Say whether a text fits into one line."""
    return indent + len(text) <= WIDTH


def broken(before: str, node: Node, after: str, indent: int) -> list[str]:
    """Return an expression and what stands around it, on as few lines as fit."""
    whole = f"{before}{flat(node)}{after}"
    if fits(whole, indent):
        return [" " * indent + whole]
    match node:
        case Atom(text):
            return list(_parenthesised(before, text, after, indent))
        case Operated(left, right):
            lines = [f"{before}(", f"    {left}", f"    {right}", f"){after}"]
            return [" " * indent + line for line in lines]
        case Call(function, arguments):
            return list(_bracketed(f"{before}{function}(", arguments, f"){after}", indent))
        case Applied(layer, on):
            return list(_applied(before, layer, on, after, indent))
        case Items(brackets, items):
            opened, closed = before + brackets[0], brackets[1] + after
            return list(_bracketed(opened, items, closed, indent, magic=True))


def _parenthesised(before: str, text: str, after: str, indent: int) -> Iterator[str]:
    """Yield a long value on a line of its own, if that makes it fit."""
    if before.endswith((" = ", "return ")) and fits(text, indent + INDENT):
        yield f"{' ' * indent}{before}("
        yield " " * (indent + INDENT) + text
        yield f"{' ' * indent}){after}"
    else:
        yield f"{' ' * indent}{before}{text}{after}"


def _applied(before: str, layer: Call, on: Node, after: str, indent: int) -> Iterator[str]:
    """Yield a layer and its call: a list goes on its own line, a name stays behind the layer."""
    opened, called = f"{before}{flat(layer)}(", f")({flat(on)}){after}"
    begun = f"{before}{layer.function}("
    if not isinstance(on, Items):
        # Where the layer fits but not the name behind it, Black would put the name on a line of
        # its own; the comma behind the last argument keeps it where it is read.
        magic = fits(opened, indent)
        yield from _bracketed(begun, layer.arguments, called, indent, magic=magic)
    elif fits(opened, indent):
        yield from _bracketed(opened, (Argument("", on),), f"){after}", indent)
    elif fits(called, indent):
        yield from _bracketed(begun, layer.arguments, called, indent)
    else:
        *lines, _ = _bracketed(begun, layer.arguments, ")(", indent)
        yield from lines
        yield from _bracketed(")(", (Argument("", on),), f"){after}", indent)


def _bracketed(
    opened: str, items: Sequence[Argument], closed: str, indent: int, *, magic: bool = False
) -> Iterator[str]:
    """Yield the arguments of a call: on one line if they fit, else each on its own."""
    within = indent + INDENT
    inner = ", ".join(map(_argument, items))
    yield " " * indent + opened
    if not magic and fits(inner, within):
        yield " " * within + inner
    elif not magic and len(items) == 1:
        yield from broken(items[0].keyword, items[0].value, "", within)
    else:
        for item in items:
            yield from broken(item.keyword, item.value, ",", within)
    yield " " * indent + closed
