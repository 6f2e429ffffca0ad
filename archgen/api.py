"""The Python face of archgen: load, check, graph, analyse, build; TensorFlow only for ``build``."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from archgen.about import About
from archgen.analysis import Analysis
from archgen.analysis import analyse as analyse_graph
from archgen.backends.origins import Origin, remember
from archgen.collection import uncollected
from archgen.diagnostics import Fault, Faults, SpecError, UsageError, named
from archgen.fitting.fit import fit as fit_spec
from archgen.fitting.fitted import Fitted
from archgen.fitting.network import Wish
from archgen.formatting import format_spec, laid_out
from archgen.input_sizes import Sizes, quick_sizes, sizes_of, told
from archgen.ir import Graph, Shape
from archgen.library import SCHEMA_NAME, load_bytes
from archgen.library import load as load_document
from archgen.limits import LIMITS
from archgen.lints import lint
from archgen.published import claims
from archgen.reading import read_spec
from archgen.repairs import Source, mend
from archgen.resolve import resolve
from archgen.spec import Spec
from archgen.starters import starter
from archgen.tables import Table

if TYPE_CHECKING:
    import keras

    from archgen.backends.verifying import Verification

Scalar = str | int | float | bool | None
Result = TypeVar("Result")
SpecLike = str | Path | bytes | Mapping[str, Any] | Spec

__all__ = [
    "SCHEMA_NAME",
    "about",
    "analyse",
    "build",
    "check",
    "code",
    "fit",
    "format_spec",
    "graph",
    "load",
    "new",
    "resolved",
    "schema",
    "sizes",
    "table",
    "verify",
]


@uncollected()
def load(spec: SpecLike) -> Spec:
    """Return a checked spec from a shipped name, a ``.json`` path, a dict or a spec's bytes.

    Raises:
        SpecError: what the document says is wrong, all faults at once.
        UsageError: E501, E502, there is no such spec.
    """
    faults = Faults()
    return _sound(_read(spec, faults), faults)


@uncollected()
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
            shape = _shape(input_shape)
            result = _resolved(spec, checked, faults, parameters, shape)
            lint(checked, result, faults)
            return told(faults.listed(), checked, parameters, shape)
    except SpecError as error:
        faults.take(error)
    return faults.listed()


def _read(spec: SpecLike, faults: Faults) -> Spec | None:
    if isinstance(spec, Spec):
        return spec
    if isinstance(spec, bytes):
        return read_spec(load_bytes(spec, "<stdin>", faults), faults)
    return read_spec(load_document(spec, faults), faults)


@uncollected()
def graph(spec: SpecLike, input_shape: Shape | None = None, **parameters: Scalar) -> Graph:
    """Return the graph of a spec: ``input_shape`` is height × width × channels.

    Raises:
        SpecError: all faults at once.
        UsageError: there is no such spec or parameter.
    """
    return specified(spec, input_shape, parameters)[1]


def specified(
    spec: SpecLike, input_shape: Shape | None, parameters: Mapping[str, Scalar]
) -> tuple[Spec, Graph]:
    """Return a spec and its graph; raises as ``graph`` does."""
    faults = Faults()
    checked = _read(spec, faults)
    shape = _shape(input_shape)
    if checked is None:
        return _sound(None, faults)
    result = _resolved(spec, checked, faults, parameters, shape)
    if faults.has_errors:
        raise SpecError(told(faults.listed(), checked, parameters, shape))
    return checked, _sound(result, faults)


def _resolved(
    spec: SpecLike,
    checked: Spec,
    faults: Faults,
    parameters: Mapping[str, Scalar],
    shape: Shape | None,
) -> Graph | None:
    """Resolve a spec; say what would mend it where it is the user's own."""
    result = resolve(checked, faults, parameters, shape)
    if result is None and (source := _own_source(spec, checked)):
        mend(faults, source, parameters, shape)
    return result


def _own_source(spec: SpecLike, checked: Spec) -> Source | None:
    """Return the text of a spec that is the user's to change, None of a shipped one."""
    if isinstance(spec, Spec):
        return None
    if isinstance(spec, bytes | Mapping):
        return Source(checked.raw.place.text, None, Path.cwd())
    path = Path(spec)
    return Source(checked.raw.place.text, path, path.parent) if path.suffix == ".json" else None


def sizes(spec: SpecLike, input_shape: Shape | None = None, **parameters: Scalar) -> Sizes:
    """Return which heights and widths of the input work, up to 1,024 pixels.

    The spec's own input, or ``input_shape``, may be one that fails.

    Raises:
        SpecError: faults other than those of shapes.
        UsageError: there is no such spec or parameter.
    """
    return sizes_of(load(spec), parameters, _shape(input_shape))


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
    origin = origin_of(spec, input_shape, parameters)

    from archgen.backends.keras import build_model

    model = build_model(origin.graph, weights, seed)
    remember(model, origin)
    return model


def origin_of(
    spec: SpecLike | Graph, input_shape: Shape | None, parameters: Mapping[str, Scalar]
) -> Origin:
    """Return the graph of a spec, or a graph itself, with what it was made of."""
    if isinstance(spec, Graph):
        return Origin(_graph_of(spec, input_shape, parameters))
    known, checked = specified(spec, input_shape, parameters)
    return Origin(checked, known, parameters)


def code(spec: SpecLike | Graph, input_shape: Shape | None = None, **parameters: Scalar) -> str:
    """Return Python source that makes the model with Keras alone, laid out as ruff and Black do.

    Modules are its functions, parameters the arguments of its main one; ``input_shape`` and further
    keywords become their defaults. Of a graph, which takes neither, every layer stands by itself.

    Raises:
        SpecError: all faults at once.
        UsageError: there is no such spec or parameter.
    """
    from archgen.backends.python.source import flat_source, source_of

    costs = analyse(spec, input_shape, **parameters)
    if isinstance(spec, Graph):
        return flat_source(costs)
    return source_of(load(spec), costs, parameters, _shape(input_shape))


def verify(
    spec: SpecLike | Graph,
    other: "keras.Model | str | Path | None" = None,
    /,
    input_shape: Shape | None = None,
    seed: int = 0,
    **parameters: Scalar,
) -> "Verification":
    """Return how far a spec's model is from another with the same random weights of ``seed``.

    Without ``other`` it is the network of ``keras.applications`` that the spec states by its name,
    and both answer logits; with it, that model keeps those weights. A graph needs ``other``.

    It may also be a ``.keras`` file that ``archgen build`` wrote. That gives the input and the
    parameters that are not given here; nothing in it is run, and the two are compared under its own
    weights, too.

    Raises:
        SpecError: all faults at once, those of the file's spec too.
        UsageError: there is no such spec or parameter; E501, Keras has no such network; E502, the
            file was not written by archgen.
        MachineError: E506, the other model has other weights, inputs or outputs; what ``build``
            raises.
    """
    from archgen.backends.applications import application_of, with_logits
    from archgen.backends.saving import rebuilt_model, saved_provenance
    from archgen.backends.verifying import verify as verify_graph

    if isinstance(other, str | Path):
        path = Path(other)
        provenance = saved_provenance(path)
        if not isinstance(spec, Graph):
            spec = load(spec)
            input_shape, parameters = provenance.settings(spec, input_shape, parameters)
        checked = _graph_of(spec, input_shape, parameters)
        return verify_graph(checked, rebuilt_model(path, provenance), seed, own=True)
    if other is not None:
        return verify_graph(_graph_of(spec, input_shape, parameters), other, seed)
    if isinstance(spec, Graph):
        raise UsageError(Fault("E501", f"{spec.name} is a graph, compared with a given model only"))
    known = load(spec)
    application = application_of(known.name)
    chosen = with_logits(known.parameters, parameters)
    checked = graph(known, input_shape, **chosen)
    return verify_graph(checked, application.model(checked, {**known.parameters, **chosen}), seed)


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
    analysis = analyse(checked, input_shape, **parameters)
    find_sizes = partial(quick_sizes, checked, parameters, _shape(input_shape))
    return Table(analysis, checked.place.file, titles, find_sizes)


def about(spec: SpecLike) -> About:
    """Return what is known of a network: ``print(about("inception_v4").text())``.

    Every figure in ``published`` is counted again under its own input and parameters.

    Raises:
        SpecError: all faults at once.
        UsageError: there is no such spec.
    """
    checked = load(spec)

    def measured(shape: object, parameters: Mapping[str, Scalar]) -> Analysis:
        faults = Faults()
        return analyse_graph(_sound(resolve(checked, faults, parameters, _shape(shape)), faults))

    listed = table(checked)
    warnings = tuple(fault for fault in check(checked) if fault.severity == "warning")
    return About(checked, listed, claims(checked.published, measured), warnings)


def new(name: str, base: str | None = None) -> str:
    """Return the text of a first spec of one's own, or of one that extends a shipped spec.

    Raises:
        UsageError: E213 the name cannot be one, E217 the base is out of reach, E501, E502 there is
            no such spec.
    """
    return starter(name, base, load(base).parameters if base is not None else ())


def fit(  # noqa: PLR0913 - so many are the wishes, each by its name
    spec: str | Path,
    input_shape: Shape | None = None,
    *,
    max_params: int | None = None,
    max_macs: int | None = None,
    last_map: int = 2,
    show: int = 1,
    take: int = 1,
    output: str | Path | None = None,
    **parameters: Scalar,
) -> Fitted:
    """Return the spec that fits a network to another input by the fewest changes.

    It extends ``spec``, a shipped name or a ``.json`` file, and states what changes:
    ``fit("inception_v4", (28, 28, 1), classes=10)``. ``max_params`` and ``max_macs`` (of one image)
    bound what it costs; ``last_map`` is how high and wide the map shall be that the classifier
    pools; ``show`` is how many answers there shall be, ``take`` which of them is returned with the
    others as its ``alternatives``. Where there is an ``output``, it is written there, whole or not
    at all; without, a file is extended as seen from the current folder. Further keywords are the
    spec's parameters.

    Raises:
        SpecError: the spec's own faults; E512, no step that is known lets it fit.
        UsageError: there is no such spec or parameter; E512, a number that is none, or more than
            there are answers; E217, E503, an output that cannot extend the spec.
        MachineError: E503, the output cannot be written.
    """
    wish = Wish(_shape(input_shape), parameters, max_params, max_macs, last_map, show, take)
    return fit_spec(spec, wish, Path(output) if output is not None else None)


def schema() -> str:
    """Return the JSON Schema of spec files as text."""
    from archgen.json_schema import schema_text

    return schema_text()
