"""The verb `fit`."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archgen import api
from archgen.arguments import amount_of, parameters_of, shape_of
from archgen.cli.application import Limit, Set, app
from archgen.cli.printing import complain, plain, say
from archgen.fitting.fitted import Fitted


class FitFormat(StrEnum):
    """How `fit` prints."""

    text = "text"
    json = "json"


def _amount(text: str) -> int:
    try:
        return amount_of(text)
    except ValueError:
        message = f"a number such as 800000, 500k or 1M is wanted, not {plain(text)}"
        raise typer.BadParameter(message) from None


@app.command()
def fit(
    spec: Annotated[str, typer.Argument(help="A shipped name or a file ending in .json.")],
    input_shape: Annotated[
        str | None, typer.Option("--input", metavar="HxWxC", help="The new input: 28x28x1.")
    ] = None,
    classes: Annotated[int | None, typer.Option(min=1, help="How many it tells apart.")] = None,
    settings: Set = None,
    max_params: Annotated[
        int | None,
        typer.Option(parser=_amount, metavar="NUMBER", help="At most so many parameters: 1M."),
    ] = None,
    max_macs: Annotated[
        int | None,
        typer.Option(parser=_amount, metavar="NUMBER", help="At most so many MACs an image: 50M."),
    ] = None,
    last_map: Annotated[
        int, typer.Option(min=1, help="The least height and width in front of the classifier.")
    ] = 2,
    show: Annotated[int, typer.Option(min=1, max=20, help="Show so many answers.")] = 1,
    take: Annotated[int, typer.Option(min=1, max=20, help="Take this one of them.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The new spec, a name ending in .json.")
    ] = None,
    form: Annotated[FitFormat, typer.Option("--format")] = FitFormat.text,
    _limits: Limit = None,
) -> int:
    """Fit a network to another input: a new spec that states the fewest changes."""
    if spec == "-":
        raise typer.BadParameter("the new spec extends the one it fits, so that needs a name")
    parameters = parameters_of(settings) | ({} if classes is None else {"classes": classes})
    fitted = api.fit(
        Path(spec) if spec.endswith(".json") else spec,
        shape_of(input_shape),
        max_params=max_params,
        max_macs=max_macs,
        last_map=last_map,
        show=show,
        take=take,
        output=output,
        **parameters,
    )
    _tell(fitted, output, form)
    return 0


def _tell(fitted: Fitted, output: Path | None, form: FitFormat) -> None:
    """Print the new spec alone to where a program reads, what was done to where a user does."""
    if form is FitFormat.json:
        say(json.dumps(fitted.record(), ensure_ascii=False))
    elif output is None:
        complain(fitted.text())
        say(fitted.spec_text(), end="")
    else:
        say(plain(fitted.text()))
    if output is not None and form is FitFormat.text:
        picture = output.with_suffix(".svg")
        following = f"archgen check {output}, archgen render {output} -o {picture}"
        say(plain(f"wrote {output}; next: {following}"))
