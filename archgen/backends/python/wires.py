"""Which entry every reference means, found without expanding: what has a variable of its own.

Imports ``arithmetic``, ``survey`` and ``spec``.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archgen.backends.python.arithmetic import Inexpressible
from archgen.backends.python.survey import DOCUMENT, Survey
from archgen.naming import INPUT
from archgen.spec import Branch, Entry, Fork, ForkEntry, UseEntry

# What a reference means: an entry, branch or join by its identity, a tensor that enters by name.
Key = tuple[str, int | str]


@dataclass
class _Frame:
    """The names of one list; ``open_names`` are called like copies whose number is not known."""

    owner: str
    outer: "_Frame | None" = None
    slots: dict[str, "_Slot"] = field(default_factory=dict)
    open_names: list[str] = field(default_factory=list)


@dataclass
class _Slot:
    key: Key | None
    inner: _Frame | None = None


class Wires:
    """The references of a spec: what each means, and which entries are meant by some."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.meant: dict[tuple[int, int | str], Key] = {}
        self.marked: set[Key] = set()
        for owner in survey.owners[1:]:
            self._module(owner)
        self._document()

    # ── every list ────────────────────────────────────────────────────────────────────────────

    def _document(self) -> None:
        spec = self.survey.spec
        frame = _Frame(DOCUMENT, slots={INPUT: _Slot((INPUT, DOCUMENT))})
        self._list(spec.layers, frame)
        for name, head in spec.heads.items():
            if self.survey.known(head.when, DOCUMENT) == (False,):
                continue
            self.meant[id(head), 0] = self._find(head.from_, frame)
            inside = _Frame(DOCUMENT, frame)
            self._list(head.layers, inside)
            frame.slots[name] = _Slot(("head", name), inside)

    def _module(self, owner: str) -> None:
        module = self.survey.spec.modules[owner]
        frame = _Frame(owner, slots={INPUT: _Slot((INPUT, owner))})
        for name in module.inputs:
            frame.slots[name] = _Slot((f"tensor of {owner}", name))
        if module.fork is not None:
            self._fork(module.fork, frame, module.fork.join)
        else:
            self._list(module.layers or (), frame)

    def _list(self, entries: Sequence[Entry], frame: _Frame) -> None:
        slots = self._named(entries, frame)
        for entry, slot in zip(entries, slots, strict=True):
            if self._is_absent(entry, frame.owner):
                continue
            for index, name in enumerate(entry.inputs or ()):
                self.meant[id(entry), index] = self._find(name, frame)
            if isinstance(entry, UseEntry):
                self._given(entry, frame)
            elif isinstance(entry, ForkEntry) and entry.name is not None:
                slot.inner = _Frame(frame.owner, frame)
                self._fork(entry, slot.inner, entry.join)
                slot.inner = None if entry.repeat is not None else slot.inner
            elif isinstance(entry, ForkEntry):
                self._fork(entry, frame, None)

    def _given(self, entry: UseEntry, frame: _Frame) -> None:
        for name in self.survey.spec.modules[entry.use].inputs:
            self.meant[id(entry), name] = self._find(str(entry.with_[name]), frame)

    def _fork(self, fork: Fork, frame: _Frame, join: str | None) -> None:
        for name in fork.order or fork.branches:
            branch: Branch = fork.branches[name]
            if self.survey.known(branch.when, frame.owner) == (False,):
                continue
            inside = _Frame(frame.owner, frame)
            frame.slots[name] = _Slot(("branch", id(branch)), inside)
            self._list(branch.layers, inside)
        if join is not None:
            frame.slots[join] = _Slot(("join", id(fork)))

    # ── names ─────────────────────────────────────────────────────────────────────────────────

    def _named(self, entries: Sequence[Entry], frame: _Frame) -> list[_Slot]:
        """Take up the names of a list; a repeated entry stands for its last copy."""
        sharing = Counter(entry.called for entry in entries)
        reached: dict[str, int | None] = {}
        found = []
        for entry in entries:
            slot = _Slot(("entry", id(entry)))
            found.append(slot)
            name = entry.called
            if sharing[name] == 1:
                frame.slots[name] = slot
            if entry.repeat is None and sharing[name] == 1:
                continue
            count = self._count(entry, frame.owner)
            before = reached.get(name, 0)
            after = None if before is None or count is None else before + count
            reached[name] = after
            if after is None:
                frame.open_names.append(name)
            elif before is not None:
                copies = range(before + 1, after)
                frame.slots |= {f"{name}_{number}": _Slot(None) for number in copies}
                frame.slots[f"{name}_{after}"] = slot
        return found

    def _is_absent(self, entry: Entry, owner: str) -> bool:
        """Say whether no arguments build an entry, so that what it names may go without."""
        return self.survey.known(entry.when, owner) == (False,) or self._count(entry, owner) == 0

    def _count(self, entry: Entry, owner: str) -> int | None:
        if entry.repeat is None:
            return 1
        known = self.survey.known(entry.repeat, owner)
        return int(known[0] or 0) if known else None

    def _find(self, reference: str, frame: _Frame) -> Key:
        """Return what a reference means.

        Raises:
            Inexpressible: it means what is inside a module or a copy, or that depends on a count.
        """
        first, *rest = reference.split(".")
        around: _Frame | None = frame
        while around is not None and first not in around.slots:
            if any(re.fullmatch(rf"{name}_\d+", first) for name in around.open_names):
                raise Inexpressible(
                    f"{reference} is a copy of an entry whose copies are not counted"
                )
            around = around.outer
        slot = around.slots[first] if around is not None else None
        for name in rest:
            inner = slot.inner if slot is not None else None
            if inner is None or name not in inner.slots:
                raise Inexpressible(f"{reference} is inside a module or a copy")
            slot = inner.slots[name]
        if slot is None or slot.key is None:
            raise Inexpressible(f"{reference} is a copy of a repeated entry")
        self.marked.add(slot.key)
        return slot.key

    def inputs_of(self, entry: Entry) -> list[Key]:
        """Return what an entry names as its inputs."""
        return [self.meant[id(entry), index] for index in range(len(entry.inputs or ()))]

    def tensors_of(self, entry: UseEntry, names: Sequence[str]) -> Mapping[str, Key]:
        """Return what a use hands to the further inputs of its module."""
        return {name: self.meant[id(entry), name] for name in names}
