"""Whether data and network fit each other, told before anything heavy is imported."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archgen import api
from archgen.diagnostics import ArchgenError, Fault, UsageError, named
from archgen.ir import Graph, shape_text
from archgen.lints.loss_of_logits import end_of
from archgen.lints.words import plural
from archgen.pixels import require_channels
from archgen.spec import Spec
from archgen.training.images import DataSet

CLASSES = "classes"
CHANNELS = (1, 3, 4)  # of images as they are stored
LEFT_OVER = 0.01  # of a normalisation's first values, which are no statistics


@dataclass(frozen=True)
class Task:
    """What is learned: the graph, its main output, which outputs are logits."""

    graph: Graph
    main: str
    logits: Mapping[str, bool]


def task_of(spec: Spec, graph: Graph, parameters: Mapping[str, api.Scalar], data: DataSet) -> Task:
    """Return what a network learns from the data.

    Raises:
        UsageError: E515, it cannot, each reason with what would work; E508, its pixels are of other
            channels than its input.
    """
    faults = list(_faults(spec, graph, parameters, data))
    if faults:
        raise UsageError(faults)
    require_channels(spec, next(iter(graph.inputs.values())))
    ends = {name: end_of(graph, name) for name in graph.outputs}
    logits = {name: end is not None and end.activation == "linear" for name, end in ends.items()}
    return Task(graph, next(iter(graph.outputs)), logits)


def _faults(
    spec: Spec, graph: Graph, parameters: Mapping[str, api.Scalar], data: DataSet
) -> Iterator[Fault]:
    height, width, channels = next(iter(graph.inputs.values()))
    given = data.shape[-1]
    if channels != given:
        takes = plural(channels, "channel")
        message = f"{graph.name} takes {takes}; {data.source} has {given}"
        yield Fault("E515", message, help=_for_channels(spec, (height, width), parameters, data))
    shapes = {name: graph.by_name[node].shape for name, node in graph.outputs.items()}
    maps = [name for name, shape in shapes.items() if len(shape) > 1]
    if maps:
        told = f"{named(maps[0])} is {shape_text(shapes[maps[0]])}"
        yield Fault("E515", f"{graph.name} does not classify images: its output {told}")
        return
    yield from _classes(spec, graph, parameters, data)
    yield from _ends(spec, graph, parameters)


def _for_channels(
    spec: Spec, size: tuple[int, int], parameters: Mapping[str, api.Scalar], data: DataSet
) -> str:
    """Return what would let a network take the channels of the images."""
    first, *_, last = data.shape
    if first in CHANNELS and last not in CHANNELS:
        return "channels come last: `x.transpose(0, 2, 3, 1)` brings them there"
    wanted = (*size, last)
    asked = f"`--input {'x'.join(map(str, wanted))}`"
    works = _works(spec, wanted, parameters)
    return f"say {asked}" if works else f"`archgen fit` with {asked} makes a spec for them"


def _classes(
    spec: Spec, graph: Graph, parameters: Mapping[str, api.Scalar], data: DataSet
) -> Iterator[Fault]:
    count = len(data.names)
    for name, node in graph.outputs.items():
        (units,) = graph.by_name[node].shape
        if units != count:
            message = (
                f"{named(name)} of {graph.name} has {units} classes; {data.source} has {count}"
            )
            advice = _setting(spec, graph, parameters, {CLASSES: count})
            yield Fault("E515", message, help=advice)
            return


def _ends(spec: Spec, graph: Graph, parameters: Mapping[str, api.Scalar]) -> Iterator[Fault]:
    for name in graph.outputs:
        end = end_of(graph, name)
        if end is None or end.activation not in ("softmax", "linear"):
            told = f"ends in {end.activation}" if end else "ends in no dense or conv layer"
            message = f"{named(name)} of {graph.name} {told}; softmax or logits can be learned"
            advice = _setting(spec, graph, parameters, {"classifier_activation": "softmax"})
            yield Fault("E515", message, help=advice)
            return


def _setting(
    spec: Spec,
    graph: Graph,
    parameters: Mapping[str, api.Scalar],
    wanted: Mapping[str, api.Scalar],
) -> str | None:
    """Return the help line that sets a parameter, where the spec has it and takes that value."""
    ((name, value),) = wanted.items()
    shape = next(iter(graph.inputs.values()))
    if name not in spec.parameters or not _works(spec, shape, {**parameters, **wanted}):
        return None
    return f"say `--set {name}={value}`"


def _works(spec: Spec, shape: tuple[int, ...], parameters: Mapping[str, api.Scalar]) -> bool:
    try:
        api.graph(spec, shape, **parameters)
        require_channels(spec, shape)
    except ArchgenError:
        return False
    return True


def slow_statistics(graph: Graph, steps: int) -> str | None:
    """Return a warning where normalisations will not have learned their statistics after steps.

    A moving average keeps momentum^steps of the value that it began with.
    """
    momenta = [
        float(momentum)
        for node in graph
        if isinstance(momentum := getattr(node.op, "momentum", None), int | float)
    ]
    if not momenta or max(momenta) ** steps <= LEFT_OVER:
        return None
    kept = max(momenta) ** steps
    return (
        f"after {steps:,} steps the moving statistics of batch_norm are still {kept:.0%} of their"
        f" first values (momentum {max(momenta):g}); a smaller momentum learns them sooner"
    )
