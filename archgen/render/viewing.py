"""From an analysed graph, or the sketch of a faulty one, to the view that drawings read.

Imports ``analysis``, ``sketch``, ``parallel`` and ``view``.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from archgen.analysis import Analysis, Measure
from archgen.ir import Graph, Node
from archgen.naming import INPUT
from archgen.render import parallel
from archgen.render.view import Box, Element, Fork, Group, Item, Series, Tangle, View
from archgen.sketch import Draft, Sketch

FOLLOWERS = ("norm", "activation")
LONGEST = 80  # signs of a title


def view(
    analysis: Analysis | Sketch,
    title: str = "",
    titles: Mapping[str, str] | None = None,
    faults: Sequence[str] = (),
) -> View:
    """Return the view model of an analysed graph; ``titles`` are those of modules and heads.

    A sketch is the network of a spec with ``faults``, a line each.
    """
    found = _Viewer(analysis, titles or {}).view(title or analysis.graph.name)
    return replace(found, faults=tuple(faults))


def clipped(text: str) -> str:
    """Return text on one line that is no longer than a picture's title can be."""
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


class _Viewer:
    """Makes the view of one network."""

    def __init__(self, analysis: Analysis | Sketch, titles: Mapping[str, str]) -> None:
        self.graph: Graph | Draft = analysis.graph
        self.analysis = analysis
        self.titles = titles
        self.boxes = _fused(analysis, self.graph.faults if isinstance(self.graph, Draft) else {})
        self.made_by = {node: box.name for box in self.boxes.values() for node in box.nodes}
        self.order = [node.name for node in self.graph]
        self.readers: dict[str, set[str]] = defaultdict(set)
        for node in self.graph:
            for name in node.inputs:
                self.readers[name].add(node.name)
        self.chains: dict[str, tuple[str, ...]] = {"": ()}
        self.usual = _usual(self.boxes.values(), self.graph)

    def view(self, title: str) -> View:
        graph = self.graph
        main, *heads = graph.outputs
        # A head's scope is its name; one without layers of its own is nothing to draw.
        scopes = {self.scope(box).partition(".")[0] for box in self.boxes.values()}
        drawn = [name for name in heads if name in scopes]
        inside = [b for b in self.boxes.values() if self.scope(b).partition(".")[0] not in drawn]
        body = self.level("", inside, [graph.outputs[main]])
        beside = self.beside(inside, graph.outputs[main])
        found = [self.head(name, beside) for name in drawn]
        return View(
            graph.name, clipped(title), graph.inputs[INPUT], body, tuple(found),
            {name: graph.shapes[node] for name, node in graph.outputs.items()},
            self.analysis.params, self.analysis.macs,
        )  # fmt: skip

    def scope(self, box: Box) -> str:
        return self.graph.by_name[box.nodes[0]].scope

    def beside(self, inside: Sequence[Box], end: str) -> dict[str, list[Box]]:
        """Return the items that only heads read, by their names: they are drawn with a head."""
        items = self.items("", inside)
        reads = {box.name: [self.made_by.get(name, "") for name in box.inputs] for box in inside}
        main = _leading_to([self.made_by.get(end, "")], reads)
        return {n: boxes for n, boxes in items.items() if main.isdisjoint(b.name for b in boxes)}

    def head(self, scope: str, beside: dict[str, list[Box]]) -> tuple[str, Group]:
        """Return a head and the item that it leaves from; the first takes what only heads read."""
        boxes = [b for b in self.boxes.values() if f"{self.scope(b)}.".startswith(f"{scope}.")]
        reached = [self.made_by.get(name, "") for box in boxes for name in box.inputs]
        while reached:
            box = self.boxes.get(reached.pop())
            found = beside.pop(next(iter(self.items("", [box]))), []) if box else []
            boxes += found
            reached += [self.made_by.get(name, "") for each in found for name in each.inputs]
        order = {name: number for number, name in enumerate(self.boxes)}
        group = self.group(scope, sorted(boxes, key=lambda box: order[box.name]))
        made_by = self.made_by.get(group.inputs[0])
        if made_by is None:
            return INPUT, group
        return next(iter(self.items("", [self.boxes[made_by]]))), group

    # ── levels ────────────────────────────────────────────────────────────────────────────────

    def level(self, scope: str, boxes: Sequence[Box], ends: Iterable[str]) -> Series:
        """Return the boxes of one scope and of those inside it as a series."""
        items = self.items(scope, boxes)
        owner = {node: name for name, members in items.items() for b in members for node in b.nodes}
        inputs = {
            name: tuple(dict.fromkeys(self.read(name, members, owner)))
            for name, members in items.items()
        }
        outputs = list(dict.fromkeys(owner[end] for end in ends if end in owner))
        kept = _leading_to(outputs, inputs)
        made = {name: self.item(name, items[name], inputs[name]) for name in items if name in kept}
        shape = parallel.decomposed({name: inputs[name] for name in made}, outputs)
        return _folded(_filled(shape, made))

    def items(self, scope: str, boxes: Sequence[Box]) -> dict[str, list[Box]]:
        """Return the boxes by item: alone, or under the scope below this one."""
        items: dict[str, list[Box]] = {}
        for box in boxes:
            around = self.around(self.scope(box))
            inner = around[around.index(scope) + 1 :] if scope in around else around
            items.setdefault(inner[0] if inner else box.name, []).append(box)
        return items

    def around(self, scope: str) -> tuple[str, ...]:
        """Return the modules and heads around what stands in a scope, the outermost first.

        A scope may have the branches of forks in its path, which are none.
        """
        if scope not in self.chains:
            parts = scope.split(".")
            prefixes = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
            known = self.graph.modules
            chain = [path for path in prefixes if path in known or path in self.graph.outputs]
            self.chains[scope] = tuple(chain)
        return self.chains[scope]

    def read(self, name: str, boxes: Sequence[Box], owner: Mapping[str, str]) -> Iterable[str]:
        for box in boxes:
            for node in box.inputs:
                item = owner.get(node, parallel.SOURCE)
                if item != name:
                    yield item

    def item(self, name: str, boxes: Sequence[Box], inputs: tuple[str, ...]) -> Item:
        if len(boxes) == 1 and boxes[0].name == name:
            box = self.usual.marked(boxes[0])
            return replace(box, inputs=inputs, copies=(name,))
        return replace(self.group(name, boxes), inputs=inputs)

    def group(self, scope: str, boxes: Sequence[Box]) -> Group:
        inside = {node for box in boxes for node in box.nodes}
        ends = self.ends(inside)
        body = self.level(scope, boxes, ends)
        module = self.graph.modules.get(scope, scope)
        entering = next((n for b in boxes for n in b.inputs if n not in inside), INPUT)
        params, macs = sum(box.params for box in boxes), sum(box.macs for box in boxes)
        title = clipped(self.titles.get(module) or "") or self.named(module)
        outside = tuple(dict.fromkeys(n for b in boxes for n in b.inputs if n not in inside))
        return Group(
            scope, module, title, body, self.graph.shapes[entering], self.graph.shapes[ends[-1]],
            params, macs, outside, (scope,), (params, macs),
            signature=(module, _signature(body)),
        )  # fmt: skip

    def named(self, module: str) -> str:
        """Return what a module or head without a title is called."""
        if module in self.graph.outputs:
            return f"Auxiliary head {module}"
        return module.replace("_", " ")

    def ends(self, inside: set[str]) -> list[str]:
        """Return the nodes whose values leave a group, in order."""
        outputs = set(self.graph.outputs.values())
        return [
            name
            for name in self.order
            if name in inside and (name in outputs or not self.readers[name] <= inside)
        ]


# ── boxes ─────────────────────────────────────────────────────────────────────────────────────────


def _fused(analysis: Analysis | Sketch, faults: Mapping[str, str]) -> dict[str, Box]:
    """Return the boxes: an op, with the norm and the activation that its entry asks for."""
    readers = Counter(name for node in analysis.graph for name in node.inputs)
    chains: dict[str, list[Measure]] = {}
    owner: dict[str, str] = {}
    for measure in analysis.measures:
        node = measure.node
        base, _, suffix = node.name.rpartition(".")
        read = node.inputs[0]
        first = owner.get(read, "")
        if first and suffix in FOLLOWERS and base == first and readers[read] == 1:
            chains[first].append(measure)
        else:
            first = node.name
            chains[first] = [measure]
        owner[node.name] = first
    return {name: _box(chain, faults) for name, chain in chains.items()}


def _box(chain: Sequence[Measure], faults: Mapping[str, str]) -> Box:
    first, last = chain[0].node, chain[-1].node
    origin, caption = first.origin, first.op.caption()
    return Box(
        first.name, caption._replace(words=clipped(caption.words)), last.shape,
        sum(measure.params for measure in chain), sum(measure.macs for measure in chain),
        tuple(measure.node.name for measure in chain), first.inputs,
        origin.pointer if origin else "", f"{origin.file}:{origin.line}" if origin else "",
        chain[-1].receptive_field,
        fault=next((faults[m.node.name] for m in chain if m.node.name in faults), ""),
    )  # fmt: skip


@dataclass(frozen=True)
class _Usual:
    """What most convolutions of a network have behind them; a picture shows only the others."""

    graph: Graph | Draft
    norm: str
    activation: str

    def marked(self, box: Box) -> Box:
        """Return a box whose marks tell how it differs."""
        nodes = [self.graph.by_name[name] for name in box.nodes]
        if "norm" not in nodes[0].op.followers:
            return box
        norm, activation = _behind(nodes)
        said = [box.caption.marks]
        if activation != self.activation:
            said.append(activation or "linear")
        if norm != self.norm:
            said.append(norm.replace("_", " ") or "no norm")
        marks = " ".join(filter(None, said))
        return replace(box, caption=box.caption._replace(marks=marks))


def _usual(boxes: Iterable[Box], graph: Graph | Draft) -> _Usual:
    found: Counter[tuple[str, str]] = Counter()
    for box in boxes:
        nodes = [graph.by_name[name] for name in box.nodes]
        if "norm" in nodes[0].op.followers:
            found[_behind(nodes)] += 1
    norm, activation = found.most_common(1)[0][0] if found else ("", "")
    return _Usual(graph, norm, activation)


def _behind(nodes: Sequence[Node]) -> tuple[str, str]:
    norm = next((node.op.kind for node in nodes[1:] if node.name.endswith(".norm")), "")
    activation = next((n.op.label() for n in nodes[1:] if n.name.endswith(".activation")), "")
    return norm, activation


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


def _filled(shape: parallel.Series, items: Mapping[str, Item]) -> Series:
    """Return a series of names as one of items."""
    return tuple(_element(part, items) for part in shape)


def _element(part: parallel.Element, items: Mapping[str, Item]) -> Element:
    if isinstance(part, parallel.Fork):
        return Fork(tuple(_folded(_filled(branch, items)) for branch in part.branches))
    if isinstance(part, parallel.Tangle):
        return Tangle(tuple(items[name] for name in part.items), part.leaving)
    return items[part]


def _folded(series: Series) -> Series:
    """Return a series with neighbours that are copies of each other as one."""
    result: list[Element] = []
    for element in series:
        before = result[-1] if result else None
        if isinstance(before, Group) and isinstance(element, Group):
            if before.signature == element.signature:
                result[-1] = _joined(before, element)
                continue
        elif isinstance(before, Box) and isinstance(element, Box) and _is_copy(before, element):
            result[-1] = replace(before, copies=(*before.copies, *element.copies))
            continue
        result.append(element)
    return tuple(result)


def _joined(one: Group, other: Group) -> Group:
    alike = one.alike and (one.params, one.macs) == (other.params, other.macs)
    totals = (one.totals[0] + other.totals[0], one.totals[1] + other.totals[1])
    copies = (*one.copies, *other.copies)
    return replace(one, shape=other.shape, copies=copies, totals=totals, alike=alike)


def _is_copy(one: Box, other: Box) -> bool:
    same_entry = (one.origin, one.family) == (other.origin, other.family)
    is_plain = not (one.is_join or one.fault or other.fault)
    return same_entry and is_plain and (one.caption, one.params) == (other.caption, other.params)


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
