"""The verb `verify`."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from importlib import import_module
from math import isfinite
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archgen import api
from archgen.arguments import Scalar, parameters_of, shape_of
from archgen.artifacts import verify as verify_artifact
from archgen.backends.applications import application_of
from archgen.backends.importing import import_keras
from archgen.backends.saving import saved_provenance
from archgen.backends.verifying import TOLERANCE, Verification
from archgen.cli.application import Input, Limit, Set, Spec, app, artifact_of, source_of
from archgen.cli.printing import complain, plain, say
from archgen.diagnostics import Fault, MachineError
from archgen.exports import told
from archgen.ir import Graph, shape_text

if TYPE_CHECKING:
    import keras

_NAME = r"[^\W\d]\w*"
_FUNCTION = re.compile(rf"({_NAME}(?:\.{_NAME})*):({_NAME}(?:\.{_NAME})*)")


class VerifyFormat(StrEnum):
    """How `verify` prints."""

    text = "text"
    json = "json"


@app.command()
def verify(
    spec: Spec,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.keras|MODULE:FUNCTION",
            help="A file that archgen build wrote, or a function of yours that returns a "
            "keras.Model; its code is run.",
        ),
    ] = None,
    input_shape: Input = None,
    settings: Set = None,
    _limits: Limit = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the weights and the image.")] = 0,
    form: Annotated[VerifyFormat, typer.Option("--format")] = VerifyFormat.text,
) -> int:
    """Compare a network with another implementation under the same random weights.

    That of keras.applications, a file that archgen wrote or the model that a function returns.

    A file is compared under its own weights, too; it gives the input and parameters not given here.
    Of an artifact that archgen exported: say whether every byte is as it was written.
    """
    if (artifact := artifact_of(spec)) is not None:
        if against or input_shape or settings:
            raise typer.BadParameter("an artifact is compared with nothing but its own manifest")
        return _intact(artifact, form)
    path = Path(against) if against and against.endswith(".keras") else None
    function = _named(against) if against and not path else None
    source, shape, parameters = source_of(spec), shape_of(input_shape), parameters_of(settings)
    known = api.load(source)
    if path:
        shape, parameters = saved_provenance(path).settings(known, shape, parameters)
    graph = api.graph(source, shape, **parameters)
    partner = against or application_of(known.name).path
    import_keras()
    if path:
        found = api.verify(graph, path, seed=seed)
    elif function:
        found = api.verify(graph, _returned(*function), seed=seed)
    else:
        found = api.verify(known, input_shape=shape, seed=seed, **parameters)
    if form is VerifyFormat.json:
        say(json.dumps(_record(graph, partner, seed, found, parameters)))
    else:
        say(plain("\n".join(_lines(graph, partner, seed, found, parameters))))
    return 0 if found.agrees else 1


def _intact(path: Path, form: VerifyFormat) -> int:
    """Tell that an artifact is as it was written; Raises ArtifactError E513 where it is not."""
    try:
        manifest = verify_artifact(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MachineError(Fault("E502", f"cannot read {path}: {reason}")) from error
    if form is VerifyFormat.json:
        say(manifest.content().decode(), end="")
    else:
        size = sum(each.bytes for each in manifest.files.values())
        count = f"{len(manifest.files)} file{'s' if len(manifest.files) > 1 else ''}"
        say(plain("\n".join([f"{path}: as it was written, {count}, {size:,} bytes", *told(path)])))
    return 0


def _named(against: str) -> tuple[str, str]:
    """Return the names of a module and of a function in it."""
    match = _FUNCTION.fullmatch(against)
    if match is None:
        message = f"--against wants FILE.keras or module:function, not {against}"
        if against.endswith(".h5"):
            message += "; such a file does not say whose weights it holds"
        raise typer.BadParameter(message)
    return match[1], match[2]


def _returned(module: str, function: str) -> "keras.Model":
    """Return the model that a function makes, having said that it runs.

    Raises:
        MachineError: E502, the module has none, or what it returns is no Keras model.
    """
    import keras

    complain(f"running {function} of the module {module}: code that archgen does not check")
    try:
        with _folder_first():
            made = attrgetter(function)(import_module(module))()
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:  # whatever the code of others raises
        reason = str(error).strip().partition("\n")[0]
        message = f"{module}:{function} fails: {type(error).__name__}: {reason}"
        raise MachineError(Fault("E502", message)) from error
    if not isinstance(made, keras.Model):
        message = f"{module}:{function} returns a {type(made).__name__}, no keras.Model"
        raise MachineError(Fault("E502", message))
    return made


@contextmanager
def _folder_first() -> Iterator[None]:
    """Let modules in the current folder be found, only as long as the function is looked for."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with suppress(ValueError):  # that code may have changed it, too
            sys.path.remove(folder)


def _lines(
    graph: Graph, partner: str, seed: int, found: Verification, parameters: Mapping[str, Scalar]
) -> list[str]:
    (shape,) = graph.inputs.values()
    under = ""
    if found.own_difference is not None:
        under = f" under its own weights, {found.difference:.2g} under random ones"
    first = found.difference if found.own_difference is None else found.own_difference
    lines = [
        f"{graph.name} and {partner} at {shape_text(shape)}, seed {seed}",
        f"{len(found.pairs)} pairs of layers with weights",
        f"largest relative difference {first:.2g}{under}, allowed {TOLERANCE:g}",
    ]
    if parameters:
        told = ", ".join(f"{name}={json.dumps(value)}" for name, value in parameters.items())
        lines[0] += f", {told}"
    if found.first is not None:
        lines.append(f"the first node that differs is {found.first}")
    return [*lines, "the same" if found.agrees else "not the same"]


def _record(
    graph: Graph, partner: str, seed: int, found: Verification, parameters: Mapping[str, Scalar]
) -> dict[str, object]:
    (shape,) = graph.inputs.values()
    return {
        "spec": graph.name,
        "against": partner,
        "input": list(shape),
        "parameters": parameters,
        "seed": seed,
        "agrees": found.agrees,
        "difference": _finite(found.difference),
        "own_difference": _finite(found.own_difference),
        "tolerance": TOLERANCE,
        "first": found.first,
        "pairs": [list(pair) for pair in found.pairs],
    }


def _finite(difference: float | None) -> float | None:
    return difference if difference is not None and isfinite(difference) else None
