"""A graph while a pass rewrites it; imports ``ir`` and the contract of passes."""

from dataclasses import replace

from archgen.ir import Graph, Node, Op, Shape
from archgen.passes.contract import Edit, Result


class Draft:
    """The places of a graph's nodes, in topological order, and which node is in each.

    A place is called like the node that was there first. Nodes keep their names, scopes and
    origins, outputs their names. Every change takes constant time, however many read a node.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: dict[str, Node] = {node.name: node for node in graph}
        self.shapes: dict[str, Shape] = dict(graph.shapes)
        self._inputs = {node.name: node.inputs for node in graph}
        self._readers = dict.fromkeys(graph.shapes, 0)
        for node in graph:
            for name in node.inputs:
                self._readers[name] += 1
        self._leaving = set(graph.outputs.values())
        self._stands_for: dict[str, str] = {}
        self._edits: list[Edit] = []
        self._notes: list[str] = []

    def source(self, place: str) -> str:
        """Return the place, or the graph's input, that a place reads; its first, of several."""
        return self._newest(self._inputs[place][0])

    def is_alone(self, place: str) -> bool:
        """Say whether just one place reads this one, and no output is it."""
        return self._readers[place] == 1 and place not in self._leaving

    def is_output(self, place: str) -> bool:
        """Say whether an output is this place."""
        return place in self._leaving

    def put(self, place: str, op: Op) -> None:
        """Give the node of a place another op, which makes the same shape."""
        self.nodes[place] = self.nodes[place]._replace(op=op)

    def drop(self, place: str, note: str, *edits: Edit) -> None:
        """Let whoever reads a place with one input read that input instead."""
        source = self.source(place)
        self._readers[source] += self._readers[place] - 1
        if place in self._leaving:
            self._leaving.add(source)
        self._stands_for[place] = source
        del self.nodes[place]
        self._notes.append(note)
        self._edits += edits

    def swap(self, first: str, second: str, note: str) -> None:
        """Let the nodes of two places in a row, each with one input, change places."""
        nodes, entering = self.nodes, self.shapes[self.source(first)]
        nodes[first], nodes[second] = nodes[second], nodes[first]
        self.shapes[first] = nodes[first].op.infer((entering,))
        self._notes.append(note)

    def result(self) -> Result:
        """Return the graph as it is now, the very same one where nothing was changed."""
        if not self._notes:
            return Result(self.graph)
        return Result(self._graph(), tuple(self._edits), tuple(self._notes))

    def _graph(self) -> Graph:
        names = {place: node.name for place, node in self.nodes.items()}
        names |= {name: name for name in self.graph.inputs}
        nodes = [
            node._replace(
                inputs=tuple([names[self._newest(read)] for read in self._inputs[place]]),
                shape=self.shapes[place],
            )
            for place, node in self.nodes.items()
        ]
        outputs = {name: names[self._newest(node)] for name, node in self.graph.outputs.items()}
        return replace(self.graph, nodes=tuple(nodes), outputs=outputs)

    def _newest(self, place: str) -> str:
        """Return what stands for a place that may have been dropped."""
        while place in self._stands_for:
            place = self._stands_for[place]
        return place
