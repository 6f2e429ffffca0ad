"""Steps that leave a part of the network out; imports ``steps``."""

from collections.abc import Iterator

from archgen.expressions import is_expression, parse
from archgen.fitting.changes import Change
from archgen.fitting.layout import Layout, Site
from archgen.fitting.steps import WINDOWS, Step, told
from archgen.ir import Graph
from archgen.lints.words import plural
from archgen.source import Object

LARGER = ("conv_transpose", "up_sample")


def parts(layout: Layout, graph: Graph) -> Iterator[Step]:
    """Return a step for each part of the layers behind the first that makes a map smaller.

    Where others make it larger again, the innermost of both kinds go together.
    """
    down = set(_strided(graph))
    up = {i for i, node in enumerate(graph.nodes) if node.op.kind in LARGER}
    parts = _parts(layout, len(graph.nodes))
    smaller = [site for site, nodes in parts if down & nodes]
    larger = [site for site, nodes in parts if up & nodes and not down & nodes]
    if larger:
        yield from _levels(smaller[1:], larger)
        return
    for site in smaller[1:]:
        if "op" not in site.entry:
            yield Step("leave_out", f"{told(site)} is left out", _without(site), site.at)


def _parts(layout: Layout, count: int) -> list[tuple[Site, set[int]]]:
    """Return the entries of the layers, each with the numbers of its nodes."""
    sites = [site for site in layout.sites if site.path.startswith("layers.") and not site.fork]
    sites.sort(key=lambda site: site.at)
    ends = [*(site.at for site in sites), count][1:]
    return [(site, set(range(site.at, end))) for site, end in zip(sites, ends, strict=True)]


def _levels(smaller: list[Site], larger: list[Site]) -> Iterator[Step]:
    """Return a step for each number of levels, of which the innermost go."""
    for depth in range(1, min(len(smaller), len(larger)) + 1):
        gone = [*smaller[-depth:], *larger[:depth]]
        names = ", ".join(map(told, gone))
        says = f"{names} are left out: {plural(depth, 'level')} less"
        changes = tuple(change for site in gone for change in _without(site))
        yield Step("leave_out", says, changes, gone[0].at)


def _without(site: Site) -> tuple[Change, ...]:
    return (Change(site.edit, None),)


def _strided(graph: Graph) -> list[int]:
    """Return the numbers of the nodes that make maps smaller by their strides."""
    found = []
    for index, node in enumerate(graph.nodes):
        strides = getattr(node.op, "strides", None) or getattr(node.op, "pool_size", None)
        if node.op.kind in WINDOWS and strides and max(strides) > 1:
            found.append(index)
    return found


def heads(layout: Layout, graph: Graph) -> Iterator[Step]:
    """Return a step for each further output that is built."""
    _, *names = graph.outputs
    stated = layout.document.get("heads")
    for name in names:
        head = stated.get(name) if isinstance(stated, Object) else None
        scopes = (i for i, node in enumerate(graph.nodes) if node.scope.split(".")[0] == name)
        says = f"the head `{name}` is left out"
        switch = _switch(head.get("when"), layout) if isinstance(head, Object) else None
        path = ("parameters", switch) if switch else ("heads", name)
        yield Step("head", says, (Change(path, value=False if switch else None),), next(scopes, 0))


def _switch(when: object, layout: Layout) -> str | None:
    """Return the parameter that alone decides whether a head is built."""
    names = parse(when).names if is_expression(when) else ()
    switches = [name for name in names if layout.parameters.get(name) is True]
    return switches[0] if len(names) == len(switches) == 1 else None
