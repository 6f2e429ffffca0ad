"""Every pass in its order, and running them; imports the passes and ``diagnostics``."""

from collections.abc import Collection
from dataclasses import dataclass

from archgen.diagnostics import Fault, UsageError, named
from archgen.ir import Graph
from archgen.passes.contract import Edit, Pass
from archgen.passes.drop_heads import DropHeads
from archgen.passes.drop_no_ops import DropNoOps
from archgen.passes.fold_batch_norm import FoldBatchNorm
from archgen.passes.fold_rescale import FoldRescale
from archgen.passes.move_conv_before_pool import MoveConvBeforePool

PASSES: tuple[Pass, ...] = (
    DropHeads(),
    DropNoOps(),
    FoldBatchNorm(),
    FoldRescale(),
    MoveConvBeforePool(),
)


@dataclass(frozen=True)
class Step:
    """One run of a pass: its name, the graph it left, a line for each time it fired."""

    name: str
    graph: Graph
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Rewriting:
    """A graph, what passes made of it, and how the new weights are made of the old."""

    before: Graph
    graph: Graph
    edits: tuple[Edit, ...]
    steps: tuple[Step, ...]


def rewrite(graph: Graph, without: Collection[str] = ()) -> Rewriting:
    """Run the passes, without those named, in their order and until none fires.

    Every pass has a step; one that another pass gave more to do has several.

    Raises:
        UsageError: E501, ``without`` names no pass.
    """
    _require_known(without)
    passes = [each for each in PASSES if each.name not in without]
    edits: list[Edit] = []
    steps: list[Step] = []
    newest = graph
    is_first = fires = True
    while fires:
        fires = False
        for each in passes:
            result = each.run(newest)
            if is_first or result.notes:
                steps.append(Step(each.name, result.graph, result.notes))
            newest, fires = result.graph, fires or bool(result.notes)
            edits += result.edits
        is_first = False
    return Rewriting(graph, newest, tuple(edits), tuple(steps))


def _require_known(without: Collection[str]) -> None:
    known = [each.name for each in PASSES]
    for name in without:
        if name not in known:
            note = f"the passes are {', '.join(known)}"
            raise UsageError(Fault("E501", f"there is no pass {named(name)}", notes=(note,)))
