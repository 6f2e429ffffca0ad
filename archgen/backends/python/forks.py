"""Forks as statements: branches, each in a variable of its own, and the layer that joins them.

Imports ``layers``, ``body`` and what they import.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from archgen.backends.python.arithmetic import BOOL, Term, term_of
from archgen.backends.python.body import Body
from archgen.backends.python.fields import Value
from archgen.backends.python.layers import Place, layer, write_activation, write_join
from archgen.backends.python.layout import Applied, Argument, Atom, Call, Items, Statement
from archgen.composition import NO_ACTIVATION
from archgen.ops import OPS
from archgen.spec import Branch, Fork

if TYPE_CHECKING:
    from archgen.backends.python.lists import Lists


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


def write_fork(lists: "Lists", fork: Fork, flow: Flow, join: Place, path: str) -> None:
    """Write a fork: ``join`` says where its value goes, ``path`` is in front of its entries."""
    entering, before = flow.now, flow.entry
    built = []
    for name in fork.order or fork.branches:
        branch = fork.branches[name]
        known = lists.survey.known(branch.when, lists.body.owner)
        if known == (False,):
            continue
        inside = Flow(_variable(lists, name, flow.var), entering, before)
        condition = None if known else term_of(branch.when, lists.body)
        condition = _write_branch(lists, branch, inside, f"{path}{name}", condition)
        is_read = ("branch", id(branch)) in lists.marked
        if is_read:
            lists.settle(inside)
            lists.where["branch", id(branch)] = inside.now
        built.append(_Built(condition, inside, is_read))
    _write_join(lists, fork, flow, join, built)
    if fork.activation not in NO_ACTIVATION:
        _write_activation(lists.body, fork, flow, join)
    if ("join", id(fork)) in lists.marked:
        kept = lists.body.variable(f"{fork.join}_output")
        lists.body.assign(kept, Atom(flow.now))
        lists.where["join", id(fork)] = flow.now = kept


def _variable(lists: "Lists", name: str, around: str) -> str:
    """Return a variable for a branch: its name, behind that of the branch around it."""
    wanted = f"{around}_{name}" if around in lists.branches else name
    wanted = wanted if wanted.isidentifier() else f"branch_{name}"
    found = lists.body.variable(wanted, "_branch")
    lists.branches.add(found)
    return found


def _write_branch(
    lists: "Lists", branch: Branch, inside: Flow, path: str, condition: Term | None
) -> Term | None:
    """Write what is in a branch; return its condition as the join can ask it again."""
    if condition is None or not branch.layers:
        lists.write(branch.layers, inside, f"{path}.")
        return condition
    if condition.operands or condition.symbol:
        has = lists.body.variable(f"has_{inside.var}")
        lists.body.compute(has, condition)
        condition = Term(has, frozenset({BOOL}))
    with lists.body.block("if ", condition):
        lists.write(branch.layers, inside, f"{path}.")
        lists.settle(inside)
    return condition


def _write_join(
    lists: "Lists", fork: Fork, flow: Flow, join: Place, built: Sequence[_Built]
) -> None:
    on = tuple(part for each in built for part in each.flow.on)
    called = join.path.rpartition(".")[2]
    if len(built) == 1:
        (only,) = built
        flow.take(only.flow)
    elif id(fork) in lists.document.melting.open_forks:
        flow.parts, flow.join, flow.entry = on, join.path, called
    elif all(each.condition is None for each in built):
        write_join(lists.body, fork.join, join._replace(on=on))
        flow.now, flow.entry = flow.var, called
    elif len(built) == 2 and sum(each.condition is None for each in built) == 1:  # noqa: PLR2004
        _write_either(lists, fork, flow, join._replace(on=on), built)
    else:
        _write_some(lists, fork, flow, join, built)


def _write_either(
    lists: "Lists", fork: Fork, flow: Flow, join: Place, built: Sequence[_Built]
) -> None:
    """Write the join of a branch with another that is there or not."""
    (sure,) = (each for each in built if each.condition is None)
    (condition,) = (each.condition for each in built if each.condition is not None)
    result = sure.flow.now
    if result != sure.flow.var or sure.is_read:
        result = lists.body.names.take(fork.join, "_output")
        lists.body.assign(result, Atom(sure.flow.now))
    with lists.body.block("if ", condition):
        write_join(lists.body, fork.join, join._replace(target=result))
    called = join.path.rpartition(".")[2]
    flow.now, flow.entry = result, called if sure.flow.entry == called else None


def _write_some(
    lists: "Lists", fork: Fork, flow: Flow, join: Place, built: Sequence[_Built]
) -> None:
    """Write the join of those branches that are there."""
    body = lists.body
    branches = body.names.take("branches")
    sure = sum(each.condition is None for each in built)
    begun = 0
    while built[begun].condition is None:
        begun += 1
    body.assign(branches, _list([part for each in built[:begun] for part in each.flow.on]))
    for each in built[begun:]:
        if each.condition is None:
            _extend(body, branches, each.flow)
        else:
            with body.block("if ", each.condition):
                _extend(body, branches, each.flow)
    made = Applied(layer(OPS[fork.join].keras, (), join.path), Atom(branches))
    flow.now, flow.entry = flow.var, join.path.rpartition(".")[2] if sure > 1 else None
    if sure > 1:
        body.assign(flow.var, made)
        return
    body.assign(flow.var, Atom(f"{branches}[0]"))
    with body.block("if ", Term(f"len({branches}) > 1", frozenset({BOOL}))):
        body.assign(flow.var, made)


def _extend(body: Body, branches: str, flow: Flow) -> None:
    if flow.parts:
        body.lines.append(Statement(f"{branches} += ", _list(flow.parts)))
    else:
        body.lines.append(
            Statement("", Call(f"{branches}.append", (Argument("", Atom(flow.now)),)))
        )


def _list(parts: Sequence[str]) -> Items:
    return Items("[]", tuple(Argument("", Atom(part)) for part in parts))


def _write_activation(body: Body, fork: Fork, flow: Flow, join: Place) -> None:
    """Write the activation behind a join, or behind the only branch there is."""
    value = Value(fork.activation)
    is_sure = not str(fork.activation).startswith("$")
    if flow.now != flow.var and not is_sure:
        body.assign(flow.var, Atom(flow.now))
        flow.now = flow.var
    behind = Place(flow.var, (flow.now,), f"{join.path}.activation")
    write_activation(body, value, behind, is_sure=is_sure)
    called = join.path.rpartition(".")[2]
    flow.entry = called if is_sure or flow.entry == called else None
    flow.now = flow.var
