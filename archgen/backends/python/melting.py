"""Which concats melt into the one behind them, whatever the parameters are.

A concat that feeds nothing but a concat is none in the graph. Here that is decided for every set of
arguments at once: where a concat is the last of a branch, or of a module that is, its branches are
handed on. Where it depends on the arguments, the source takes a plainer form.
Imports ``arithmetic``, ``survey``, ``wires``, ``spec``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Final, NamedTuple

from archgen.backends.python.arithmetic import Inexpressible
from archgen.backends.python.survey import DOCUMENT, Survey
from archgen.backends.python.wires import Key, Wires
from archgen.composition import NO_ACTIVATION
from archgen.expressions import is_expression
from archgen.ops.join import Concat
from archgen.spec import Branch, Entry, Fork, ForkEntry, OpEntry, UseEntry

# What reads a value: a layer that is no concat, or nothing that follows; else it is the identity of
# the fork whose concat it goes into, and nowhere else. A set holds what it may be.
LAYER: Final = -1
NOTHING: Final = -2
UNSURE: Final = -3
Readers = set[int]
Behind = Callable[[], Readers]


@dataclass(frozen=True)
class _List:
    """A list of entries: what reads its last value, and whether that may be several branches.

    ``keys`` are what references call its last value, ``known`` what reads those in front of it.
    """

    entries: Sequence[Entry]
    owner: str
    behind: Behind
    takes_branches: bool = False
    keys: tuple[Key, ...] = ()
    known: dict[int, Readers] = field(default_factory=dict)


class _Others(NamedTuple):
    """Of the other branches of a fork: whether one is built surely, and perhaps."""

    sure: bool
    maybe: bool


class _Use(NamedTuple):
    entry: UseEntry
    behind: Behind
    hands_on: bool  # it is the last of a list that may give several branches


class Melting:
    """The forks that leave their branches to the concat behind them.

    ``open_forks`` are these forks, ``open_modules`` the modules that end in one, ``closed`` the
    uses of such modules that have a layer behind them, so that the concat is made there.
    """

    def __init__(self, survey: Survey, wires: Wires) -> None:
        self.survey = survey
        self.wires = wires
        self.open_forks: set[int] = set()
        self.open_modules: set[str] = set()
        self.closed: set[int] = set()
        self.uses: dict[str, list[_Use]] = {}
        spec = survey.spec
        self._list(_List(spec.layers, DOCUMENT, lambda: {LAYER}))
        for head in spec.heads.values():
            self._list(_List(head.layers, DOCUMENT, lambda: {LAYER}))
        for owner in survey.owners[1:]:
            self._module(owner)
        for owner in reversed(survey.owners[1:]):
            self._open(owner)

    def _module(self, owner: str) -> None:
        module, uses = self.survey.spec.modules[owner], self.uses[owner]

        @cache
        def behind() -> Readers:
            return set[int]().union(*(use.behind() for use in uses))

        body = _List(module.layers or (), owner, behind, takes_branches=True)
        if module.fork is not None:
            self._fork(module.fork, body, behind, is_last=True)
        else:
            self._list(body)

    def _open(self, owner: str) -> None:
        """Take up a module whose value is several branches; its callees are taken up already."""
        module = self.survey.spec.modules[owner]
        last: Fork | Entry | None = module.fork or (module.layers or (None,))[-1]
        if not self.is_open(last, owner):
            return
        self.open_modules.add(owner)
        for use in self.uses[owner]:
            if use.behind() == {LAYER}:
                self.closed.add(id(use.entry))
            else:
                _require(use.hands_on)

    def is_open(self, last: Fork | Entry | None, owner: str) -> bool:
        """Say whether an entry gives several branches."""
        if isinstance(last, UseEntry):
            return last.use in self.open_modules and id(last) not in self.closed
        if isinstance(last, Fork) and id(last) not in self.open_forks:
            built = [b for b in last.branches.values() if self._holds(b, owner) is not False]
            only = built[0].layers if len(built) == 1 else ()
            return bool(only) and self.is_open(only[-1], owner)
        return isinstance(last, Fork)

    # ── every fork ────────────────────────────────────────────────────────────────────────────

    def _list(self, within: _List) -> None:
        for index, entry in enumerate(within.entries):
            behind = self._behind(within, index)
            is_last = index == len(within.entries) - 1 and within.takes_branches
            is_sure = entry.when is True and entry.repeat is None
            unmarked = self.wires.marked.isdisjoint({("entry", id(entry)), *within.keys})
            hands_on = is_last and is_sure and unmarked
            if isinstance(entry, UseEntry):
                self.uses.setdefault(entry.use, []).append(_Use(entry, behind, hands_on))
            elif isinstance(entry, ForkEntry):
                self._fork(entry, within, behind, is_last=hands_on)
            elif isinstance(entry, OpEntry) and entry.op == Concat.kind:
                _require(behind() == {LAYER})

    def _behind(self, within: _List, index: int, *, again: bool = True) -> Behind:
        """Return what reads an entry's value: what follows, for ``again`` its next copy too."""
        entry = within.entries[index]

        def behind() -> Readers:
            found = self._entering(within, index + 1)
            if again and entry.repeat is not None and self._count(entry, within.owner) != 1:
                found = found | self._into(within, index)
            return found

        return behind

    def _fork(self, fork: Fork, within: _List, behind: Behind, *, is_last: bool) -> None:
        for inside, _ in self._branches(fork, within, behind, is_last=is_last):
            self._list(inside)
        built = self._built(fork, within.owner)
        if fork.join != Concat.kind or len(built) - built.count(False) < 2:  # noqa: PLR2004
            return
        if fork.activation not in NO_ACTIVATION and not is_expression(fork.activation):
            return
        readers = behind()
        if readers == {LAYER}:
            return
        is_sure = built.count(True) > 1 and None not in built and fork.activation in NO_ACTIVATION
        is_read = ("join", id(fork)) in self.wires.marked
        _require(is_last and is_sure and not is_read and readers.isdisjoint({NOTHING, UNSURE}))
        self.open_forks.add(id(fork))

    def _built(self, fork: Fork, owner: str) -> list[bool | None]:
        return [self._holds(branch, owner) for branch in fork.branches.values()]

    def _branches(
        self, fork: Fork, within: _List, behind: Behind, *, is_last: bool
    ) -> Iterator[tuple[_List, bool | None]]:
        """Yield each branch as a list, and whether it is built."""
        built = self._built(fork, within.owner)
        for branch, state in zip(fork.branches.values(), built, strict=True):
            others = _Others(
                built.count(True) > (state is True), built.count(None) > (state is None)
            )
            key: Key = ("branch", id(branch))
            joins = others.sure and fork.join == Concat.kind
            alone = not (others.sure or others.maybe)
            handed = joins or (alone and is_last and fork.activation in NO_ACTIVATION)
            keys = (key,) if joins else (key, ("join", id(fork)), *within.keys)
            read = partial(self._joined, fork, others, behind)
            yield _List(branch.layers, within.owner, read, handed, keys), state

    def _joined(self, fork: Fork, others: _Others, behind: Behind) -> Readers:
        """Return what reads the last value of a branch: the join, or what is behind the fork."""
        join = {id(fork)} if fork.join == Concat.kind else {LAYER}
        if others.sure:
            return join
        after = set[int]()
        if fork.activation not in NO_ACTIVATION:
            after |= {LAYER}
        if fork.activation in NO_ACTIVATION or is_expression(fork.activation):
            after |= behind()
        return after | join if others.maybe else after

    # ── what reads a value ────────────────────────────────────────────────────────────────────

    def _entering(self, within: _List, index: int) -> Readers:
        """Return what reads the value in front of an entry: that one, or what is behind it."""
        end = index
        while end not in within.known and end < len(within.entries) and self._is_open(within, end):
            end += 1
        if end not in within.known:
            is_end = end == len(within.entries)
            within.known[end] = within.behind() if is_end else self._into(within, end)
        for at in range(end - 1, index - 1, -1):
            passed = within.known[at + 1]
            within.known[at] = (
                passed if self._is_absent(within, at) else passed | self._into(within, at)
            )
        return within.known[index]

    def _is_open(self, within: _List, index: int) -> bool:
        """Say whether an entry may let a value pass, since it may not be built."""
        entry = within.entries[index]
        built, count = self._holds(entry, within.owner), self._count(entry, within.owner)
        return built is not True or not count

    def _is_absent(self, within: _List, index: int) -> bool:
        entry = within.entries[index]
        return self._holds(entry, within.owner) is False or self._count(entry, within.owner) == 0

    def _into(self, within: _List, index: int) -> Readers:
        entry, behind = within.entries[index], self._behind(within, index, again=False)
        if entry.inputs is not None:
            return {NOTHING}
        if isinstance(entry, UseEntry):
            module = self.survey.spec.modules[entry.use]
            inside = _List(module.layers or (), entry.use, behind)
            if module.fork is not None:
                return self._into_fork(module.fork, inside)
            return self._entering(inside, 0)
        if isinstance(entry, ForkEntry):
            return self._into_fork(entry, _List(within.entries, within.owner, behind))
        return {LAYER}

    def _into_fork(self, fork: Fork, within: _List) -> Readers:
        """Return what reads the value in front of a fork, all its branches together."""
        found = set[int]()
        for inside, is_built in self._branches(fork, within, within.behind, is_last=False):
            if is_built is False:
                continue
            readers = self._entering(inside, 0)
            if is_built and readers == {LAYER}:
                return readers
            found |= readers if is_built else {UNSURE}
        return found if len(found) == 1 else {UNSURE} if found - {NOTHING} else {NOTHING}

    def _holds(self, level: Entry | Branch, owner: str) -> bool | None:
        known = self.survey.known(level.when, owner)
        return bool(known[0]) if known else None

    def _count(self, entry: Entry, owner: str) -> int | None:
        if entry.repeat is None:
            return 1
        known = self.survey.known(entry.repeat, owner)
        return int(known[0] or 0) if known else None


def _require(is_sure: bool) -> None:  # noqa: FBT001 - it reads as a condition
    if not is_sure:
        raise Inexpressible("which concats melt depends on the parameters")
