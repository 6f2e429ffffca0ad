"""The verb `explain`."""

import sys
from typing import Annotated

import typer

from archgen.cli.application import app
from archgen.cli.printing import say
from archgen.cli.terminal import look_of
from archgen.diagnostics import named
from archgen.explaining import explained, overview, similar_topic, topic_of


@app.command()
def explain(
    topic: Annotated[
        str | None, typer.Argument(metavar="CODE", help="A code such as E310, or limits.")
    ] = None,
) -> int:
    """Explain a code, with an example; without one, list them all."""
    look = look_of(sys.stdout)
    if topic is None:
        say(overview(look))
        return 0
    known = topic_of(topic)
    if known is None:
        match = similar_topic(topic)
        meant = f"; did you mean {match}?" if match else "; `archgen explain` lists the codes"
        raise typer.BadParameter(f"no code is called {named(topic)}{meant}")
    say(explained(known, look))
    return 0
