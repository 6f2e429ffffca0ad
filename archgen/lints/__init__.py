"""What is legal but suspicious in a spec and its graph, one lint a file; never changes a graph.

Imports ``resolve`` and what it imports. ``LINTS`` is every lint in the order of its findings; a new
one is a file, and a line there.
"""

from collections.abc import Callable, Iterator

from archgen.diagnostics import Fault, Faults
from archgen.ir import Graph
from archgen.lints.bias_before_norm import bias_before_norm
from archgen.lints.dropped_border import dropped_border
from archgen.lints.loss_of_logits import loss_of_logits
from archgen.lints.narrow_map import narrow_map
from archgen.lints.scaled_output import scaled_output
from archgen.lints.untouched_weights import untouched_weights
from archgen.lints.unused_module import unused_module
from archgen.lints.unused_parameter import unused_parameter
from archgen.spec import Spec

Lint = Callable[[Spec, Graph | None], Iterator[Fault]]

LINTS: tuple[Lint, ...] = (
    unused_module,  # W602
    unused_parameter,  # W603
    scaled_output,  # W601
    bias_before_norm,  # W604
    untouched_weights,  # W605
    dropped_border,  # W606
    narrow_map,  # W607
    loss_of_logits,  # W608
)


def lint(spec: Spec, graph: Graph | None, faults: Faults) -> None:
    """Add every W6xx of a spec, and of its graph where it has one.

    Nothing is told where the spec itself is not sound: a misspelt use is one fault.
    """
    if any(fault.code < "E3" for fault in faults.listed()):
        return
    for find in LINTS:
        for fault in find(spec, graph):
            faults.add(fault)
