"""The verb `build`."""

from pathlib import Path
from typing import Annotated

import typer

from archgen import api
from archgen.arguments import parameters_of, shape_of
from archgen.backends.importing import import_keras
from archgen.backends.saving import save_model
from archgen.cli.application import Input, Limit, Set, Spec, app, source_of
from archgen.cli.printing import say
from archgen.cli.refusing import writing
from archgen.diagnostics import Fault, UsageError
from archgen.files import replacing_file
from archgen.provenance import record_of


@app.command()
def build(
    spec: Spec,
    output: Annotated[Path, typer.Option("--output", "-o", help="A name ending in .keras.")],
    input_shape: Input = None,
    settings: Set = None,
    _limits: Limit = None,
    weights: Annotated[Path | None, typer.Option(help="A .weights.h5 or .keras file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Makes the weights reproducible.")] = None,
) -> int:
    """Build the Keras model and save it."""
    if output.suffix != ".keras":
        raise UsageError(Fault("E503", f"a Keras model's name ends in .keras, not {output.name}"))
    source, parameters = source_of(spec), parameters_of(settings)
    graph = api.graph(source, shape_of(input_shape), **parameters)
    with writing(output):
        output.parent.stat()  # before the minutes that a large model takes
    provenance = record_of(api.load(source), graph, parameters)
    import_keras()
    model = api.build(graph, weights=weights, seed=seed)
    with writing(output), replacing_file(output) as path:
        save_model(model, path, provenance)
    size = output.stat().st_size / 1e6
    say(f"{output}: {graph.name}, {model.count_params():,} parameters, {size:.1f} MB")
    return 0
