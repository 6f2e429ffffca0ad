"""What is known of a spec before its source is written: uses of modules, kinds of values.

A parameter keeps the kind of its default; one of a module has the kinds of all that is given to it.
Imports ``arithmetic``, ``spec`` and what they import.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from graphlib import TopologicalSorter
from typing import Any, NamedTuple

from archgen.backends.python.arithmetic import (
    ANY,
    INT,
    NONE,
    NUMBER,
    Inexpressible,
    Scope,
    Term,
    term_of,
)
from archgen.expressions import Result, exact, is_expression, parse
from archgen.grammar import Literal, Operation, Scalar, Tree, syntax_tree
from archgen.ops import OPS
from archgen.spec import Entry, Fork, ForkEntry, OpEntry, Spec, UseEntry

INDEX, CHANNELS = "index", "channels"  # what only some places of a spec can read
DOCUMENT = ""  # the owner of the layers and the heads; every other owner is a module
_ROUNDING = frozenset({"/", "ceil", "floor", "round"})


class Use(NamedTuple):
    """A use of a module and the module, or the document, that it stands in."""

    entry: UseEntry
    owner: str


class Survey:
    """The modules that a document uses, callers first, and what their parameters may be.

    ``given`` are parameters from outside, which become defaults; ``constants`` the values of those
    that are no arguments of the source.
    """

    def __init__(
        self, spec: Spec, given: Mapping[str, Any], constants: Mapping[str, Scalar]
    ) -> None:
        self.spec = spec
        self.given = given
        self.constants = constants
        self.uses: dict[str, list[Use]] = {}
        self.owners = self._ordered()
        self.fractional = self._fractional()
        self.kinds: dict[tuple[str, str], frozenset[str]] = {}
        for name in spec.parameters:
            self.kinds[DOCUMENT, name] = self._of_document(name)
        for owner in self.owners[1:]:
            self._of_module(owner)

    def _ordered(self) -> list[str]:
        """Return the document and every module that it uses, each behind those that use it."""
        waiting, callers = [DOCUMENT], dict[str, set[str]]()
        while waiting:
            owner = waiting.pop()
            for entry in self.entries(owner):
                if not isinstance(entry, UseEntry):
                    continue
                self.uses.setdefault(entry.use, []).append(Use(entry, owner))
                waiting += [entry.use] if entry.use not in callers else []
                callers.setdefault(entry.use, set()).add(owner)
        order = TopologicalSorter(callers).static_order()
        return [DOCUMENT, *(owner for owner in order if owner != DOCUMENT)]

    def entries(self, owner: str) -> Iterator[Entry]:
        """Return every entry that stands in a module or in the document, forks opened."""
        if owner == DOCUMENT:
            yield from every(self.spec.layers)
            for head in self.spec.heads.values():
                yield from every(head.layers)
            return
        module = self.spec.modules[owner]
        yield from every(module.layers or ())
        if module.fork is not None:
            yield from _within(module.fork)

    def known(self, raw: Any, owner: str) -> tuple[Scalar] | None:
        """Return a value in a tuple where no argument of the source changes it, else None."""
        if not is_expression(raw):
            return (exact(raw),)
        names = syntax_tree(raw)[1]
        if any(name not in self.constants or self.owner_of(name, owner) for name in names):
            return None
        return (parse(raw).evaluate(_Constants(self.constants)).value,)

    # ── which numbers may be fractions ────────────────────────────────────────────────────────

    def _fractional(self) -> set[tuple[str, str]]:
        """Return the names, by owner, that are computed with as if they need not be whole."""
        found: set[tuple[str, str]] = set()
        for owner in reversed(self.owners):
            for raw in self._values(owner, found):
                found |= {(self.owner_of(name, owner), name) for name in _fractional_in(raw)}
        for name, raw in reversed(self.spec.parameters.items()):
            if is_expression(raw) and ((DOCUMENT, name) in found or _fractional_in(raw)):
                found |= {(DOCUMENT, other) for other in _names(raw)}
        return found

    def _values(self, owner: str, found: set[tuple[str, str]]) -> Iterator[Any]:
        """Yield a module's `$`-values; those that become fractions as if they divided."""
        if owner == DOCUMENT and self.spec.width is not None:
            yield _Divided(self.spec.width.multiplier)
        for entry in self.entries(owner):
            yield from (entry.when, entry.repeat)
            if isinstance(entry, UseEntry):
                for name, raw in entry.with_.items():
                    yield _Divided(raw) if (entry.use, name) in found else raw
            elif isinstance(entry, OpEntry):
                for name, raw in entry.fields.items():
                    computed = is_expression(raw) and isinstance(syntax_tree(raw)[0], Operation)
                    yield _Divided(raw) if computed and takes_float(entry.op, name) else raw
        if owner != DOCUMENT:
            for name, raw in reversed(self.spec.modules[owner].parameters.items()):
                yield _Divided(raw) if (owner, name) in found else raw

    def owner_of(self, name: str, owner: str) -> str:
        """Return whose name it is that is read in a module."""
        if owner != DOCUMENT:
            module = self.spec.modules[owner]
            if name in module.required or name in module.parameters:
                return owner
        return DOCUMENT

    # ── kinds ─────────────────────────────────────────────────────────────────────────────────

    def _of_document(self, name: str) -> frozenset[str]:
        raw = self.given.get(name, self.spec.parameters[name])
        kinds = term_of(raw, _Kinds(self, DOCUMENT)).kinds
        if NONE in kinds and len(kinds) == 1:
            return ANY
        if (DOCUMENT, name) in self.fractional and kinds == {INT} and not is_expression(raw):
            return kinds | {NUMBER}
        return kinds

    def _of_module(self, module: str) -> None:
        level = self.spec.modules[module]
        for name in dict.fromkeys([*level.required, *level.parameters]):
            found: set[str] = set()
            for use in self.uses[module]:
                if name in use.entry.with_:
                    scope = _Kinds(self, use.owner)
                    found |= term_of(use.entry.with_[name], scope).kinds
            if not self.is_always_given(module, name) and name in level.parameters:
                found |= term_of(level.parameters[name], _Kinds(self, module)).kinds
            self.kinds[module, name] = frozenset(found)

    def is_always_given(self, module: str, name: str) -> bool:
        """Say whether every use of a module gives it this parameter."""
        return all(name in use.entry.with_ for use in self.uses[module])

    def is_ever_given(self, module: str, name: str) -> bool:
        """Say whether some use of a module gives it this parameter."""
        return any(name in use.entry.with_ for use in self.uses[module])

    def scope(self, owner: str) -> "Scope":
        """Return the names of one owner as terms, of which only the kinds matter."""
        return _Kinds(self, owner)

    def kinds_of(self, name: str, owner: str) -> frozenset[str]:
        """Return what a name may be where it is read."""
        if (owner, name) in self.kinds:
            return self.kinds[owner, name]
        if (DOCUMENT, name) in self.kinds:
            return self.kinds[DOCUMENT, name]
        return frozenset({INT})  # index, channels


class _Constants:
    """The values of names that are no arguments."""

    def __init__(self, known: Mapping[str, Scalar]) -> None:
        self.known = known

    def lookup(self, name: str) -> Result | None:
        return Result(self.known[name], effective=False)

    def names(self) -> Iterator[str]:
        return iter(self.known)

    def width(self, filters: int | Fraction) -> int:
        raise Inexpressible(f"the width of {filters} decides what is built")


class _Divided(NamedTuple):
    """A value that becomes a part of something divided or rounded."""

    raw: Any


class _Kinds:
    """The names of one owner as terms, of which only the kinds matter."""

    def __init__(self, survey: Survey, owner: str) -> None:
        self.survey = survey
        self.owner = owner

    def lookup(self, name: str) -> Term:
        return Term(name, self.survey.kinds_of(name, self.owner))

    def width(self, filters: Term) -> Term:
        return Term(filters.text, frozenset({INT}))


def every(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield entries and all within their forks."""
    for entry in entries:
        yield entry
        if isinstance(entry, ForkEntry):
            yield from _within(entry)


def _within(fork: Fork) -> Iterator[Entry]:
    for branch in fork.branches.values():
        yield from every(branch.layers)


def conditions(spec: Spec) -> list[str]:
    """Return the parameters of the document that decide which layers there are."""
    owners = [spec.layers, *(head.layers for head in spec.heads.values())]
    forks = [module.fork for module in spec.modules.values() if module.fork is not None]
    owners += [module.layers or () for module in spec.modules.values()]
    entries = [entry for layers in owners for entry in every(layers)]
    entries += [entry for fork in forks for entry in _within(fork)]
    raw: list[Any] = [head.when for head in spec.heads.values()]
    for entry in entries:
        raw += [entry.when, entry.repeat]
        raw += [entry.fields.get("norm")] if isinstance(entry, OpEntry) else []
        raw += entry.with_.values() if isinstance(entry, UseEntry) else []
        forks += [entry] if isinstance(entry, ForkEntry) else []
    for fork in forks:
        raw += [fork.activation, *(branch.when for branch in fork.branches.values())]
    raw += [fields.get("norm") for fields in spec.defaults.values()]
    names = frozenset[str]().union(*map(_names, raw))
    for name in reversed(spec.parameters):
        names |= _names(spec.parameters[name]) if name in names else frozenset()
    return [name for name in spec.parameters if name in names]


def takes_float(op: str, field: str) -> bool:
    """Say whether a field of an op is a number that need not be whole."""
    info = OPS[op].model_fields.get(field)
    return info is not None and info.annotation is float


def _names(raw: Any) -> frozenset[str]:
    return syntax_tree(raw)[1] if is_expression(raw) else frozenset()


def _fractional_in(raw: Any) -> frozenset[str]:
    """Return the names in a value that may be fractions, going by what is done with them."""
    if isinstance(raw, _Divided):
        return _names(raw.raw)
    if not is_expression(raw):
        return frozenset()
    tree, names = syntax_tree(raw)
    return names if _rounds(tree) else frozenset()


def _rounds(tree: Tree) -> bool:
    if isinstance(tree, Operation):
        return tree.symbol in _ROUNDING or any(map(_rounds, tree.operands))
    return isinstance(tree, Literal) and isinstance(tree.value, Fraction)
