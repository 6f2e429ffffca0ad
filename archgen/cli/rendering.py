"""The verb `render`."""

import tempfile
import webbrowser
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archgen.arguments import parameters_of, shape_of
from archgen.cli.application import Input, Limit, Set, Spec, app, source_of
from archgen.cli.printing import complain_of, plain, say
from archgen.diagnostics import Fault, UsageError
from archgen.pictures import OF_TEXT, Picture, drawn, form_of, seen, written
from archgen.render.forms import Wish, require
from archgen.watching import Watched, serving


class PictureForm(StrEnum):
    """The forms of a picture."""

    svg = "svg"
    png = "png"
    pdf = "pdf"
    html = "html"
    dot = "dot"
    mmd = "mmd"
    json = "json"


class PictureView(StrEnum):
    """What a picture shows."""

    overview = "overview"
    module = "module"
    poster = "poster"
    layers = "layers"


class PictureTheme(StrEnum):
    """A picture's colours."""

    light = "light"
    dark = "dark"
    auto = "auto"


class Direction(StrEnum):
    """Where a picture's flow runs."""

    down = "down"
    up = "up"
    right = "right"


Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file; its ending is the form.")
]


@app.command()
def render(
    spec: Spec,
    output: Output = None,
    form: Annotated[
        PictureForm | None, typer.Option("--format", help="The form, whatever the file is called.")
    ] = None,
    view: Annotated[PictureView, typer.Option(help="What to show.")] = PictureView.overview,
    module: Annotated[
        str | None, typer.Option(metavar="NAME", help="One module, or one use of it.")
    ] = None,
    detail: Annotated[
        int, typer.Option(min=0, max=2, help="1 adds shapes, 2 parameters and MACs.")
    ] = 0,
    theme: Annotated[
        PictureTheme | None, typer.Option(help="Its colours; auto are the reader's.")
    ] = None,
    direction: Annotated[Direction, typer.Option(help="Of the flow.")] = Direction.down,
    unfold: Annotated[
        bool, typer.Option("--unfold", help="Every copy of a module by itself.")
    ] = False,
    input_shape: Input = None,
    settings: Set = None,
    _limits: Limit = None,
    *,
    opened: Annotated[
        bool, typer.Option("--open", help="Show it in the browser: the page to explore.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Serve the page, and show every change of the spec.")
    ] = False,
) -> int:
    """Draw a network: as a picture, a page to explore, or text for another program."""
    wish = Wish(view, module, detail, theme, direction)
    kind = str(form or ("html" if (opened or watch) and output is None else form_of(output)))
    require(wish, kind)
    shape, parameters = shape_of(input_shape), parameters_of(settings)
    if watch:
        if output is not None or kind != "html" or not spec.endswith(".json"):
            raise typer.BadParameter("--watch shows the page of a file, and writes nothing")
        watched = Watched(Path(spec), shape, parameters, wish.theme_of(kind), unfold)
        _watch(watched, opened=opened)
        return 0
    network = seen(source_of(spec), shape, parameters, unfold=unfold)
    made = drawn(network, kind, wish)
    _deliver(made, output, opened=opened)
    if made.faults:
        complain_of(made.faults)
    return int(bool(made.faults))


def _watch(watched: Watched, *, opened: bool) -> None:
    """Serve the page of a spec, and of every change of it, until Ctrl-C."""
    with serving(watched) as url:
        say(f"{url} shows every change of {plain(str(watched.path))}; Ctrl-C ends it")
        if opened:
            webbrowser.open(url)
        watched.follow()


def _deliver(made: Picture, output: Path | None, *, opened: bool) -> None:
    """Write a picture, show it, or print it where it is text."""
    if output is None and not opened:
        if made.format not in OF_TEXT:
            message = f"{made.format} is no text to print"
            raise UsageError(Fault("E510", message, help="name a file with `-o`"))
        say(made.text, end="")
        return
    path = output or Path(tempfile.mkdtemp(prefix="archgen-")) / f"network.{made.format}"
    written(made, path)
    say(plain(f"wrote {path}"))
    if opened:
        webbrowser.open(path.resolve().as_uri())
