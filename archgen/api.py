"""The Python face of archgen: load, check, graph, analyse, build; TensorFlow only for ``build``."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from archgen.analysis import Analysis
from archgen.analysis import analyse as analyse_graph
from archgen.diagnostics import Fault, Faults, SpecError, UsageError, named
from archgen.formatting import format_spec, laid_out
from archgen.ir import Graph, Shape
from archgen.library import SCHEMA_NAME, load_bytes
from archgen.library import load as load_document
from archgen.limits import LIMITS
from archgen.lints import lint
from archgen.reading import read_spec
from archgen.resolve import resolve
from archgen.spec import Spec
from archgen.starters import starter
from archgen.tables import Table

if TYPE_CHECKING:
    import keras

Scalar = str | int | float | bool | None
Result = TypeVar("Result")
SpecLike = str | Path | bytes | Mapping[str, Any] | Spec

__all__ = [
    "SCHEMA_NAME",
    "analyse",
    "build",
    "check",
    "format_spec",
    "graph",
    "load",
    "new",
    "resolved",
    "schema",
    "table",
]


def load(spec: SpecLike) -> Spec:
    """Return a checked spec from a shipped name, a ``.json`` path, a dict or a spec's bytes.

    Raises:
        SpecError: what the document says is wrong, all faults at once.
        UsageError: E501, E502, there is no such spec.
    """
    faults = Faults()
    return _sound(_read(spec, faults), faults)


def check(
    spec: SpecLike, input_shape: Shape | None = None, **parameters: Scalar
) -> tuple[Fault, ...]:
    """Return everything that is wrong or suspicious, errors and warnings, in the order found.

    Raises UsageError where there is no such spec or parameter.
    """
    faults = Faults()
    try:
        checked = _read(spec, faults)
        if checked is not None:
            result = resolve(checked, faults, parameters, _shape(input_shape))
            lint(checked, result, faults)
    except SpecError as error:
        for fault in error.faults:
            faults.add(fault)
    return faults.listed()


def _read(spec: SpecLike, faults: Faults) -> Spec | None:
    if isinstance(spec, Spec):
        return spec
    if isinstance(spec, bytes):
        return read_spec(load_bytes(spec, "<stdin>", faults), faults)
    return read_spec(load_document(spec, faults), faults)


def graph(spec: SpecLike, input_shape: Shape | None = None, **parameters: Scalar) -> Graph:
    """Return the graph of a spec: ``input_shape`` is height × width × channels.

    Raises:
        SpecError: all faults at once.
        UsageError: there is no such spec or parameter.
    """
    faults = Faults()
    checked = _read(spec, faults)
    shape = _shape(input_shape)
    result = resolve(checked, faults, parameters, shape) if checked is not None else None
    return _sound(result, faults)


def analyse(
    spec: SpecLike | Graph, input_shape: Shape | None = None, **parameters: Scalar
) -> Analysis:
    """Return parameters, MACs, receptive fields and activations of every node.

    A graph takes no input shape and no parameters: it has them already.

    Raises:
        SpecError: all faults at once.
        UsageError: there is no such spec or parameter.
    """
    return analyse_graph(_graph_of(spec, input_shape, parameters))


def build(
    spec: SpecLike | Graph,
    input_shape: Shape | None = None,
    weights: str | Path | None = None,
    seed: int | None = None,
    **parameters: Scalar,
) -> "keras.Model":
    """Return the native functional Keras model of a spec, its layers called like the nodes.

    ``input_shape`` is height × width × channels; ``weights`` a ``.weights.h5`` or ``.keras`` file
    of this architecture; further keywords are the spec's parameters. A graph takes neither an
    input shape nor parameters: it has them already.

    Raises:
        SpecError: all faults at once.
        UsageError: there is no such spec or parameter.
        MachineError: E504 not enough memory; E505 Keras is set to channels-first; E502, E506
            weights that cannot be read or do not fit.
    """
    checked = _graph_of(spec, input_shape, parameters)

    from archgen.backends.keras import build_model

    return build_model(checked, weights, seed)


def _graph_of(
    spec: SpecLike | Graph, input_shape: Shape | None, parameters: Mapping[str, Scalar]
) -> Graph:
    """Return the graph of a spec, or a graph itself, for which there is nothing left to choose."""
    if not isinstance(spec, Graph):
        return graph(spec, input_shape, **parameters)
    late = [("E507", named(name)) for name in parameters]
    late += [("E508", "an input shape")] if input_shape is not None else []
    advice = "give it to `archgen.graph`, which makes the graph of a spec"
    reason = f"comes too late: {spec.name} is a graph already"
    if late:
        raise UsageError(Fault(code, f"{what} {reason}", help=advice) for code, what in late)
    return spec


def _sound(result: Result | None, faults: Faults) -> Result:
    """Return a result that has no faults; Raises SpecError with those there are."""
    faults.raise_errors()
    if result is None:
        raise AssertionError("no result, and no fault that says why")
    return result


def _shape(shape: object) -> Shape | None:
    """Return an input shape that is one: three whole numbers."""
    if shape is None:
        return None
    extents = tuple(shape) if isinstance(shape, Iterable) else ()
    sound = [type(extent) is int and 0 < extent <= LIMITS.dimension for extent in extents]
    if len(sound) != 3 or not all(sound):  # noqa: PLR2004 - height, width, channels
        message = f"input_shape must be (height, width, channels), not {shape}"
        raise UsageError(Fault("E508", message))
    return extents


def resolved(spec: SpecLike) -> str:
    """Return the merged document, ``extends`` and ``edit`` carried out, in canonical layout."""
    return laid_out(load(spec).raw)


def table(spec: SpecLike, input_shape: Shape | None = None, **parameters: Scalar) -> Table:
    """Return the table of what a network costs: ``print(table(...).text(depth=1))``.

    Raises:
        SpecError: all faults at once.
        UsageError: there is no such spec or parameter.
    """
    checked = load(spec)
    titles: dict[tuple[str, ...], str] = {
        ("modules", name): module.title for name, module in checked.modules.items()
    }
    titles |= {("heads", name): head.title for name, head in checked.heads.items()}
    return Table(analyse(checked, input_shape, **parameters), checked.place.file, titles)


def new(name: str, base: str | None = None) -> str:
    """Return the text of a first spec of one's own, or of one that extends a shipped spec.

    Raises:
        UsageError: E213 the name cannot be one, E217 the base is out of reach, E501, E502 there is
            no such spec.
    """
    return starter(name, base, load(base).parameters if base is not None else ())


def schema() -> str:
    """Return the JSON Schema of spec files as text."""
    from archgen.json_schema import schema_text

    return schema_text()
