"""The verb `export`."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archgen import api
from archgen.arguments import parameters_of, shape_of
from archgen.artifacts import SUFFIXES
from archgen.backends.exporting import Export
from archgen.cli.application import Input, Limit, Set, Spec, app, source_of
from archgen.cli.printing import complain, plain, say
from archgen.exports import export as exported
from archgen.exports import handed_on, is_run, planned, verified_text
from archgen.passes import Rewriting, report, report_text


class ExportFormat(StrEnum):
    """The formats of an artifact."""

    savedmodel = "savedmodel"
    keras = "keras"
    onnx = "onnx"
    tflite = "tflite"


class ExportType(StrEnum):
    """The types of an artifact's weights."""

    float32 = "float32"
    float16 = "float16"


@app.command()
def export(
    spec: Spec,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A folder, or a file of the format.")
    ] = None,
    form: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="As the name ends, else savedmodel."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="A .weights.h5, .safetensors or .keras file.")
    ] = None,
    dtype: Annotated[
        ExportType, typer.Option(help="Of the weights; float16 for onnx and tflite.")
    ] = ExportType.float32,
    without: Annotated[
        list[str] | None, typer.Option(metavar="PASS", help="A pass that shall not run.")
    ] = None,
    input_shape: Input = None,
    settings: Set = None,
    _limits: Limit = None,
    seed: Annotated[int | None, typer.Option(help="Makes the weights reproducible.")] = None,
    *,
    heads: Annotated[bool, typer.Option("--heads", help="Keep the further outputs.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Tell what the passes would do, write nothing."),
    ] = False,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Do not load it again to compare its answers.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> int:
    """Write a network for serving: smaller, faster, and verified in a fresh process."""
    source = handed_on(spec)[0] if dry_run and is_run(spec) else source_of(spec)
    shape, parameters = shape_of(input_shape), parameters_of(settings)
    if dry_run:
        graph = api.graph(source, shape, **parameters)
        _plan(planned(graph, heads=heads, without=without or ()), as_json=as_json)
        return 0
    if output is None:
        raise typer.BadParameter("-o names the folder or file to write; --dry-run writes none")
    tell = _tell if sys.stderr.isatty() else None
    made = exported(
        source,
        output,
        format=str(form or _form_of(output)),
        weights=weights,
        heads=heads,
        without=without or (),
        dtype=str(dtype),
        verify=not no_verify,
        input_shape=shape,
        seed=seed,
        progress=tell,
        **parameters,
    )
    if as_json:
        say(json.dumps(_record(made)))
    else:
        say(plain("\n".join(_lines(made, weights))))
    return 0


def _form_of(output: Path) -> str:
    """Return the format that a name ends as: a folder is a SavedModel."""
    return next((form for form, end in SUFFIXES.items() if end == output.suffix), "savedmodel")


def _tell(stage: str) -> None:
    complain(f"{stage} …")


def _plan(rewriting: Rewriting, *, as_json: bool) -> None:
    if as_json:
        say(json.dumps([row._asdict() for row in report(rewriting)]))
    else:
        say(report_text(rewriting), end="")


def _lines(made: Export, weights: Path | None) -> list[str]:
    before, *_, after = report(made.rewriting)
    size = made.size / 1e6
    lines = [f"{made.path}: {made.rewriting.graph.name} as {made.format}, {size:.1f} MB"]
    if weights is not None:
        graph = made.rewriting.before
        count = sum(1 for node in graph if node.op.weights(graph.input_shapes(node)))
        lines.append(f"weights of {weights}: {count} of {count} layers, {before.params:,} numbers")
    lines.append(
        f"nodes {before.nodes:,} → {after.nodes:,}, parameters {before.params:,} → {after.params:,}"
        f", MACs {before.macs:,} → {after.macs:,}"
    )
    return [*lines, verified_text(made.verified)]


def _record(made: Export) -> dict[str, object]:
    return {
        "path": str(made.path),
        "format": made.format,
        "bytes": made.size,
        "passes": [row._asdict() for row in report(made.rewriting)],
        "verified": made.verified and made.verified.model_dump(),
    }
