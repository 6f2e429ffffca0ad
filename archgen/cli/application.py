"""The program that the verbs join, the arguments they share, and what an argument means."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from archgen.arguments import limits_of
from archgen.artifacts import SUFFIXES
from archgen.cli.printing import say
from archgen.intake import standard_input
from archgen.library import names
from archgen.limits import raised

STDIN = "<stdin>"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Spec = Annotated[
    str, typer.Argument(help="A shipped name, a file ending in .json, or - for stdin.")
]
Input = Annotated[
    str | None, typer.Option("--input", metavar="HxWxC", help="Another input, such as 150x150x3.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Another parameter value.")
]


def _hold_limits(context: typer.Context, settings: list[str] | None) -> None:
    held = context.find_object(ExitStack)
    if settings and held is not None:
        held.enter_context(raised(limits_of(settings)))


# In force until the command ends and all its faults are told, so no verb has to look at it.
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=NUMBER",
        help="Another limit; `archgen explain limits` lists them.",
        callback=_hold_limits,
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            say(f"archgen {version('archgen')}")
        except PackageNotFoundError:
            say("archgen, not installed")
        raise typer.Exit


@app.callback()
def _global(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Neural architectures as data: checked without TensorFlow, built as Keras models."""


def artifact_of(spec: str) -> Path | None:
    """Return the path of an artifact where a spec's argument is one: no name and no ``.json``."""
    path = Path(spec)
    if path.suffix in filter(None, SUFFIXES.values()):
        return path
    is_name = spec == "-" or spec.endswith(".json") or spec in names()
    return None if is_name or not path.is_dir() else path


def source_of(spec: str) -> str | Path | bytes:
    """Return what the API is asked for: a shipped name, a path, or the bytes of standard input."""
    if spec == "-":
        return standard_input()
    return Path(spec) if spec.endswith(".json") else spec
