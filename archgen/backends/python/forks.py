"""Forks as statements: branches, each in a variable of its own, and the layer that joins them.

Imports ``layers``, ``body`` and what they import.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from archgen.backends.python.arithmetic import BOOL, Term, term_of
from archgen.backends.python.body import Body
from archgen.backends.python.fields import Value
from archgen.backends.python.layers import Place, layer, write_activation, write_join
from archgen.backends.python.layout import Applied, Argument, Atom, Call, Items, Statement
from archgen.composition import NO_ACTIVATION
from archgen.expressions import is_expression
from archgen.ops import OPS
from archgen.spec import Branch, Entry, Fork


@dataclass
class Flow:
    """The value that goes from entry to entry.

    ``var`` is the variable that statements assign, ``now`` where the value is; ``parts`` are the
    branches of a concat that is made behind them, ``join`` what it would be called. ``entry`` is
    what the entry that made the value is called, None where that depends on the arguments.
    """

    var: str
    now: str
    entry: str | None = None
    parts: tuple[str, ...] = ()
    join: str = ""

    @property
    def on(self) -> tuple[str, ...]:
        """Return the value, or its parts."""
        return self.parts or (self.now,)

    def take(self, other: "Flow") -> None:
        """Go on with the value of another flow."""
        self.now, self.entry, self.parts, self.join = (
            other.now,
            other.entry,
            other.parts,
            other.join,
        )


class _Built(NamedTuple):
    """A branch that is written: its condition, its value, whether references mean it."""

    condition: Term | None
    flow: Flow
    is_read: bool


class Forks:
    """Writes the forks of one function.

    ``where`` are the variables of what references mean, ``branches`` those of branches.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self.document = body.document
        self.survey = body.document.survey
        self.marked = body.document.wires.marked
        self.where: dict[tuple[str, int | str], str] = {}
        self.branches: set[str] = set()

    def write(self, entries: Sequence[Entry], flow: Flow, path: str) -> None:
        """Write entries one behind the other; ``path`` is in front of their names."""
        raise NotImplementedError

    def settle(self, flow: Flow) -> None:
        """Bring the value into the variable of the flow."""
        if flow.now != flow.var:
            self.body.assign(flow.var, Atom(flow.now))
            flow.now = flow.var

    def fork(self, fork: Fork, flow: Flow, join: Place, path: str) -> None:
        """Write a fork: ``join`` says where its value goes, ``path`` is in front of its entries."""
        entering, before = flow.now, flow.entry
        built = []
        for name in fork.order or fork.branches:
            branch = fork.branches[name]
            known = self.survey.known(branch.when, self.body.owner)
            if known == (False,):
                continue
            inside = Flow(self._variable(name, flow.var), entering, before)
            condition = None if known else term_of(branch.when, self.body)
            condition = self._branch(branch, inside, f"{path}{name}", condition)
            built.append(_Built(condition, inside, self._keep(branch, inside)))
        self._join(fork, flow, join, built)
        if fork.activation not in NO_ACTIVATION:
            self._activation(fork, flow, join)
        if ("join", id(fork)) in self.marked:
            kept = self.body.variable(f"{fork.join}_output")
            self.body.assign(kept, Atom(flow.now))
            self.where["join", id(fork)] = flow.now = kept

    # ── branches ──────────────────────────────────────────────────────────────────────────────

    def _variable(self, name: str, around: str) -> str:
        """Return a variable for a branch: its name, behind that of the branch around it."""
        wanted = f"{around}_{name}" if around in self.branches else name
        wanted = wanted if wanted.isidentifier() else f"branch_{name}"
        found = self.body.variable(wanted, "_branch")
        self.branches.add(found)
        return found

    def _branch(
        self, branch: Branch, inside: Flow, path: str, condition: Term | None
    ) -> Term | None:
        """Write what is in a branch; return its condition as the join can ask it again."""
        if condition is None or not branch.layers:
            self.write(branch.layers, inside, f"{path}.")
            return condition
        if condition.operands or condition.symbol:
            has = self.body.variable(f"has_{inside.var}")
            self.body.compute(has, condition)
            condition = Term(has, frozenset({BOOL}))
        with self.body.block("if ", condition):
            self.write(branch.layers, inside, f"{path}.")
            self.settle(inside)
        return condition

    def _keep(self, branch: Branch, inside: Flow) -> bool:
        """Say whether references mean a branch's value, which keeps its variable then."""
        is_read = ("branch", id(branch)) in self.marked
        if is_read:
            self.settle(inside)
            self.where["branch", id(branch)] = inside.now
        return is_read

    # ── joins ─────────────────────────────────────────────────────────────────────────────────

    def _join(self, fork: Fork, flow: Flow, join: Place, built: Sequence[_Built]) -> None:
        on = tuple(part for each in built for part in each.flow.on)
        called = join.path.rpartition(".")[2]
        sure = [each for each in built if each.condition is None]
        if len(built) == 1:
            flow.take(built[0].flow)
        elif id(fork) in self.document.melting.open_forks:
            flow.parts, flow.join, flow.entry = on, join.path, called
        elif len(sure) == len(built):
            write_join(self.body, fork.join, join._replace(on=on))
            flow.now, flow.entry = flow.var, called
        elif len(built) == 2 and len(sure) == 1:  # noqa: PLR2004 - one and perhaps another
            self._either(fork, flow, join._replace(on=on), built)
        else:
            self._some(fork, flow, join, built)

    def _either(self, fork: Fork, flow: Flow, join: Place, built: Sequence[_Built]) -> None:
        """Write the join of a branch with another that is there or not."""
        (sure,) = (each for each in built if each.condition is None)
        (condition,) = (each.condition for each in built if each.condition is not None)
        result = sure.flow.now
        if result != sure.flow.var or sure.is_read:
            result = self.body.variable(fork.join, "_output")
            self.body.assign(result, Atom(sure.flow.now))
        with self.body.block("if ", condition):
            write_join(self.body, fork.join, join._replace(target=result))
        called = join.path.rpartition(".")[2]
        flow.now, flow.entry = result, called if sure.flow.entry == called else None

    def _some(self, fork: Fork, flow: Flow, join: Place, built: Sequence[_Built]) -> None:
        """Write the join of those branches that are there."""
        body, branches = self.body, self.body.names.take("branches")
        leading = [*takewhile(lambda each: each.condition is None, built)]
        body.assign(branches, _list([part for each in leading for part in each.flow.on]))
        for each in built[len(leading) :]:
            if each.condition is None:
                _extend(body, branches, each.flow)
            else:
                with body.block("if ", each.condition):
                    _extend(body, branches, each.flow)
        made = Applied(layer(OPS[fork.join].keras, (), join.path), Atom(branches))
        flow.now = flow.var
        if sum(each.condition is None for each in built) > 1:
            flow.entry = join.path.rpartition(".")[2]
            body.assign(flow.var, made)
            return
        flow.entry = None
        body.assign(flow.var, Atom(f"{branches}[0]"))
        with body.block("if ", Term(f"len({branches}) > 1", frozenset({BOOL}))):
            body.assign(flow.var, made)

    def _activation(self, fork: Fork, flow: Flow, join: Place) -> None:
        """Write the activation behind a join, or behind the only branch there is."""
        is_sure = not is_expression(fork.activation)
        if not is_sure:
            self.settle(flow)
        behind = Place(flow.var, (flow.now,), f"{join.path}.activation")
        write_activation(self.body, Value(fork.activation), behind, is_sure=is_sure)
        called = join.path.rpartition(".")[2]
        flow.entry = called if is_sure or flow.entry == called else None
        flow.now = flow.var


def _extend(body: Body, branches: str, flow: Flow) -> None:
    if flow.parts:
        body.lines.append(Statement(f"{branches} += ", _list(flow.parts)))
        return
    one = (Argument("", Atom(flow.now)),)
    body.lines.append(Statement("", Call(f"{branches}.append", one)))


def _list(parts: Sequence[str]) -> Items:
    return Items("[]", tuple(Argument("", Atom(part)) for part in parts))
