"""What passes did to a network, in numbers; imports ``analysis`` and ``columns``."""

from collections.abc import Iterator
from typing import NamedTuple

from archgen.analysis import analyse
from archgen.columns import aligned
from archgen.ir import Graph
from archgen.passes.running import Rewriting

HEADER = ("pass", "fired", "nodes", "parameters", "MACs")
BEFORE = "as specified"


class Row(NamedTuple):
    """The network behind one run of a pass: nodes, parameters, MACs; how often the pass fired.

    The first row is the network as it was, where nothing fired.
    """

    name: str
    fired: int
    nodes: int
    params: int
    macs: int


def report(rewriting: Rewriting) -> tuple[Row, ...]:
    """Return a row for the graph as it was, then one for each run of a pass, in order."""
    return tuple(_rows(rewriting))


def report_text(rewriting: Rewriting) -> str:
    """Return the rows as aligned text."""
    rows = [
        [row.name, f"{row.fired:,}" if number else "", *(f"{value:,}" for value in row[2:])]
        for number, row in enumerate(report(rewriting))
    ]
    return "\n".join(aligned([HEADER, *rows], 1)) + "\n"


def _rows(rewriting: Rewriting) -> Iterator[Row]:
    row = _measured(BEFORE, rewriting.before)
    yield row
    for step in rewriting.steps:
        row = _measured(step.name, step.graph) if step.notes else row
        yield row._replace(name=step.name, fired=len(step.notes))


def _measured(name: str, graph: Graph) -> Row:
    analysis = analyse(graph)
    return Row(name, 0, len(graph.nodes), analysis.params, analysis.macs)
