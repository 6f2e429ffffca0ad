"""From an analysed graph, or the sketch of a faulty one, to the view that drawings read.

Imports ``analysis``, ``sketch``, ``chains``, ``parallel`` and ``view``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from archgen.analysis import Analysis
from archgen.ir import Graph, Shape
from archgen.naming import INPUT
from archgen.render import parallel
from archgen.render.chains import Chain, Fused, clipped
from archgen.render.view import Box, Element, Fork, Group, Item, Series, Tangle, View, items
from archgen.sketch import Draft, Sketch


def view(
    analysis: Analysis | Sketch,
    title: str = "",
    titles: Mapping[str, str] | None = None,
    faults: Sequence[str] = (),
    *,
    unfold: bool = False,
) -> View:
    """Return the view model of an analysed graph; ``titles`` are those of modules and heads.

    A sketch is the network of a spec with ``faults``, a line each. Neighbours that are copies are
    one item with all their names, unless it is to ``unfold`` them.
    """
    found = _Viewer(analysis, titles or {}, unfold=unfold).view(title or analysis.graph.name)
    return replace(found, faults=tuple(faults))


class _Level(NamedTuple):
    """What stands in one scope: the chains of each item, and the items that each reads."""

    items: dict[str, list[Chain]]
    inputs: dict[str, tuple[str, ...]]


class _Look(NamedTuple):
    """What a group is made from: a row for each chain, and the nodes whose values leave it."""

    rows: Sequence[tuple[object, ...]]
    ends: list[str]


class _Viewer:
    """Makes the view of one network."""

    def __init__(
        self, analysis: Analysis | Sketch, titles: Mapping[str, str], *, unfold: bool
    ) -> None:
        self.graph: Graph | Draft = analysis.graph
        self.analysis = analysis
        self.titles = titles
        self.unfold = unfold
        faults = self.graph.faults if isinstance(self.graph, Draft) else {}
        fused = Fused(analysis.measures, faults)
        self.chains, self.made_by, self.readers = fused.chains, fused.owner, fused.readers
        self.ends = set(self.graph.outputs.values())
        self.paths: dict[str, tuple[str, ...]] = {"": ()}
        self.looks: dict[str, _Look] = {}

    def view(self, title: str) -> View:
        graph = self.graph
        main, *heads = graph.outputs
        # A head's scope is its name; one without layers of its own is nothing to draw.
        first = {name: chain.scope.partition(".")[0] for name, chain in self.chains.items()}
        drawn = set(heads).intersection(first.values())
        inside = [chain for name, chain in self.chains.items() if first[name] not in drawn]
        body = self.level("", inside, [graph.outputs[main]])
        beside = self.beside(inside, graph.outputs[main]) if drawn else {}
        found = [self.head(name, beside) for name in heads if name in drawn]
        return View(
            graph.name, clipped(title), graph.inputs[INPUT], body, tuple(found),
            {name: graph.shapes[node] for name, node in graph.outputs.items()},
            self.analysis.params, self.analysis.macs,
        )  # fmt: skip

    def beside(self, inside: Sequence[Chain], end: str) -> dict[str, list[Chain]]:
        """Return the items that only heads read, by their names: they are drawn with a head."""
        items = self.items("", inside)
        reads = {each.name: [self.made_by.get(name, "") for name in each.inputs] for each in inside}
        ends = [self.made_by.get(end, ""), *(one.name for one in inside if self.is_dead([one]))]
        main = _leading_to(ends, reads)
        return {n: found for n, found in items.items() if main.isdisjoint(c.name for c in found)}

    def head(self, scope: str, beside: dict[str, list[Chain]]) -> tuple[str, Group]:
        """Return a head and the item that it leaves from; the first takes what only heads read."""
        own = [c for c in self.chains.values() if f"{c.scope}.".startswith(f"{scope}.")]
        reached = [self.made_by.get(name, "") for chain in own for name in chain.inputs]
        while reached:
            chain = self.chains.get(reached.pop())
            found = beside.pop(next(iter(self.items("", [chain]))), []) if chain else []
            own += found
            reached += [self.made_by.get(name, "") for each in found for name in each.inputs]
        order = {name: number for number, name in enumerate(self.chains)}
        group = self.group(scope, sorted(own, key=lambda chain: order[chain.name]))
        made_by = self.made_by.get(group.inputs[0])
        if made_by is None:
            return INPUT, group
        return next(iter(self.items("", [self.chains[made_by]]))), group

    # ── levels ────────────────────────────────────────────────────────────────────────────────

    def level(self, scope: str, chains: Sequence[Chain], ends: Iterable[str]) -> Series:
        """Return the chains of one scope and of those inside it as a series."""
        items = self.items(scope, chains)
        owner = {chain.name: name for name, members in items.items() for chain in members}
        level = _Level(items, {name: self.read(name, items[name], owner) for name in items})
        outputs = list(dict.fromkeys([owner.get(self.made_by.get(end, ""), "") for end in ends]))
        # What nothing uses leads nowhere, but is drawn: only faulty networks have such.
        outputs += [name for name in items if name not in outputs and self.is_dead(items[name])]
        kept = _leading_to(outputs, level.inputs)
        inputs = {
            name: [read if read in items else parallel.SOURCE for read in level.inputs[name]]
            for name in items
            if name in kept
        }
        shape = parallel.decomposed(inputs, [name for name in outputs if name in kept])
        return _told_apart(self.filled(shape, level))

    def items(self, scope: str, chains: Sequence[Chain]) -> dict[str, list[Chain]]:
        """Return the chains by item: alone, or under the scope below this one."""
        items: dict[str, list[Chain]] = {}
        for chain in chains:
            around = self.around(chain.scope)
            inner = around[around.index(scope) + 1 :] if scope in around else around
            items.setdefault(inner[0] if inner else chain.name, []).append(chain)
        return items

    def around(self, scope: str) -> tuple[str, ...]:
        """Return the modules and heads around what stands in a scope, the outermost first.

        A scope may have the branches of forks in its path, which are none.
        """
        if scope not in self.paths:
            parts = scope.split(".")
            prefixes = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
            known = self.graph.modules
            path = [path for path in prefixes if path in known or path in self.graph.outputs]
            self.paths[scope] = tuple(path)
        return self.paths[scope]

    def read(self, name: str, chains: Sequence[Chain], owner: Mapping[str, str]) -> tuple[str, ...]:
        """Return the items that an item of a level reads, and the chains outside the level."""
        made_by = self.made_by
        found = [made_by.get(node, parallel.SOURCE) for chain in chains for node in chain.inputs]
        return tuple(dict.fromkeys([item for n in found if (item := owner.get(n, n)) != name]))

    def filled(self, shape: parallel.Series, level: _Level) -> Series:
        """Return a series of names as one of items, neighbours that are copies as one."""
        if self.unfold:
            return tuple([self.element(part, level) for part in shape])
        result: list[Element] = []
        for part in shape:
            before = result[-1] if result else None
            if isinstance(part, str) and isinstance(before, Group):
                again = self.again(before, part, level)
                if again is not None:
                    result[-1] = again
                    continue
            element = self.element(part, level)
            folded = _folded(before, element)
            result[-1:] = [folded] if folded else [*result[-1:], element]
        return tuple(result)

    def element(self, part: parallel.Element, level: _Level) -> Element:
        if isinstance(part, parallel.Fork):
            return Fork(tuple([self.filled(branch, level) for branch in part.branches]))
        if isinstance(part, parallel.Tangle):
            return Tangle(tuple([self.item(name, level) for name in part.items]), part.leaving)
        return self.item(part, level)

    def item(self, name: str, level: _Level) -> Item:
        chains, inputs, is_dead = (
            level.items[name],
            level.inputs[name],
            self.is_dead(level.items[name]),
        )
        if len(chains) == 1 and chains[0].name == name:
            return chains[0].box(inputs)._replace(is_dead=is_dead)
        return self.group(name, chains)._replace(inputs=inputs, is_dead=is_dead)

    # ── groups ────────────────────────────────────────────────────────────────────────────────

    def group(self, scope: str, chains: Sequence[Chain]) -> Group:
        ends = self.leaving(chains) or chains[-1].nodes[-1:]
        body = self.level(scope, chains, ends)
        module = self.graph.modules.get(scope, scope)
        outside, costs = self.outside(chains), _costs(chains)
        shapes = self.graph.shapes
        entering = {self.made_by.get(name, parallel.SOURCE): shapes[name] for name in outside}
        title = clipped(self.titles.get(module) or "") or self.named(module)
        return Group(
            scope, module, title, body,
            entering or {parallel.SOURCE: shapes[INPUT]}, shapes[ends[-1]],
            *costs, tuple(outside), (scope,), costs,
            signature=(module, len(entering), _signature(body)),
            fault=next((chain.fault for chain in chains if chain.fault), ""),
            is_known=all(chain.shape for chain in chains),
        )  # fmt: skip

    def named(self, module: str) -> str:
        """Return what a module or head without a title is called."""
        if module in self.graph.outputs:
            return f"Auxiliary head {module}"
        return module.replace("_", " ")

    def leaving(self, chains: Sequence[Chain]) -> list[str]:
        """Return the nodes whose values leave a group, in order."""
        inside = {node for chain in chains for node in chain.nodes}
        return [
            name
            for chain in chains
            for name in chain.nodes
            if name in self.ends or not inside.issuperset(self.readers.get(name, ()))
        ]

    def is_dead(self, chains: Sequence[Chain]) -> bool:
        """Return whether nothing uses the values of an item."""
        return isinstance(self.graph, Draft) and not self.leaving(chains)

    def outside(self, chains: Sequence[Chain]) -> dict[str, int]:
        """Return the nodes outside a group that it reads, numbered in order."""
        own = {chain.name for chain in chains}
        found: dict[str, int] = {}
        for chain in chains:
            for name in chain.inputs:
                if self.made_by.get(name) not in own:
                    found.setdefault(name, len(found))
        return found

    def again(self, before: Group, scope: str, level: _Level) -> Group | None:
        """Return a group with one more copy; None where the next item does not look like it.

        A copy is not laid open again: most modules of a network are copies.
        """
        modules, chains = self.graph.modules, level.items[scope]
        if modules.get(scope, "") != before.module or before.fault or not before.is_known:
            return None
        last = before.copies[-1]
        if last not in self.looks:
            self.looks[last] = self.look(last, level.items[last])
        look = self.looks[scope] = self.look(scope, chains)
        if look != self.looks[last]:
            return None
        shape = self.graph.shapes[scope + look.ends[-1]]
        return _joined(before, scope, shape, _costs(chains))

    def look(self, scope: str, chains: Sequence[Chain]) -> _Look:
        """Return what a group's series is made from, without names and shapes."""
        cut, outside, kinds = len(scope), self.outside(chains), dict[str, list[str | None]]()
        for path in dict.fromkeys([chain.scope for chain in chains]):
            kinds[path] = [self.graph.modules.get(around) for around in self.around(path)]
        rows = [
            (
                chain.caption,
                chain.fault,
                bool(chain.shape),
                chain.name[cut:],
                [outside.get(name, name[cut:]) for name in chain.inputs],
                kinds[chain.scope],
            )
            for chain in chains
        ]
        return _Look(rows, [name[cut:] for name in self.leaving(chains)])


def _told_apart(series: Series) -> Series:
    """Return a series whose groups of one title are told apart by what their uses are called."""
    titles = Counter([item.title for item in items(series) if isinstance(item, Group)])
    shared = {title for title, count in titles.items() if count > 1}
    return _called(series, shared) if shared else series


def _called(series: Series, shared: set[str]) -> Series:
    result: list[Element] = []
    for element in series:
        if isinstance(element, Fork):
            result.append(Fork(tuple([_called(branch, shared) for branch in element.branches])))
        elif isinstance(element, Tangle):
            inside = [_called_item(item, shared) for item in element.items]
            result.append(Tangle(tuple(inside), element.leaving))
        else:
            result.append(_called_item(element, shared))
    return tuple(result)


def _called_item(item: Item, shared: set[str]) -> Item:
    if isinstance(item, Box) or item.title not in shared:
        return item
    ends = dict.fromkeys(_short(name, item.module) for name in (item.copies[0], item.copies[-1]))
    return item._replace(called="–".join(filter(None, ends)))


def _short(name: str, module: str) -> str:
    """Return what a use is called without the name of its module: ``1`` of ``block_1``."""
    last = name.rpartition(".")[2]
    return last.removeprefix(module).removeprefix("_") if last.startswith(module) else last


def _costs(chains: Sequence[Chain]) -> tuple[int, int]:
    """Return the parameters and MACs of chains."""
    return sum([chain.params for chain in chains]), sum([chain.macs for chain in chains])


# ── series ────────────────────────────────────────────────────────────────────────────────────────


def _leading_to(outputs: Iterable[str], inputs: Mapping[str, Sequence[str]]) -> set[str]:
    kept: set[str] = set()
    reached = list(outputs)
    while reached:
        name = reached.pop()
        if name not in kept and name in inputs:
            kept.add(name)
            reached += inputs[name]
    return kept


def _folded(before: Element | None, element: Element) -> Item | None:
    """Return an element and the one behind it as one where they are copies of each other."""
    if isinstance(before, Group) and isinstance(element, Group):
        if before.signature == element.signature:
            return _joined(before, element.name, element.shape, element.totals)
    elif isinstance(before, Box) and isinstance(element, Box) and _is_copy(before, element):
        return before._replace(copies=(*before.copies, *element.copies))
    return None


def _joined(group: Group, name: str, shape: Shape, costs: tuple[int, int]) -> Group:
    """Return a group with one more copy, which costs that much."""
    alike = group.alike and (group.params, group.macs) == costs
    totals = (group.totals[0] + costs[0], group.totals[1] + costs[1])
    return group._replace(shape=shape, copies=(*group.copies, name), totals=totals, alike=alike)


def _is_copy(one: Box, other: Box) -> bool:
    if (one.caption, one.params) != (other.caption, other.params) or one.family != other.family:
        return False
    return one.origin == other.origin and not (one.is_join or one.fault or other.fault)


def _signature(series: Series) -> tuple[object, ...]:
    """Return what a series is made of, without names and shapes."""
    return tuple(_sign(element) for element in series)


def _sign(element: Element) -> object:
    if isinstance(element, Box):
        return (element.caption, element.family, element.fault, len(element.copies))
    if isinstance(element, Group):
        return (element.signature, len(element.copies))
    if isinstance(element, Fork):
        return tuple(_signature(branch) for branch in element.branches)
    return tuple((_sign(item), len(item.inputs)) for item in element.items)
