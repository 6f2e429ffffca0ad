"""One try of a changed spec: resolved until its first refusal, its costs and dead weights counted.

Imports ``resolve``, ``lints.dead``, ``analysis`` and what they import.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from archgen.analysis import cost
from archgen.diagnostics import Faults, SpecError
from archgen.fitting.changes import Document
from archgen.ir import Graph, Op, Pair, Refusal, Shape
from archgen.lints.dead import dead_weights
from archgen.nodes import Nodes
from archgen.ops.pool import AvgPool, GlobalAvgPool, GlobalMaxPool
from archgen.reading import read_spec
from archgen.resolve import Resolver
from archgen.source import Array, Object, from_python
from archgen.spec import Spec
from archgen.variants import extended

MAP = 3
EVERYWHERE = 1 << 30


class Costs(NamedTuple):
    """What a network costs: parameters, multiply–accumulates of one image."""

    params: int
    macs: int


NOTHING = Costs(0, 0)


@dataclass(frozen=True)
class Outcome:
    """What a try showed: the graph, None where it is not legal, and how good it is.

    ``stops_at`` counts the nodes in front of the first thing that is wrong, ``why`` says it;
    ``last_map`` is the map that the classifier pools or flattens.
    """

    graph: Graph | None
    costs: Costs = NOTHING
    dead: int = 0
    last_map: Pair = (0, 0)
    stops_at: int = EVERYWHERE
    why: str = ""


class Parent:
    """A merged document that changes are tried on."""

    def __init__(self, document: Object) -> None:
        self.document = document

    def spec(self, child: Document, faults: Faults) -> Spec | None:
        """Return the spec of a document that extends this one; Raises SpecError."""
        own = from_python(child)
        return read_spec(extended(_copied(self.document), own, faults), faults)

    def tried(self, child: Document) -> Outcome:
        """Return what comes of a document that extends this one."""
        faults = Faults()
        try:
            spec = self.spec(child, faults)
            if spec is None or faults.has_errors:
                return _refused(faults)
            graph = _Trial(spec, faults).graph()
        except SpecError as error:
            return Outcome(None, why=error.faults[0].message)
        except _Stopped as stop:
            return Outcome(None, stops_at=stop.at, why=stop.why)
        return _refused(faults) if graph is None else measured(graph)


def _refused(faults: Faults) -> Outcome:
    return Outcome(None, why=faults.listed()[0].message)


def _copied(value: Any) -> Any:
    """Return objects and lists that are free to change, each at the place of the other."""
    if isinstance(value, Object):
        copy = Object(value.place)
        copy.update({key: _copied(member) for key, member in value.items()})
        copy.places.update(value.places)
        return copy
    if isinstance(value, Array):
        row = Array(value.place)
        row.extend(map(_copied, value))
        row.places.extend(value.places)
        return row
    return value


# ── resolving ─────────────────────────────────────────────────────────────────────────────────────


class _Stopped(Exception):  # noqa: N818 - an answer, not an error
    def __init__(self, at: int, why: str) -> None:
        super().__init__(why)
        self.at, self.why = at, why


class _Trial(Resolver):
    """An expansion that ends at the first op that refuses its shapes."""

    def __init__(self, spec: Spec, faults: Faults) -> None:
        super().__init__(spec, faults, {}, None)
        self.nodes = _UntilRefused(faults, self.input_shape)


class _UntilRefused(Nodes):
    def infer(self, op: Op, shapes: tuple[Shape, ...]) -> Shape | Refusal:
        shape = super().infer(op, shapes)
        if isinstance(shape, Refusal):
            raise _Stopped(len(self.made), shape.message)
        return shape


# ── measuring ─────────────────────────────────────────────────────────────────────────────────────


def measured(graph: Graph) -> Outcome:
    """Return what there is to say of a legal network."""
    counts = dead_weights(graph)
    dead = [name for name, count in counts.items() if count.dead]
    stops_at, why = EVERYWHERE, ""
    if dead:
        stops_at = next(i for i, node in enumerate(graph.nodes) if node.name == dead[0])
        why = f"{counts[dead[0]].dead:,} weights of `{dead[0]}` can never touch a pixel"
    total = sum(counts[name].dead for name in dead)
    return Outcome(graph, costs_of(graph), total, last_map(graph), stops_at, why)


def costs_of(graph: Graph) -> Costs:
    """Return the parameters and MACs of a graph, equal ops on equal shapes asked once."""
    known: dict[tuple[int, tuple[Shape, ...]], Costs] = {}
    params = macs = 0
    for node, entering in zip(graph.nodes, graph.entering, strict=True):
        key = (id(node.op), entering)
        if key not in known:
            paid = cost(node.op, entering, node.shape)
            known[key] = Costs(paid.trainable + paid.non_trainable, paid.macs)
        params += known[key].params
        macs += known[key].macs
    return Costs(params, macs)


def last_map(graph: Graph) -> Pair:
    """Return height and width of the last map, that which the classifier pools or flattens.

    An average over a whole map is the classifier's; where nothing collapses, it is the output.
    """
    name = next(iter(graph.outputs.values()))
    while name in graph.by_name:
        node = graph.by_name[name]
        size, entering = _extent(node.shape), _extent(graph.shapes[node.inputs[0]])
        pools = isinstance(node.op, AvgPool | GlobalAvgPool | GlobalMaxPool)
        if size != (1, 1):
            return size
        if entering != (1, 1) and (pools or len(node.shape) == MAP):
            return entering if pools else size
        name = node.inputs[0]
    return _extent(graph.shapes[name])


def _extent(shape: Shape) -> Pair:
    """Return height and width of a shape; features are 1×1."""
    return (shape[0], shape[1]) if len(shape) == MAP else (1, 1)


def families(graph: Graph) -> frozenset[str]:
    """Return the modules that a network uses and the forks that it has, its heads apart."""
    _, *heads = graph.outputs
    scopes = [(scope, f"`{module}`") for scope, module in graph.modules.items()]
    joins = (node for node in graph if node.op.arity is None and node.origin)
    scopes += [(node.name, f"the fork at {node.origin.pointer}") for node in joins if node.origin]
    return frozenset(family for scope, family in scopes if scope.partition(".")[0] not in heads)
