"""The verb `code`."""

from pathlib import Path
from typing import Annotated

import typer

from archgen import api
from archgen.arguments import parameters_of, shape_of
from archgen.cli.application import Input, Limit, Set, Spec, app, source_of
from archgen.cli.printing import plain, say
from archgen.cli.refusing import writing
from archgen.diagnostics import Fault, UsageError
from archgen.files import write_text

Output = Annotated[Path | None, typer.Option("--output", "-o", help="A name ending in .py.")]


@app.command()
def code(
    spec: Spec,
    output: Output = None,
    input_shape: Input = None,
    settings: Set = None,
    _limits: Limit = None,
) -> int:
    """Write Python source that makes the model with Keras alone."""
    if output is not None and output.suffix != ".py":
        message = f"a Python source's name ends in .py, not {output.name}"
        raise UsageError(Fault("E503", message))
    text = api.code(source_of(spec), shape_of(input_shape), **parameters_of(settings))
    if output is None:
        say(text, end="")
        return 0
    with writing(output):
        write_text(output, text)
    say(plain(f"wrote {output}: {text.count(chr(10))} lines"))
    return 0
