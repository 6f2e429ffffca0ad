"""The verbs that show what there is: `list`, `show`, `schema`."""

import json
import sys
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from archgen import api
from archgen.arguments import Scalar, parameters_of, shape_of
from archgen.cli.application import Input, Limit, Set, Spec, app, artifact_of, source_of
from archgen.cli.printing import plain, say
from archgen.exports import made_of, told
from archgen.ir import Shape
from archgen.library import names
from archgen.provenance import rebuilt


class ListFormat(StrEnum):
    """How `list` prints."""

    table = "table"
    short = "short"
    json = "json"


class ShowFormat(StrEnum):
    """How `show` prints."""

    text = "text"
    md = "md"
    json = "json"


@app.command(name="list")
def list_specs(form: Annotated[ListFormat | None, typer.Option("--format")] = None) -> int:
    """List the shipped specs."""
    known = names()
    if form is ListFormat.json:
        say(json.dumps(list(known)))
    elif form is ListFormat.short or (form is None and not sys.stdout.isatty()):
        say("\n".join(known))
    else:
        width = max(map(len, known))
        say("\n".join(f"{name:{width}}  {api.load(name).title}" for name in known))
    return 0


@app.command()
def show(
    spec: Spec,
    input_shape: Input = None,
    settings: Set = None,
    _limits: Limit = None,
    depth: Annotated[int, typer.Option(min=0, help="Components of names that a row keeps.")] = 1,
    form: Annotated[ShowFormat, typer.Option("--format")] = ShowFormat.text,
    *,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print the merged spec itself.")
    ] = False,
    about: Annotated[
        bool, typer.Option("--about", help="Tell sources, deviations and published figures.")
    ] = False,
) -> int:
    """Show what a network costs, layer by layer or folded."""
    if resolved and (input_shape or settings or form is ShowFormat.md or about):
        message = "--resolved prints the spec: no --input, --set, --about or --format md with it"
        raise typer.BadParameter(message)
    if about and (input_shape or settings or depth != 1):
        message = "--about tells of the spec as it stands: no --input, --set or --depth with it"
        raise typer.BadParameter(message)
    source, shape, parameters = _source_of(spec, input_shape, settings)
    if resolved:
        say(api.resolved(source), end="")
    elif about:
        found = api.about(source)
        _print(form, found.record, found.markdown, found.text)
    else:
        table = api.table(source, shape, **parameters)
        _print(form, table.record, partial(table.markdown, depth), partial(table.text, depth))
        if form is ShowFormat.text and (path := artifact_of(spec)) is not None:
            say(plain("\n".join(told(path))))
    return 0


def _source_of(
    spec: str, input_shape: str | None, settings: list[str] | None
) -> tuple[str | Path | bytes, Shape | None, dict[str, Scalar]]:
    """Return a spec with its input and parameters; those of an artifact where none are given."""
    shape, parameters = shape_of(input_shape), parameters_of(settings)
    path = artifact_of(spec)
    if path is None:
        return source_of(spec), shape, parameters
    provenance = made_of(path)
    rebuilt(provenance, str(path))  # which extends nothing
    source = provenance.spec.encode()
    return source, shape or provenance.input, {**provenance.parameters, **parameters}


def _print(
    form: ShowFormat,
    record: Callable[[], object],
    markdown: Callable[[], str],
    text: Callable[[], str],
) -> None:
    """Print one of the forms; the others are not made."""
    if form is ShowFormat.json:
        say(json.dumps(record()))
    else:
        say(markdown() if form is ShowFormat.md else text(), end="")


@app.command()
def schema() -> int:
    """Print the JSON Schema of specs."""
    say(api.schema(), end="")
    return 0
