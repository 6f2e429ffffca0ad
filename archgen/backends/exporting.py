"""From a model to an artifact: rewritten, written, verified, sealed, and only then put in place.

Imports Keras, TensorFlow and NumPy when it is called.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archgen.artifacts import SUFFIXES, contents, is_artifact, seal, verify
from archgen.backends.answering import (
    IMAGES,
    SEED,
    Reader,
    answers_of,
    difference,
    is_constant,
    told_by,
)
from archgen.backends.edits import apply, load_into, weights_of
from archgen.backends.formats import CONVERTED, PACKAGES, WRITERS, Content
from archgen.backends.keras import build_model
from archgen.backends.saving import saved_provenance
from archgen.diagnostics import ArtifactError, Fault, MachineError, UsageError, named
from archgen.files import replacing_file, replacing_folder
from archgen.manifest import Content as Measured
from archgen.manifest import Manifest, Verified
from archgen.passes import Rewriting
from archgen.passes.drop_heads import DropHeads
from archgen.passes.drop_no_ops import DropNoOps

if TYPE_CHECKING:
    import keras

FORMATS = tuple(WRITERS)
DTYPES = ("float32", "float16")
_EXACT = frozenset({DropHeads.name, DropNoOps.name})  # passes that change no number

Tell = Callable[[str], None]


class Export(NamedTuple):
    """An artifact that was written: its size in bytes, what fired, how far it is from its model."""

    path: Path
    format: str
    size: int
    rewriting: Rewriting
    verified: Verified | None


def tolerance(form: str, dtype: str, rewriting: Rewriting) -> float:
    """Return how far an artifact may be from its model, in parts of the largest value.

    What Keras and TensorFlow load again without a pass having fired is the same to the last bit.
    """
    if dtype == "float16":
        return 1e-2
    if form in CONVERTED:
        return 1e-4
    return 1e-5 if _fired(rewriting).keys() - _EXACT else 0.0


def _fired(rewriting: Rewriting) -> dict[str, int]:
    """Return how often each pass fired that did."""
    fired: dict[str, int] = {}
    for step in rewriting.steps:
        if step.notes:
            fired[step.name] = fired.get(step.name, 0) + len(step.notes)
    return fired


def require_format(form: str, dtype: str) -> None:
    """Raise UsageError E503 where there is no such format, or not in this type."""
    if form not in FORMATS:
        fault = Fault("E503", f"there is no format {named(form)}")
        raise UsageError(replace(fault, notes=(f"the formats are {', '.join(FORMATS)}",)))
    if dtype not in DTYPES or (dtype == "float16" and form not in CONVERTED):
        message = f"{form} is not written in {named(dtype)}"
        note = f"float16 is for {' and '.join(CONVERTED)}, float32 for all"
        raise UsageError(Fault("E503", message, notes=(note,)))


def require_place(path: Path, form: str) -> None:
    """Raise where an artifact cannot be written, before the minutes that it may take.

    Raises:
        UsageError: E503, the name does not end as the format's do, or what stands there is not an
            artifact that archgen wrote, and nothing else.
        OSError: there is no folder around it.
    """
    suffix = SUFFIXES[form]
    if suffix and path.suffix != suffix:
        raise UsageError(Fault("E503", f"the name of a file of {form} ends in {suffix}"))
    path.absolute().parent.stat()
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    advice = "choose another name, or remove it first"
    try:
        _require_ours(path)
    except UsageError as error:
        message = f"{path} is there already, and no artifact that archgen may replace"
        note = error.faults[0].message
        raise UsageError(Fault("E503", message, notes=(note,), help=advice)) from error
    except ArtifactError as error:
        message = f"{path} is there already, and changed since archgen wrote it"
        notes = tuple(fault.message for fault in error.faults[:3])
        raise UsageError(Fault("E503", message, notes=notes, help=advice)) from error


def _require_ours(path: Path) -> None:
    """Raise UsageError or ArtifactError where archgen did not write what stands there."""
    if path.suffix == SUFFIXES["keras"] and not is_artifact(path):
        saved_provenance(path)  # of `archgen build`, which writes no manifest
    else:
        verify(path)


@dataclass(frozen=True)
class Work:
    """What is to be written: a model, what passes make of it, the format, what goes beside it.

    The graph and the weights of ``content`` are made while it is written.
    """

    model: "keras.Model"
    rewriting: Rewriting
    form: str
    content: Content

    @property
    def tolerance(self) -> float:
        """Return how far the artifact may be from the model."""
        return tolerance(self.form, self.content.dtype, self.rewriting)


def export_model(work: Work, path: Path, tell: Tell, reader: Reader | None = None) -> Export:
    """Write a model as an artifact; what stands at ``path`` is replaced if all went well.

    ``reader`` loads it again; without one it is not verified.

    Raises:
        ArtifactError: E514, it answers otherwise than the model.
        MachineError: E505, Keras does not run on TensorFlow; E509, a package is not installed.
        OSError: it cannot be written.
    """
    _require_tensorflow(work.form)
    replacing = replacing_folder if work.form == "savedmodel" else replacing_file
    weights = apply(work.rewriting, weights_of(work.model))
    work = replace(work, content=replace(work.content, graph=work.rewriting.graph, weights=weights))
    with replacing(path) as new:
        tell(f"writing {work.form}")
        WRITERS[work.form](work.content, new)
        if reader is not None:
            tell("loading it again in a fresh process")
            reader.ask(new, work.rewriting.graph, as_stored=not work.tolerance)
        files = contents(new)  # while it is loaded
        verified = None if reader is None else _verified(work, reader)
        seal(new, _manifest(work, verified, files))
    return Export(path, work.form, _size(path), work.rewriting, verified)


def _require_tensorflow(form: str) -> None:
    import keras

    if form != "keras" and (backend := keras.backend.backend()) != "tensorflow":
        message = f"{form} is written by TensorFlow, and Keras runs on {backend}"
        advice = "set KERAS_BACKEND=tensorflow; weights saved on any backend fit"
        raise MachineError(Fault("E505", message, help=advice))


def _verified(work: Work, reader: Reader) -> Verified:
    """Return how far the artifact is from the model; Raises ArtifactError E514 beyond tolerance."""
    graph, allowed = work.rewriting.graph, work.tolerance
    expected = answers_of(_in_float32(work), work.rewriting.before)
    kept = told_by({name: expected[name] for name in graph.outputs}, graph, work.content.dtype)
    if is_constant(kept):
        message = "the model answers the same to every image, so nothing can be verified"
        notes = ("its outputs are saturated, or some layer lets nothing through",)
        advice = "`--no-verify` writes it all the same"
        raise ArtifactError(Fault("E514", message, notes=notes, help=advice))
    far = difference(told_by(reader.answers(), graph, work.content.dtype), kept)
    if far > allowed:
        message = (
            f"the artifact answers otherwise than the model, by {far:.2g} of its largest value"
        )
        notes = (f"allowed is {allowed:g}; nothing was written",)
        raise ArtifactError(Fault("E514", message, notes=notes))
    return Verified(difference=far, tolerance=allowed, images=IMAGES, seed=SEED)


def _in_float32(work: Work) -> "keras.Model":
    """Return the model, or one with its weights that computes in float32 as the artifact does."""
    import keras

    if all(layer.compute_dtype == "float32" for layer in work.model.layers):
        return work.model
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        model = build_model(work.rewriting.before)
    finally:
        keras.config.set_dtype_policy(policy)
    load_into(model, weights_of(work.model))
    return model


def _manifest(work: Work, verified: Verified | None, files: dict[str, Measured]) -> Manifest:
    return Manifest(
        artifact=work.form,
        dtype=work.content.dtype,
        outputs=tuple(work.rewriting.graph.outputs),
        versions={package: _version(package) for package in ("archgen", *PACKAGES[work.form])},
        passes=_fired(work.rewriting),
        verified=verified,
        files=files,
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # archgen, run from a clone
        return "not installed"


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size
