"""How large a spec becomes: known before it is expanded, and counted while it is.

Known is what follows from every ``repeat`` and ``when`` that is written out or reads parameters of
the document alone. For the others the least counts that they can come to; a list counts again when
it is entered, where its own numbers are known. Imports ``evaluation`` and what it imports.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archgen.diagnostics import Fault, SpecError
from archgen.evaluation import Evaluator
from archgen.expressions import ExpressionFault, is_expression, parse
from archgen.limits import LIMITS, raising
from archgen.places import Place
from archgen.scopes import Poisoned
from archgen.spec import Entry, Fork, ForkEntry, Module, OpEntry, UseEntry

# A use sets up names and a scope of its own: so many values take as long.
USE_STEPS = 30
LIST_DEPTH = LIMITS.list_depth  # which is fixed
LOCAL = frozenset({"index", "channels"})
Counted = Sequence[tuple[Entry, int]]


class Size(NamedTuple):
    """Entries after expansion, and the inputs, branches and values that are read for them."""

    entries: int = 0
    steps: int = 0
    is_exact: bool = True

    def plus(self, other: "Size", times: int = 1) -> "Size":
        """Return this and so many of another."""
        return Size(
            self.entries + other.entries * times,
            self.steps + other.steps * times,
            self.is_exact and other.is_exact,
        )


UNKNOWN = Size(is_exact=False)


class Growth:
    """The size of one expansion: ``reached`` so far, and what is known to come.

    What is known exactly is counted at once, where it is entered; tests switch ``trusts`` off.
    """

    trusts = True

    def __init__(self, evaluator: Evaluator) -> None:
        self.spec = evaluator.spec
        self.reached = Size()
        self.most = Size(LIMITS.nodes, LIMITS.steps)
        self.sizes = _Sizes(evaluator)
        self.depth = 0
        # The depth of a list whose size is known exactly: all inside is counted already.
        self.counted_at = 0
        self.plain: dict[int, tuple[Size, Size]] = {}

    def enter(self, entries: Sequence[Entry], counts: Sequence[int | None]) -> None:
        """Count the copies of a list; Raises SpecError E222 where what comes is too much."""
        self.depth += 1
        if self.depth > LIST_DEPTH:
            message = f"lists of entries nest deeper than {LIST_DEPTH} levels"
            raise SpecError(Fault("E222", message, entries[0].place))
        if self.counted_at:
            return
        without_repeat = counts.count(None) == len(counts)
        known = self.plain.get(id(entries)) if without_repeat else None
        if known is None:
            copies = [1 if count is None else count for count in counts]
            known = self.of_copies(list(zip(entries, copies, strict=True)))
            if without_repeat:
                self.plain[id(entries)] = known
        coming = self.reached.plus(known[1])
        if self.weight(coming) > 1:
            counted = [(e, 1 if n is None else n) for e, n in zip(entries, counts, strict=True)]
            raise self.too_large(coming, self.culprit(counted))
        if known[1].is_exact and self.trusts:
            self.counted_at, self.reached = self.depth, coming
        else:
            self.reached = self.reached.plus(known[0])

    def leave(self) -> None:
        """End a list."""
        if self.depth == self.counted_at:
            self.counted_at = 0
        self.depth -= 1

    def of_module(self, name: str, before: Size) -> Size:
        """Return the size of a module that was expanded since ``before`` was reached."""
        return self.sizes.of_module(name, 0) if self.counted_at else self.reached.plus(before, -1)

    def again(self, size: Size, place: Place) -> None:
        """Count an expansion that is repeated as it is; Raises SpecError E222."""
        if self.counted_at:
            return
        self.reached = self.reached.plus(size)
        if self.weight(self.reached) > 1:
            raise self.too_large(self.reached._replace(is_exact=False), place)

    def of_copies(self, counted: Counted) -> tuple[Size, Size]:
        """Return the size of the copies of some entries, and that of all they hold with it."""
        own, whole = Size(), Size()
        for entry, copies in counted:
            own = own.plus(Size(1, self.sizes.steps(entry)), copies)
            whole = whole.plus(self.sizes.of_copy(entry, LOCAL, 0), copies)
        return own, whole

    def weight(self, size: Size) -> float:
        """Return how large a size is, where 1 is the most that may be."""
        return max(size.entries / self.most.entries, size.steps / self.most.steps)

    def too_large(self, size: Size, place: Place) -> SpecError:
        """Say in numbers what comes out too large."""
        is_whole = size.is_exact and not self.reached.entries and not self.spec.heads
        number, most, what, limit = size.entries, self.most.entries, "entries", "nodes"
        if number <= most:
            number, most, limit = size.steps, self.most.steps, "steps"
            what = "inputs, branches and values"
        least = "" if is_whole else "at least "
        message = f"the spec expands to {least}{number:,} {what}, more than {most:,}"
        return SpecError(Fault("E222", message, place, notes=(raising(limit),)))

    def culprit(self, counted: Counted) -> Place:
        """Return the place of the innermost entry whose copies are too many by themselves."""
        while True:
            entry, _ = max(counted, key=lambda pair: self.weight(self.one(*pair)))
            counted = [
                (inner, self.sizes.copies[id(inner)])
                for inner in _inside(entry, self.spec.modules.get(getattr(entry, "use", "")))
                if id(inner) in self.sizes.copies
            ]
            if self.weight(self.one(entry, 1)) <= 1 or not counted:
                return entry.place

    def one(self, entry: Entry, copies: int) -> Size:
        """Return the size of some copies of an entry and all they hold."""
        return Size().plus(self.sizes.of_copy(entry, LOCAL, 0), copies)


class _Sizes:
    """What is known of the sizes of a spec's entries before it is expanded, each found once."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.document = evaluator.document
        self.modules = evaluator.spec.modules
        self.known: dict[int, Size] = {}
        self.copies: dict[int, int] = {}
        self.bodies: dict[str, Size] = {}

    def of_copy(self, entry: Entry, own: frozenset[str], depth: int) -> Size:
        """Return the size of one copy of an entry; ``own`` are the names known only there."""
        size = self.known.get(id(entry))
        if size is None:
            size = Size(1, self.steps(entry))
            if not isinstance(entry, OpEntry):
                size = size.plus(self.inside(entry, own, depth))
            self.known[id(entry)] = size
        return size

    def steps(self, entry: Entry) -> int:
        """Return how many inputs, branches and computed values are read for one copy."""
        steps = len(entry.inputs or ())
        if isinstance(entry, OpEntry):
            return steps + sum([_values(entry.fields[name]) for name in entry.computed])
        if isinstance(entry, ForkEntry):
            return steps + len(entry.branches)
        if not isinstance(entry, UseEntry):
            return steps
        steps += USE_STEPS + len(entry.with_)
        module = self.modules.get(entry.use)
        if module is None:
            return steps
        branches = module.fork.branches if module.fork else ()
        return steps + len(module.required) + len(module.parameters) + len(branches)

    def inside(self, entry: Entry, own: frozenset[str], depth: int) -> Size:
        """Return the size of what an entry holds."""
        wanted = self.value(entry.when, own)
        if wanted is False:
            return Size()
        if wanted is None or depth >= LIST_DEPTH:
            return UNKNOWN
        if isinstance(entry, UseEntry):
            return self.of_module(entry.use, depth)
        return self.of_fork(entry, own, depth) if isinstance(entry, ForkEntry) else UNKNOWN

    def of_module(self, name: str, depth: int) -> Size:
        """Return the size of a module; one that uses itself is a fault told elsewhere."""
        module = self.modules.get(name)
        if module is None:
            return UNKNOWN
        if name not in self.bodies:
            self.bodies[name] = UNKNOWN
            own = LOCAL.union(module.required, module.parameters)
            if module.fork is not None:
                self.bodies[name] = self.of_fork(module.fork, own, depth)
            else:
                self.bodies[name] = self.of_list(module.layers or (), own, depth + 1)
        return self.bodies[name]

    def of_fork(self, fork: Fork, own: frozenset[str], depth: int) -> Size:
        """Return the size of the branches of a fork."""
        size = Size()
        for branch in fork.branches.values():
            wanted = self.value(branch.when, own)
            if wanted is not False:
                held = self.of_list(branch.layers, own, depth + 1)
                size = size.plus(held if wanted else UNKNOWN)
        return size

    def of_list(self, entries: Sequence[Entry], own: frozenset[str], depth: int) -> Size:
        """Return the size of a list of entries."""
        size = Size()
        for entry in entries:
            copies = 1 if entry.repeat is None else self.value(entry.repeat, own)
            one = self.of_copy(entry, own, depth)
            if type(copies) is int and 0 <= copies <= LIMITS.repeat:
                self.copies[id(entry)] = copies
                size = size.plus(one, copies)
            else:
                size = size.plus(UNKNOWN)
        return size

    def value(self, raw: object, own: frozenset[str]) -> object:
        """Return a value that is the same wherever it stands; None where it is not, or unknown."""
        if not is_expression(raw):
            return raw
        try:
            expression = parse(raw)
            return None if expression.names & own else expression.evaluate(self.document).value
        except (ExpressionFault, Poisoned):  # told where the value is used
            return None


def _values(value: object) -> int:
    """Return how many values there are in a value of a spec, itself included."""
    if isinstance(value, dict | list):
        return 1 + sum(map(_values, value.values() if isinstance(value, dict) else value))
    return 1


def _inside(entry: Entry, module: Module | None) -> Iterator[Entry]:
    """Return the entries right inside an entry."""
    fork = entry if isinstance(entry, ForkEntry) else module.fork if module else None
    if module is not None and fork is None:
        yield from module.layers or ()
    for branch in fork.branches.values() if fork is not None else ():
        yield from branch.layers
