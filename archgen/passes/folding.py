"""Folds nodes that scale and shift channels into the weights beside them.

Imports ``ir`` and the contract of passes.
"""

from collections.abc import Callable

from archgen.ir import Graph, Node
from archgen.passes.contract import Edit, Result
from archgen.passes.draft import Draft
from archgen.passes.hosts import Affine, Host, behind, in_front, is_linear, takes

AffineOf = Callable[[Node], Affine | None]


def fold(graph: Graph, affine_of: AffineOf) -> Result:
    """Fold each node that ``affine_of`` knows: into the host in front of it, or else behind it."""
    draft = Draft(graph)
    for node in graph:
        affine = affine_of(node)
        if affine is not None:
            _fold_back(draft, node.name, affine)
        elif isinstance(node.op, Host):
            while _fold_ahead(draft, node.name, affine_of):
                pass
    return draft.result()


def _fold_back(draft: Draft, place: str, affine: Affine) -> None:
    """Fold a node into the host that it reads, if it is one and nothing else reads it."""
    source = draft.source(place)
    host = draft.nodes.get(source)
    if host is None or not isinstance(host.op, Host) or not draft.is_alone(source):
        return
    if is_linear(host.op):
        channels = draft.shapes[draft.source(source)][-1]
        made = tuple(behind(host, host.op, channels, affine))
        _take_in(draft, source, place, Edit(host.name, made))


def _fold_ahead(draft: Draft, place: str, affine_of: AffineOf) -> bool:
    """Fold what a host reads into it, if nothing else reads that; say whether it was."""
    source, host = draft.source(place), draft.nodes[place]
    node = draft.nodes.get(source)
    affine = affine_of(node) if node is not None and draft.is_alone(source) else None
    entering = draft.shapes[source]
    if affine is None or not isinstance(host.op, Host) or not takes(host.op, entering, affine):
        return False
    made = tuple(in_front(host, host.op, entering[-1], affine))
    _take_in(draft, place, source, Edit(host.name, made))
    return True


def _take_in(draft: Draft, host: str, place: str, edit: Edit) -> None:
    """Drop a place whose weights a host has taken in, and give the host a bias if it needs one."""
    node = draft.nodes[host]
    if "bias" in dict(edit.weights):
        draft.put(host, node.op.model_copy(update={"use_bias": True}))
    draft.drop(place, f"{draft.nodes[place].name} is folded into {node.name}", edit)
