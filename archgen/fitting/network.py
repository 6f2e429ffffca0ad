"""A spec that is to be fitted: where it works, and what a fitted one states in any case.

Imports ``trial``, ``judging``, ``recipe`` and what they import, ``input_sizes`` and ``sketch``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from archgen.diagnostics import Fault, Faults, SpecError, UsageError, quoted
from archgen.evaluation import Evaluator
from archgen.fitting.changes import Change, Document, stated
from archgen.fitting.judging import Wishes
from archgen.fitting.layout import Layout, Scalar
from archgen.fitting.recipe import knobs_of, steps_of
from archgen.fitting.search import Problem
from archgen.fitting.telling import Shown
from archgen.fitting.trial import Parent, costs_of, families, last_map
from archgen.input_sizes import quick_sizes, told
from archgen.ir import Graph, Shape
from archgen.library import load
from archgen.reading import read_spec
from archgen.resolve import resolve
from archgen.sketch import sketched
from archgen.source import Object
from archgen.spec import Spec

# A side at which most networks work, where a spec's own input is not one.
USUAL = 224
PIXELS = [-1, 1]


@dataclass(frozen=True)
class Wish:
    """What is asked of a spec: its input, parameters, bounds and last map, how many answers.

    Raises UsageError E512 for a number that is no whole number from 1.
    """

    input_shape: Shape | None = None
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    max_params: int | None = None
    max_macs: int | None = None
    last_map: int = 2
    show: int = 1
    take: int = 1

    def __post_init__(self) -> None:
        """Refuse what is no number of anything."""
        for name in ("max_params", "max_macs", "last_map", "show", "take"):
            number = getattr(self, name)
            if (type(number) is not int or number < 1) and (number, name[:3]) != (None, "max"):
                message = f"`{name}` must be a whole number from 1, not {quoted(number)}"
                raise UsageError(Fault("E512", message))


@dataclass(frozen=True)
class Network:
    """A spec, its graph where it works, the input to fit it to, and what is stated anyway."""

    spec: Spec
    given: Mapping[str, Scalar]
    before: Graph
    shape: Shape
    base: Document

    def problem(self, wish: Wish) -> Problem:
        """Return what is to be searched."""
        layout = Layout(self.spec, self.before.nodes, self.given)
        wishes = Wishes(
            min(wish.last_map, *last_map(self.before)),
            families(self.before),
            costs_of(self.before).params,
            wish.max_params,
            wish.max_macs,
        )
        steps = steps_of(layout, self.before)
        knobs = knobs_of(layout, self.before)
        return Problem(
            Parent(self.spec.raw), self.base, steps, knobs, wishes, len(self.before.nodes)
        )

    def unchanged(self) -> Shown | None:
        """Return the network as it is at the new input, as far as it gets."""
        faults = Faults()
        spec = Parent(self.spec.raw).spec(self.base, faults)
        if spec is None:
            return None
        graph = resolve(spec, faults)
        if graph is not None:
            return graph
        sketch = sketched(spec, faults.listed(), {})
        return sketch.graph if sketch is not None else None


def read(spec: str | Path, wish: Wish) -> Network:
    """Read a spec and find an input that it works at: its own, else another.

    Raises:
        SpecError: the spec's own faults.
        UsageError: E501, E502, there is no such spec; E507, no such parameter.
    """
    faults = Faults()
    checked = read_spec(load(spec, faults), faults)
    faults.raise_errors()
    if checked is None:
        raise AssertionError("no spec, and no fault that says why")
    given = dict(wish.parameters)
    _refuse_classes(checked, given)
    own = Evaluator(checked, faults, given, None).input_shape
    before = _working(checked, given, own)
    shape = wish.input_shape or own or next(iter(before.inputs.values()))
    return Network(checked, given, before, shape, _base(checked, own, shape, given))


def _refuse_classes(spec: Spec, given: Mapping[str, Scalar]) -> None:
    if "classes" in given and "classes" not in spec.parameters:
        message = f"{spec.name} has no parameter `classes`"
        note = "how many it tells apart is written in its last layer; an `edit` changes that"
        raise UsageError(Fault("E507", message, notes=(note,)))


def _working(spec: Spec, given: Mapping[str, Scalar], own: Shape | None) -> Graph:
    """Return the graph of a spec at its own input, else at the usual square that works."""
    faults = Faults()
    graph = resolve(spec, faults, given)
    sizes = quick_sizes(spec, given, own) if graph is None and own is not None else None
    side = sizes.squares.nearest(USUAL) if sizes is not None else None
    if side is not None and own is not None:
        graph = resolve(spec, Faults(), given, (side, side, own[2]))
    if graph is None:
        raise SpecError(told(faults.listed(), spec, given, None))
    return graph


def _base(spec: Spec, own: Shape | None, shape: Shape, given: Mapping[str, Scalar]) -> Document:
    """Return what a fitted spec states whatever the steps: input and parameters that are new."""
    changes = [] if shape == own else [Change(("input", "shape"), list(shape))]
    pixels = spec.input.raw.get("pixels")
    means = pixels.get("mean") if isinstance(pixels, Object) else None
    if isinstance(means, list) and len(means) not in {1, shape[2]}:
        changes.append(Change(("input", "pixels"), PIXELS))
    for name, value in given.items():
        said = spec.parameters[name]
        if type(said) is not type(value) or said != value:
            changes.append(Change(("parameters", name), value))
    return stated({"archgen": 1, "name": spec.name}, changes)
