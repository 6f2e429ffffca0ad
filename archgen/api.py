"""The Python face of archgen: load, check, graph, analyse, build; TensorFlow only for ``build``."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from archgen.analysis import Analysis
from archgen.analysis import analyse as analyse_graph
from archgen.canonical import canonical
from archgen.diagnostics import Fault, Faults, SpecError, UsageError
from archgen.ir import Graph, Shape
from archgen.library import load as load_document
from archgen.library import load_bytes
from archgen.lints import lint
from archgen.reading import read_spec
from archgen.resolve import resolve
from archgen.spec import Spec

if TYPE_CHECKING:
    import keras

Scalar = str | int | float | bool | None
Result = TypeVar("Result")
SpecLike = str | Path | Mapping[str, Any] | Spec


def load(spec: SpecLike) -> Spec:
    """Return a checked spec from a shipped name, a ``.json`` path or a dict.

    Raises:
        SpecError: what the document says is wrong, all faults at once.
        UsageError: E501, E502, there is no such spec.
    """
    if isinstance(spec, Spec):
        return spec
    faults = Faults()
    return _sound(read_spec(load_document(spec, faults), faults), faults)


def check(
    spec: SpecLike | bytes,
    input_shape: Shape | None = None,
    *,
    name: str = "<text>",
    **parameters: Scalar,
) -> tuple[Fault, ...]:
    """Return everything that is wrong or suspicious, errors and warnings, in the order found.

    ``bytes`` are the text of a spec, called ``name`` in the faults. Raises UsageError where there
    is no such spec or parameter.
    """
    faults = Faults()
    try:
        checked = _read(spec, name, faults)
        if checked is not None:
            graph = resolve(checked, faults, parameters, input_shape)
            lint(checked, graph, faults)
    except SpecError as error:
        for fault in error.faults:
            faults.add(fault)
    return faults.listed()


def _read(spec: SpecLike | bytes, name: str, faults: Faults) -> Spec | None:
    if isinstance(spec, Spec):
        return spec
    document = (
        load_bytes(spec, name, faults) if isinstance(spec, bytes) else load_document(spec, faults)
    )
    return read_spec(document, faults)


def graph(spec: SpecLike, input_shape: Shape | None = None, **parameters: Scalar) -> Graph:
    """Return the graph of a spec: ``input_shape`` is height × width × channels.

    Raises:
        SpecError: all faults at once.
        UsageError: there is no such spec or parameter.
    """
    faults = Faults()
    checked = _read(spec, "<text>", faults)
    shape = _shape(input_shape)
    result = resolve(checked, faults, parameters, shape) if checked is not None else None
    return _sound(result, faults)


def analyse(
    spec: SpecLike | Graph, input_shape: Shape | None = None, **parameters: Scalar
) -> Analysis:
    """Return parameters, MACs, receptive fields and activations of every node.

    Raises:
        SpecError: all faults at once.
        UsageError: there is no such spec or parameter.
    """
    if isinstance(spec, Graph):
        return analyse_graph(spec)
    return analyse_graph(graph(spec, input_shape, **parameters))


def build(
    spec: SpecLike | Graph,
    input_shape: Shape | None = None,
    weights: str | Path | None = None,
    seed: int | None = None,
    **parameters: Scalar,
) -> "keras.Model":
    """Return the native functional Keras model of a spec, its layers called like the nodes.

    ``input_shape`` is height × width × channels; ``weights`` a ``.weights.h5`` or ``.keras`` file
    of this architecture; further keywords are the spec's parameters.

    Raises:
        SpecError: all faults at once.
        UsageError: there is no such spec or parameter.
        MachineError: E504 not enough memory; E505 Keras is set to channels-first; E502, E506
            weights that cannot be read or do not fit.
    """
    from archgen.backends.keras import build_model

    checked = spec if isinstance(spec, Graph) else graph(spec, input_shape, **parameters)
    return build_model(checked, weights, seed)


def _sound(result: Result | None, faults: Faults) -> Result:
    """Return a result that has no faults; Raises SpecError with those there are."""
    faults.raise_errors()
    if result is None:
        raise AssertionError("no result, and no fault that says why")
    return result


def _shape(shape: Iterable[Any] | None) -> Shape | None:
    if shape is None:
        return None
    plain = tuple(shape)
    if len(plain) != 3 or not all(isinstance(extent, int) and extent > 0 for extent in plain):  # noqa: PLR2004
        message = f"input_shape must be (height, width, channels), not {plain}"
        raise UsageError(Fault("E508", message))
    return plain


def resolved(spec: SpecLike) -> str:
    """Return the merged document, ``extends`` and ``edit`` carried out, in canonical layout."""
    return canonical(load(spec).raw)
