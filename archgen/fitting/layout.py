"""The entries of a merged document: where each stands, and where what its fields read is said.

Imports ``variants``, ``naming``, ``evaluation`` and what they import.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archgen.diagnostics import Faults
from archgen.evaluation import Evaluator
from archgen.expressions import is_expression, parse
from archgen.fitting.changes import Path
from archgen.ir import Node
from archgen.naming import numbered
from archgen.source import Array, Object
from archgen.spec import Spec
from archgen.variants import entries

if TYPE_CHECKING:
    from archgen.places import Place

LAYERS = ""  # the section of what stands in no module
Scalar = str | int | float | bool | None


class Site(NamedTuple):
    """An entry: the path that an edit names, its module, the outermost fork that it stands in.

    ``at`` counts the nodes in front of the first that it makes, ``copies`` how often it makes them.
    """

    path: str
    entry: Object
    section: str
    fork: str | None
    at: int
    copies: int

    @property
    def edit(self) -> Path:
        """Return where a fitted spec changes the entry."""
        return ("edit", self.path)


class Lever(NamedTuple):
    """A value that others read: where a fitted spec says another, what it is, whom it moves.

    ``use`` is the use of a module that hands it on, None where it is a parameter of the document.
    """

    path: Path
    value: Any
    use: Site | None
    name: str


class Layout:
    """What a document says, entry by entry, and what its nodes were made of."""

    def __init__(
        self, spec: Spec, nodes: Sequence[Node], given: Mapping[str, Scalar] | None = None
    ) -> None:
        self.given = given or {}
        self.document = spec.raw
        self.defaults: Mapping[str, Object] = spec.defaults
        self.modules: dict[str, Object] = dict(_members(self.document, "modules"))
        self.parameters = {**dict(_values(self.document.get("parameters"))), **self.given}
        self._spec = spec
        self._first: dict[Place, int] = {}
        self._copies = Counter((node.origin, node.op.kind) for node in nodes)
        self._reached: dict[str, int] = {}
        for index, node in enumerate(nodes):
            if node.origin is not None:
                self._first.setdefault(node.origin, index)
            self._reached.setdefault(node.scope.partition(".")[0], index)
        self.sites = tuple(self._sites())
        self.uses: dict[str, list[Site]] = {}
        for site in self.sites:
            if isinstance(used := site.entry.get("use"), str):
                self.uses.setdefault(used, []).append(site)

    # ── entries ───────────────────────────────────────────────────────────────────────────────

    def _sites(self) -> Iterator[Site]:
        """Return the entries that are built, in the document's order."""
        known = list(entries(self.document))
        paths = {id(entry): path for path, entry in known}
        forks = dict(_forks(self.document, paths))
        for path, entry in known:
            kind, name = path.split(".")[:2]
            section = name if kind == "modules" else LAYERS
            at = self._index(entry)
            if at is not None:
                copies = self._copies[entry.place, str(entry.get("op"))]
                yield Site(path, entry, section, forks.get(id(entry)), at, copies)

    def _index(self, entry: Object) -> int | None:
        """Return the number of the first node of an entry, 0 where a use's is not known."""
        if "use" in entry:
            scopes = self._scopes.get(id(entry), ())
            found = [self._reached[scope] for scope in scopes if scope in self._reached]
            inside = id(entry) not in self._scopes
            return min(found, default=0 if inside else None)
        if "branches" in entry:
            found = [self._first[one.place] for one in _objects(entry) if one.place in self._first]
            return min(found, default=None)
        return self._first.get(entry.place)

    @cached_property
    def _scopes(self) -> dict[int, tuple[str, ...]]:
        """Return the scopes of every use in the layers themselves, copies included."""
        evaluator = Evaluator(self._spec, Faults(), self.given, None)
        layers = self._spec.layers
        counts = [evaluator.copies(entry, evaluator.document) for entry in layers]
        names = numbered([entry.called for entry in layers], counts)
        return {id(entry.raw): copies for entry, copies in zip(layers, names, strict=True)}

    def required(self, section: str) -> tuple[str, ...]:
        """Return the parameters that every use of a module gives; none of what is no module."""
        names = self.modules[section].get("required") if section in self.modules else None
        found = names if isinstance(names, Array) else []
        return tuple(name for name in found if isinstance(name, str))

    @staticmethod
    def passed(use: Site, name: str) -> Scalar:
        """Return what a use of a module says of a parameter."""
        return dict(_values(use.entry.get("with"))).get(name)

    # ── values ────────────────────────────────────────────────────────────────────────────────

    def value(self, site: Site, field: str) -> Any:
        """Return what an entry says of a field, else what the defaults of its op say."""
        if field in site.entry:
            return site.entry[field]
        return self.default(str(site.entry.get("op")), field)

    def default(self, op: str, field: str) -> Any:
        """Return what the document says of a field of all entries of an op."""
        said = self.defaults.get(op)
        return said.get(field) if said is not None else None

    def levers(self, raw: object, section: str) -> Iterator[Lever]:
        """Return the written values that an expression of a section reads, through every use."""
        for name in sorted(parse(raw).names) if is_expression(raw) else ():
            yield from self._named(name, section)

    def _named(self, name: str, section: str) -> Iterator[Lever]:
        module = self.modules.get(section)
        own = dict(_values(module.get("parameters"))) if module else {}
        if name in own or name in self.required(section):
            for use in self.uses.get(section, ()):
                yield from self._handed(name, own.get(name), use, section)
        elif name in self.parameters:
            value = self.parameters[name]
            if is_expression(value):
                yield from self.levers(value, LAYERS)
            else:
                yield Lever(("parameters", name), value, None, name)

    def _handed(self, name: str, default: object, use: Site, section: str) -> Iterator[Lever]:
        """Return where one use of a module says a parameter, or could say it."""
        given = dict(_values(use.entry.get("with")))
        value = given.get(name, default)
        if is_expression(value):
            yield from self.levers(value, use.section if name in given else section)
        else:
            yield Lever((*use.edit, "with", name), value, use, name)


def _members(document: Object, key: str) -> Iterator[tuple[str, Object]]:
    members = document.get(key)
    for name, member in members.items() if isinstance(members, Object) else ():
        if isinstance(member, Object):
            yield name, member


def _values(members: object) -> Iterator[tuple[str, Scalar]]:
    for name, value in members.items() if isinstance(members, Object) else ():
        if isinstance(value, Scalar):
            yield name, value


def _objects(value: object) -> Iterator[Object]:
    """Return the objects inside a value, itself included."""
    if isinstance(value, Object):
        yield value
    if isinstance(value, Object | Array):
        for member in value.values() if isinstance(value, Object) else value:
            yield from _objects(member)


def _forks(document: Object, paths: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """Return every entry in a fork, and the path of the outermost one."""
    yield from _in_body(document, None, paths)
    for section in ("modules", "heads"):
        for name, member in _members(document, section):
            fork = f"{section}.{name}" if "branches" in member else None
            yield from _in_body(member, fork, paths)


def _in_body(body: Object, fork: str | None, paths: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    branches = body.get("branches")
    lists = list(branches.values()) if isinstance(branches, Object) else []
    lists.append(body.get("layers"))
    for one in lists:
        listed = one.get("layers") if isinstance(one, Object) else one
        for entry in listed if isinstance(listed, Array) else ():
            if isinstance(entry, Object):
                if fork is not None:
                    yield id(entry), fork
                yield from _in_body(entry, fork or paths.get(id(entry)), paths)
