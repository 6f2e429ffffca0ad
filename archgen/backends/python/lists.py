"""Lists of entries as statements: conditions, loops, branches, what references mean.

Imports ``layers``, ``body``, ``survey``, ``wires`` and what they import.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from archgen.backends.python.arithmetic import (
    INT,
    Inexpressible,
    Sum,
    Term,
    as_whole,
    constant,
    sum_of,
    term_of,
)
from archgen.backends.python.body import named
from archgen.backends.python.fields import atom, names_in, over
from archgen.backends.python.forks import Flow, Forks
from archgen.backends.python.layers import (
    POOLS,
    Place,
    layer,
    write_call,
    write_composed,
    write_join,
    write_kernel,
    write_layer,
    write_pool,
)
from archgen.backends.python.layout import Applied, Argument, Atom, Call
from archgen.backends.python.parts import Function
from archgen.backends.python.survey import INDEX
from archgen.backends.python.text import LONGEST
from archgen.backends.python.wires import Key
from archgen.ir import Op
from archgen.ops import OPS
from archgen.ops.join import Join
from archgen.spec import Entry, ForkEntry, OpEntry, UseEntry


class Numbered(NamedTuple):
    """An entry, the number of its first copy and how many there are; None where it has none."""

    entry: Entry
    first: Sum | None
    copies: Sum | None


class Lists(Forks):
    """Writes the entries of one function."""

    # ── lists ─────────────────────────────────────────────────────────────────────────────────

    def write(self, entries: Sequence[Entry], flow: Flow, path: str) -> None:
        """Write entries one behind the other; ``path`` is in front of their names."""
        for numbered in self.numbered(entries):
            if numbered.copies is None:
                number = numbered.first
                name = numbered.entry.called + (f"_{{{number}}}" if number else "")
                self.maybe(numbered.entry, _plain(name), flow, path)
            else:
                self.copies(numbered, flow, path)

    def numbered(self, entries: Sequence[Entry]) -> list[Numbered]:
        """Return the numbers of entries that share a name, and of repeated ones."""
        sharing = Counter(entry.called for entry in entries)
        reached: dict[str, Sum] = {}
        found = []
        for entry in entries:
            first = reached.get(entry.called, Sum()) + 1
            if entry.repeat is None and sharing[entry.called] == 1:
                found.append(Numbered(entry, None, None))
                continue
            count = None if entry.repeat is None else self.count(entry)
            reached[entry.called] = reached.get(entry.called, Sum()) + (
                Sum(1) if count is None else count
            )
            found.append(Numbered(entry, first, count))
        return found

    def count(self, entry: Entry) -> Sum:
        """Return how often an entry is repeated; what is long gets a variable."""
        known = self.survey.known(entry.repeat, self.body.owner)
        if known:
            return Sum(int(known[0] or 0))
        term = as_whole(term_of(entry.repeat, self.body))
        if len(term.text) > LONGEST or any(sign in term.text for sign in "\"'{}"):
            variable = self.body.names.take("copies")
            self.body.compute(variable, term)
            return Sum(terms=((1, variable),))
        return sum_of(term)

    def copies(self, numbered: Numbered, flow: Flow, path: str) -> None:
        """Write the copies of an entry: a loop, unless there is one or none."""
        entry, first, count = numbered.entry, numbered.first or Sum(), numbered.copies or Sum()
        if count == Sum():
            return
        before = self.body.local.get(INDEX)
        if count == Sum(1):
            self.body.local[INDEX] = constant(1)
            self.maybe(entry, _plain(f"{entry.called}_{{{first}}}"), flow, path)
        else:
            self.loop(entry, first, count, flow, path)
        self.body.local.pop(INDEX)
        if before is not None:
            self.body.local[INDEX] = before

    def loop(self, entry: Entry, first: Sum, count: Sum, flow: Flow, path: str) -> None:
        """Write a loop over the copies; it counts from 1 where the entry reads ``index``."""
        index = self.body.names.take(INDEX)
        number = Sum(terms=((1, index),))
        self.body.local[INDEX] = Term(index, frozenset({INT}))
        start = Sum(1) if reads_index(entry) else first
        ends = start + count
        self.settle(flow)
        shown = number + first.minus(start)
        with self.body.block(f"for {index} in range({start}, {ends})"):
            self.maybe(entry, f"{entry.called}_{{{shown}}}", flow, path, inside=True)
            self.settle(flow)
        self.body.names.taken.discard(index)

    # ── entries ───────────────────────────────────────────────────────────────────────────────

    def maybe(
        self, entry: Entry, name: str, flow: Flow, path: str, *, inside: bool = False
    ) -> None:
        """Write an entry, below its condition where it has one."""
        known = self.survey.known(entry.when, self.body.owner)
        if known == (False,):
            return
        if known:
            self.entry(entry, name, flow, path, inside=inside)
            return
        condition = term_of(entry.when, self.body)
        self.settle(flow)
        before = flow.entry
        with self.body.block("if ", condition):
            self.entry(entry, name, flow, path, inside=True)
            self.settle(flow)
        flow.entry = flow.entry if flow.entry == before else None

    def entry(self, entry: Entry, name: str, flow: Flow, path: str, *, inside: bool) -> None:
        """Write an entry by its kind; what is referred to gets a variable of its own."""
        key: Key = ("entry", id(entry))
        is_marked = key in self.marked
        on = tuple(map(self.tensor, self.document.wires.inputs_of(entry))) or flow.on
        kept = self.body.variable(_variable(entry, name), "_output") if is_marked else ""
        target = flow.var if inside or not is_marked else kept
        own = Flow(target, on[0], flow.entry)
        if isinstance(entry, OpEntry):
            self.op(entry, own, Place(target, on, path + name))
        elif isinstance(entry, UseEntry):
            self.use(entry, own, path + name)
        elif isinstance(entry, ForkEntry):
            if entry.name is None:
                self.fork(entry, own, Place(target, (), path + name), path)
            else:
                within = f"{path}{name}."
                self.fork(entry, own, Place(target, (), within + entry.join), within)
        flow.take(own)
        if isinstance(entry, OpEntry):
            flow.entry = name
        if is_marked:
            if own.now != kept:
                self.body.assign(kept, Atom(own.now))
            self.where[key] = kept
            flow.now = own.now if inside else kept

    def tensor(self, key: Key) -> str:
        """Return the variable of what a reference means."""
        if key not in self.where:
            raise Inexpressible("a reference means what no parameters build")
        return self.where[key]

    def op(self, entry: OpEntry, flow: Flow, place: Place) -> None:
        """Write an op by how Keras makes it."""
        flow.now = flow.var
        forms = self.document.forms
        if (site := forms.sites.get(id(entry))) is not None:
            if form := forms.by_entry.get(id(entry)):
                write_call(self.body, form, site, place)
            else:
                write_kernel(self.body, site.said, site.padded, place)
            return
        cls, fields = (
            OPS[entry.op],
            over(self.document.spec.defaults.get(entry.op, {}), entry.fields),
        )
        if issubclass(cls, Join):
            write_join(self.body, entry.op, place)
        elif entry.op in POOLS:
            padded = forms.padded(fields.get("padding"), self.body.owner)
            write_pool(self.body, entry.op, fields, padded, place)
        elif cls.call is Op.call:
            write_layer(self.body, entry.op, fields, place)
        else:
            write_composed(self.body, entry.op, fields, place)

    def use(self, entry: UseEntry, flow: Flow, path: str) -> None:
        """Write the call of a module's function."""
        function = self.document.function(entry, self.body)
        tensors = self.document.wires.tensors_of(entry, self.survey.spec.modules[entry.use].inputs)
        on = [flow.now, *map(self.tensor, tensors.values())]
        call = self.called(function, entry, on, path)
        flow.entry = flow.entry if function.entry == "" else function.entry
        flow.now = flow.var
        self.body.assign(flow.var, call)
        if not function.is_open:
            return
        if id(entry) in self.document.melting.closed:
            made = layer("layers.Concatenate", (), path + function.join)
            self.body.assign(flow.var, Applied(made, Atom(flow.var)))
        else:
            flow.parts, flow.join = (f"*{flow.var}",), path + function.join

    def called(self, function: Function, entry: UseEntry, on: Sequence[str], path: str) -> Call:
        """Return the call of a module's function."""
        self.body.functions |= dict.fromkeys(function.locals)
        arguments = [Argument("", Atom(text)) for text in (*on, *function.locals)]
        for parameter in function.parameters:
            if parameter.name in entry.with_:
                term = term_of(entry.with_[parameter.name], self.body)
                arguments.append(Argument(f"{parameter.identifier}=", atom(term)))
        for name, identifier in function.needs.items():
            given = self.body.of_document(name).text
            arguments.append(Argument(f"{identifier}=", Atom(given)))
        return Call(function.name, (*arguments, named(path)))


def reads_index(entry: Entry) -> bool:
    """Say whether an entry reads the number of its copy."""
    return any(INDEX in names_in(raw) for raw in _values(entry))


def _values(entry: Entry) -> Iterator[Any]:
    """Yield every value of an entry, within a fork those of its branches; copies count anew."""
    yield entry.when
    if isinstance(entry, OpEntry):
        yield from entry.fields.values()
    elif isinstance(entry, UseEntry):
        yield from entry.with_.values()
    elif isinstance(entry, ForkEntry):
        yield entry.activation
        for branch in entry.branches.values():
            yield branch.when
            for inner in branch.layers:
                yield from (inner.repeat,) if inner.repeat is not None else _values(inner)


def _plain(template: str) -> str:
    """Return the name of an entry, its number written out where it is one."""
    return re.sub(r"\{(\d+)\}", r"\1", template)


def _identifier(name: str) -> str:
    return name if name.isidentifier() else f"entry_{name}"


def _variable(entry: Entry, name: str) -> str:
    """Return what a variable for an entry's value is best called."""
    called = entry.called if "{" in name else name
    if isinstance(entry, UseEntry) and not called.isidentifier():
        return f"{entry.use}_{called}"
    return _identifier(called)
