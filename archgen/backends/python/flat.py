"""The plainest form of the source: every layer of a graph in a row, without arguments.

What a spec says and functions cannot takes this form, and so does a graph by itself. Imports
``layers``, ``body``.
"""

from collections.abc import Sequence

from archgen.backends.python.body import Body, named
from archgen.backends.python.layers import Place, write_calls
from archgen.backends.python.layout import Argument, Atom, Call, Define, Items, Statement
from archgen.backends.python.text import LONGEST, Names, quoted
from archgen.ir import Graph


class _Nothing:
    """What a body asks of its document where there is none."""

    taken: frozenset[str] = frozenset()


def define_flat(graph: Graph, name: str, notes: Sequence[str]) -> Define:
    """Return the function that makes the model of a graph as it is."""
    body = Body(_Nothing(), "")  # type: ignore[arg-type]
    names = Names()
    where = {}
    for entering, shape in graph.inputs.items():
        where[entering] = names.take("inputs" if len(graph.inputs) == 1 else entering)
        made = Call("keras.Input", (Argument("shape=", Atom(str(shape))), named(entering)))
        body.assign(where[entering], made)
    for node, shapes in zip(graph.nodes, graph.entering, strict=True):
        variable = where[node.name] = body.names.take(_variable(node.name))
        on = [where[source] for source in node.inputs]
        write_calls(body, node.op.call(shapes), Place(variable, on, node.name))
    model = (Argument("", _given(where, graph.inputs)), Argument("", _outputs(where, graph)))
    body.lines.append(Statement("return ", Call("keras.Model", (*model, named(graph.name)))))
    return Define(name, (), notes, body.lines)


def _variable(path: str) -> str:
    """Return a variable for a node: the end of its name, as long as lines have room for."""
    plain = path.replace(".", "_")
    cut = plain[-LONGEST:].lstrip("_0123456789") if len(plain) > LONGEST else plain
    return cut if cut.isidentifier() else f"node_{cut}"[:LONGEST]


def _given(where: dict[str, str], inputs: object) -> Atom | Items:
    names = [where[name] for name in inputs]  # type: ignore[attr-defined]
    if len(names) == 1:
        return Atom(names[0])
    return Items("[]", tuple(Argument("", Atom(name)) for name in names))


def _outputs(where: dict[str, str], graph: Graph) -> Atom | Items:
    found = [(name, where[node]) for name, node in graph.outputs.items()]
    if len(found) == 1:
        return Atom(found[0][1])
    items = tuple(Argument(f"{quoted(name)}: ", Atom(variable)) for name, variable in found)
    return Items("{}", items)
