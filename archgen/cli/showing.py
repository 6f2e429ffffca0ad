"""The verbs that show what there is: `list`, `show`, `schema`."""

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer

from archgen import api
from archgen.arguments import parameters_of, shape_of
from archgen.cli.application import Input, Set, Spec, app, source_of
from archgen.cli.printing import say
from archgen.library import names


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
    depth: Annotated[int, typer.Option(min=0, help="Components of names that a row keeps.")] = 1,
    form: Annotated[ShowFormat, typer.Option("--format")] = ShowFormat.text,
    *,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print the merged spec itself.")
    ] = False,
) -> int:
    """Show what a network costs, layer by layer or folded."""
    if resolved and (input_shape or settings or form is ShowFormat.md):
        message = "--resolved prints the spec, so it takes no --input, --set or --format md"
        raise typer.BadParameter(message)
    if resolved:
        say(api.resolved(source_of(spec)), end="")
        return 0
    table = api.table(source_of(spec), shape_of(input_shape), **parameters_of(settings))
    if form is ShowFormat.json:
        say(json.dumps(table.record()))
    else:
        say(table.markdown(depth) if form is ShowFormat.md else table.text(depth), end="")
    return 0


@app.command()
def schema() -> int:
    """Print the JSON Schema of specs."""
    say(api.schema(), end="")
    return 0
