"""Artifacts of networks: ``archgen.export``; TensorFlow is imported when it is called.

Imports ``api``, ``artifacts``, ``passes``, ``backends`` and the folder of ``training``.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archgen import api
from archgen.api import Scalar, SpecLike
from archgen.artifacts import SUFFIXES, is_artifact, manifest_of
from archgen.artifacts import record_of as record_in
from archgen.backends.answering import Reader
from archgen.backends.exporting import Export, Work, export_model, require_format, require_place
from archgen.backends.formats import CONVERTED, Content, require_packages
from archgen.backends.importing import import_keras
from archgen.backends.origins import Origin, origin_of
from archgen.backends.saving import REWRITTEN, saved_provenance
from archgen.collection import uncollected
from archgen.diagnostics import Fault, MachineError, UsageError
from archgen.ir import Graph, Shape
from archgen.manifest import Verified
from archgen.passes import Rewriting, rewrite
from archgen.passes.drop_heads import DropHeads
from archgen.pixels import require_channels
from archgen.provenance import RECORD, Provenance, record_of
from archgen.training.folder import RunFolder

if TYPE_CHECKING:
    import keras


def export(  # noqa: PLR0913 - so many are the choices, each by its name
    model: "SpecLike | Graph | keras.Model",
    path: str | Path,
    *,
    format: str = "savedmodel",  # noqa: A002 - what Keras calls it
    weights: str | Path | None = None,
    heads: bool = False,
    without: Collection[str] = (),
    dtype: str = "float32",
    verify: bool = True,
    input_shape: Shape | None = None,
    seed: int | None = None,
    progress: Callable[[str], None] | None = None,
    **parameters: Scalar,
) -> Export:
    """Write a network as an artifact for serving, whole or not at all, and verified.

    ``model`` is a model that ``archgen.build`` made, trained or not, or what that takes, or the
    folder of a finished run of ``archgen.train``.
    ``format`` is savedmodel (a folder), keras, onnx or tflite; ``weights`` a file of weights;
    ``heads`` keeps the further outputs; ``without`` names passes that shall not run; ``dtype`` is
    float32, or float16 of onnx and tflite; ``progress`` is told each stage in a few words.

    Raises:
        SpecError: all faults at once.
        ArtifactError: E514, the artifact answers otherwise than the model; nothing is written.
        UsageError: there is no such spec, parameter, pass or format; archgen did not build the
            model; E503, what stands at ``path`` is not an artifact of archgen.
        MachineError: E503, it cannot be written; E509, a package is not installed; what
            ``archgen.build`` raises.
    """
    require_format(format, dtype)
    require_packages(format)
    target = Path(path)
    with ExitStack() as held:
        if format not in CONVERTED:
            held.enter_context(uncollected())
        with writing(target):
            require_place(target, format)
        if is_run(model):
            model, weights = handed_on(model, weights)
        given = weights is not None or seed is not None
        origin = _origin(model, input_shape, parameters, given=given)
        rewriting = planned(origin.graph, heads=heads, without=without)
        content = _content(origin, rewriting, dtype)
        tell = progress or (lambda _: None)
        reader = held.enter_context(Reader(format)) if verify else None
        if not _is_model(model):
            import_keras()
            tell("building the model")
            model = _built(origin.graph, weights, seed)
        with writing(target):
            return export_model(Work(model, rewriting, format, content), target, tell, reader)


def is_run(model: object) -> bool:
    """Say whether this is the folder of a training run, or of anything else."""
    return isinstance(model, str | Path) and Path(model).is_dir()


def handed_on(folder: Any, weights: str | Path | None = None) -> tuple[Path, str | Path]:
    """Return the spec and the weights of a finished run; Raises UsageError E516 if it is none."""
    run = RunFolder(Path(folder))
    run.require_finished()
    return run.spec, weights or run.model


def planned(graph: Graph, *, heads: bool = False, without: Collection[str] = ()) -> Rewriting:
    """Return what an export makes of a graph; Raises UsageError E501 for an unknown pass."""
    return rewrite(graph, [*without, *([DropHeads.name] if heads else [])])


def _is_model(model: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)


def _origin(
    model: Any, shape: Shape | None, parameters: Mapping[str, Scalar], *, given: bool
) -> Origin:
    """Return the graph and the spec of what is exported."""
    if not _is_model(model):
        return api.origin_of(model, shape, parameters)
    origin = origin_of(model)
    if origin is None:
        message = "archgen does not know the spec of this model: it did not build it"
        advice = "export the spec with the weights: archgen.export(SPEC, path, weights=FILE)"
        raise UsageError(Fault("E501", message, help=advice))
    if given or shape is not None or parameters:
        message = "a model has its input, parameters and weights already"
        raise UsageError(Fault("E507", message, help="give them to `archgen.build`"))
    return origin


def _built(graph: Graph, weights: str | Path | None, seed: int | None) -> "keras.Model":
    from archgen.backends.keras import build_model

    return build_model(graph, weights, seed)


def _content(origin: Origin, rewriting: Rewriting, dtype: str) -> Content:
    spec = origin.spec
    if spec is None:
        return Content(rewriting.graph, {}, dtype=dtype)
    require_channels(spec, next(iter(origin.graph.inputs.values())))
    pixels, labels = spec.input.pixels, spec.labels
    return Content(
        rewriting.graph,
        {},
        pixels,
        (labels,) if isinstance(labels, str) and labels else tuple(labels),
        record_of(spec, origin.graph, origin.parameters),
        dtype,
        RECORD if rewriting.graph is rewriting.before else REWRITTEN,
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says of a place into MachineError E503."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MachineError(Fault("E503", f"cannot write {path}: {reason}")) from error


def made_of(path: Path) -> Provenance:
    """Return the spec, the input and the parameters of an artifact, or of a ``.keras`` file.

    Raises:
        UsageError: E502, it does not say, or what it says cannot be read.
    """
    if path.suffix == SUFFIXES["keras"]:
        return saved_provenance(path, REWRITTEN)
    return record_in(path)


def told(path: Path) -> list[str]:
    """Return what the manifest of an artifact says, in lines; none where it has no manifest."""
    if not is_artifact(path):
        return []
    manifest = manifest_of(path)
    versions = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    fired = ", ".join(f"{name} {count}×" for name, count in manifest.passes.items())
    lines = [
        f"exported as {manifest.artifact} in {manifest.dtype}, with {versions}",
        f"outputs: {', '.join(manifest.outputs)}",
        f"passes: {fired or 'none fired'}",
    ]
    return [*lines, verified_text(manifest.verified)]


def verified_text(verified: Verified | None) -> str:
    """Return how far an artifact was from its model when it was written."""
    if verified is None:
        return "not verified when it was written"
    far, allowed = f"{verified.difference:.2g}", f"{verified.tolerance:g}"
    return f"verified in a fresh process: largest relative difference {far}, allowed {allowed}"
