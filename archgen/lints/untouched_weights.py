"""W605: weights that can never touch a pixel at this input.

One warning for the whole network, since one cause, the input's size, makes them all. Kernels that
are one tap wide and reach beyond their map are told at their places by W607 as well: there the
kernel may be at fault, here its share of the sum is only counted.
"""

from collections.abc import Iterator, Mapping

from archgen.diagnostics import Fault
from archgen.inference import resized
from archgen.ir import Graph, shape_text
from archgen.lints.dead import Dead, dead_weights
from archgen.lints.reached import Reached
from archgen.lints.words import plural
from archgen.ops.dense import Dense
from archgen.spec import Spec

NAMED = 8
LARGEST_SIZE = 1024
# What the search for a clean size may infer again, about a second's worth.
MOST_NODES = 100_000
MOST_PIECES = 20_000


def untouched_weights(_: Spec, graph: Graph | None) -> Iterator[Fault]:
    """Return one W605 where there are such weights, with the next size without."""
    counts = dead_weights(graph) if graph else {}
    named = sorted((name for name in counts if counts[name].dead), key=lambda n: -counts[n].dead)
    if graph is None or not named:
        return
    notes = [f"`{n}`: {counts[n].dead:,} of {counts[n].weights:,}" for n in named[:NAMED]]
    if len(named) > NAMED:
        notes.append(plural(len(named) - NAMED, "more node"))
    place = graph.by_name[named[0]].origin
    yield Fault("W605", _message(graph, counts), place, notes=(*notes, *_clean_size(graph)))


def _message(graph: Graph, counts: Mapping[str, Dead]) -> str:
    dense = {name for name in counts if isinstance(graph.by_name[name].op, Dense)}
    kinds = (("convolution", counts.keys() - dense), ("dense", dense))
    told = [(kind, *_sums(counts, names)) for kind, names in kinds]
    told = [(kind, dead, weights) for kind, dead, weights in told if dead]
    sums = " and ".join(f"{dead:,} of {weights:,} {kind} weights" for kind, dead, weights in told)
    share = sum(dead for _, dead, _ in told) / sum(weights for *_, weights in told)
    shape = next(iter(graph.inputs.values()))
    return f"{sums} can never touch a pixel at {shape_text(shape[:2])} ({100 * share:.1f} %)"


def _sums(counts: Mapping[str, Dead], names: set[str]) -> tuple[int, int]:
    return sum(counts[name].dead for name in names), sum(counts[name].weights for name in names)


def _clean_size(graph: Graph) -> tuple[str, ...]:
    """Return a note of the first square above the input that the network takes without any."""
    height, width, channels = next(iter(graph.inputs.values()))
    tries = MOST_NODES // len(graph.nodes)
    sizes = range(max(height, width) + 1, LARGEST_SIZE + 1)[:tries]
    reached = Reached(MOST_PIECES)
    tried = 0
    for size in sizes:
        at = resized(graph, (size, size, channels))
        is_clean = at is not None and not any(passed.dead for passed in reached.walk(at))
        if not reached.is_exact:
            break
        if is_clean:
            return (f"the first square above without any is {size}×{size}",)
        tried = size
    return (f"no square up to {tried}×{tried} is without",) if tried else ()
