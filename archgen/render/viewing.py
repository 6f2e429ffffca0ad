"""From an analysed graph, or the sketch of a faulty one, to the view that drawings read.

Imports ``analysis``, ``sketch``, ``parallel`` and ``view``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from archgen.analysis import Analysis, Measure
from archgen.ir import Caption, Graph
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
        self.readers: dict[str, list[str]] = {}
        for node in self.graph:
            for name in node.inputs:
                self.readers.setdefault(name, []).append(node.name)
        fused = _Fused(analysis.measures, self.readers)
        faults = self.graph.faults if isinstance(self.graph, Draft) else {}
        self.boxes = fused.boxes(faults)
        self.made_by = fused.owner
        self.scopes = {name: chain[0].node.scope for name, chain in fused.chains.items()}
        self.chains: dict[str, tuple[str, ...]] = {"": ()}

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
        return self.scopes[box.name]

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
            return boxes[0]._replace(inputs=inputs)
        return self.group(name, boxes)._replace(inputs=inputs)

    def group(self, scope: str, boxes: Sequence[Box]) -> Group:
        inside = {node for box in boxes for node in box.nodes}
        ends = self.ends(boxes, inside)
        body = self.level(scope, boxes, ends)
        module = self.graph.modules.get(scope, scope)
        outside = tuple(dict.fromkeys([n for b in boxes for n in b.inputs if n not in inside]))
        entering = outside[0] if outside else INPUT
        params, macs = sum([box.params for box in boxes]), sum([box.macs for box in boxes])
        title = clipped(self.titles.get(module) or "") or self.named(module)
        return Group(
            scope, module, title, body, self.graph.shapes[entering], self.graph.shapes[ends[-1]],
            params, macs, outside, (scope,), (params, macs),
            signature=(module, _signature(body)),
            fault=next((box.fault for box in boxes if box.fault), ""),
            is_known=all([box.shape for box in boxes]),
        )  # fmt: skip

    def named(self, module: str) -> str:
        """Return what a module or head without a title is called."""
        if module in self.graph.outputs:
            return f"Auxiliary head {module}"
        return module.replace("_", " ")

    def ends(self, boxes: Sequence[Box], inside: set[str]) -> list[str]:
        """Return the nodes whose values leave a group, in order."""
        outputs = set(self.graph.outputs.values())
        return [
            name
            for box in boxes
            for name in box.nodes
            if name in outputs or not inside.issuperset(self.readers.get(name, ()))
        ]


# ── boxes ─────────────────────────────────────────────────────────────────────────────────────────


class _Fused:
    """The nodes in chains: an op, with the norm and the activation that its entry asks for."""

    def __init__(
        self, measures: Sequence[Measure], readers: Mapping[str, Sequence[str]]
    ) -> None:
        self.chains: dict[str, list[Measure]] = {}
        self.owner: dict[str, str] = {}
        for measure in measures:
            node = measure.node
            name, read = node.name, node.inputs[0]
            base, _, suffix = name.rpartition(".")
            if suffix in FOLLOWERS and base == self.owner.get(read) and len(readers[read]) == 1:
                self.chains[base].append(measure)
                self.owner[name] = base
            else:
                self.chains[name] = [measure]
                self.owner[name] = name

    def boxes(self, faults: Mapping[str, str]) -> dict[str, Box]:
        """Return the boxes by name; their marks tell how they differ from most."""
        behind = {name: _behind(chain) for name, chain in self.chains.items()}
        known = Counter(said for name, said in behind.items() if _has_followers(self.chains[name]))
        usual = known.most_common(1)[0][0] if known else _Behind("", "")
        captions: dict[tuple[int, _Behind], Caption] = {}
        found = {}
        for name, chain in self.chains.items():
            key = (id(chain[0].node.op), behind[name])
            if key not in captions:
                captions[key] = _caption(chain, behind[name], usual)
            found[name] = _box(chain, captions[key], faults)
        return found


class _Behind(NamedTuple):
    """The norm and the activation behind an op; a picture shows those that are not the usual."""

    norm: str
    activation: str


def _has_followers(chain: Sequence[Measure]) -> bool:
    return "norm" in chain[0].node.op.followers


def _behind(chain: Sequence[Measure]) -> _Behind:
    norm = activation = ""
    for measure in chain[1:]:
        if measure.node.name.endswith(".norm"):
            norm = norm or measure.node.op.kind
        else:
            activation = activation or measure.node.op.label()
    return _Behind(norm, activation)


def _caption(chain: Sequence[Measure], behind: _Behind, usual: _Behind) -> Caption:
    words, said, family = chain[0].node.op.caption()
    if _has_followers(chain):
        activation = behind.activation or "linear"
        norm = behind.norm.replace("_", " ") or "no norm"
        differing = [activation] if behind.activation != usual.activation else []
        differing += [norm] if behind.norm != usual.norm else []
        said = " ".join(filter(None, [said, *differing]))
    return Caption(clipped(words), said, family)


def _box(chain: Sequence[Measure], caption: Caption, faults: Mapping[str, str]) -> Box:
    first, last = chain[0].node, chain[-1]
    names = tuple([measure.node.name for measure in chain])
    return Box(
        first.name, caption, last.node.shape,
        sum([measure.params for measure in chain]), sum([measure.macs for measure in chain]),
        names, first.inputs, (first.name,), first.origin, last.receptive_field,
        next((faults[name] for name in names if name in faults), "") if faults else "",
    )  # fmt: skip


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
            result[-1] = before._replace(copies=(*before.copies, *element.copies))
            continue
        result.append(element)
    return tuple(result)


def _joined(one: Group, other: Group) -> Group:
    alike = one.alike and (one.params, one.macs) == (other.params, other.macs)
    totals = (one.totals[0] + other.totals[0], one.totals[1] + other.totals[1])
    copies = (*one.copies, *other.copies)
    return one._replace(shape=other.shape, copies=copies, totals=totals, alike=alike)


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
