"""The command line: the verbs, the only printing, the only exit codes.

0 fine, 1 the spec has faults, 2 wrong usage, 3 the machine lacks something, 70 a bug of archgen,
130 Ctrl-C. Faults are the result of `check`, so they go to standard output there, and to standard
error elsewhere.
"""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archgen import api
from archgen.diagnostics import (
    ArchgenError,
    Fault,
    MachineError,
    UsageError,
    fault_record,
    render_fault,
    render_short,
)
from archgen.files import replacing_file, write_text
from archgen.ir import Shape
from archgen.library import names

OUR_BUG, INTERRUPTED = 70, 130

app = typer.Typer(
    help="Neural architectures as data: checked without TensorFlow, built as Keras models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class ListFormat(StrEnum):
    """How `list` prints."""

    table = "table"
    short = "short"
    json = "json"


class CheckFormat(StrEnum):
    """How `check` prints."""

    text = "text"
    short = "short"
    json = "json"


class ShowFormat(StrEnum):
    """How `show` prints."""

    text = "text"
    md = "md"
    json = "json"


Spec = Annotated[
    str, typer.Argument(help="A shipped name, a file ending in .json, or - for stdin.")
]
Input = Annotated[
    str | None, typer.Option("--input", metavar="HxWxC", help="Another input, such as 150x150x3.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Another parameter value.")
]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        result = app(args=list(sys.argv[1:] if argv is None else argv), standalone_mode=False)
    except ArchgenError as error:
        _complain("\n\n".join(map(render_fault, error.faults)))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - whatever else comes out is a bug of ours
        return _unexpected(error)
    return result if isinstance(result, int) else 0


def _unexpected(error: Exception) -> int:
    """Report a usage error of the command line as such, anything else as a bug."""
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(code, int):
        show()
        return code
    if type(error).__name__ in ("Abort", "Exit"):
        return int(getattr(error, "exit_code", INTERRUPTED))
    traceback.print_exception(error)
    _complain("this is a bug of archgen, not of the spec; please report it with the lines above")
    return OUR_BUG


def _complain(text: str) -> None:
    print(text, file=sys.stderr)


# ── reading the command line ──────────────────────────────────────────────────────────────────────


def _source(spec: str) -> str | Path | bytes:
    if spec == "-":
        return sys.stdin.buffer.read()
    return Path(spec) if spec.endswith(".json") else spec


def _shape(text: str | None) -> Shape | None:
    if text is None:
        return None
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 3 or not all(part.isdecimal() and int(part) for part in parts):  # noqa: PLR2004
        message = f"--input wants height x width x channels, such as 150x150x3, not {text}"
        raise UsageError(Fault("E508", message))
    return tuple(map(int, parts))


def _parameters(settings: list[str] | None) -> dict[str, api.Scalar]:
    return dict(map(_setting, settings or []))


def _setting(text: str) -> tuple[str, api.Scalar]:
    """Read ``name=value``; the value is JSON where it can be, else text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(Fault("E507", f"--set wants name=value, not {text}"))
    try:
        parsed = json.loads(value)
    except ValueError:
        return name, value
    return name, value if isinstance(parsed, dict | list) else parsed


# ── verbs ─────────────────────────────────────────────────────────────────────────────────────────


@app.command(name="list")
def list_specs(form: Annotated[ListFormat | None, typer.Option("--format")] = None) -> int:
    """List the shipped specs."""
    known = names()
    if form is ListFormat.json:
        print(json.dumps(list(known)))
    elif form is ListFormat.short or (form is None and not sys.stdout.isatty()):
        print("\n".join(known))
    else:
        width = max(map(len, known))
        print("\n".join(f"{name:{width}}  {api.load(name).title}" for name in known))
    return 0


@app.command()
def show(
    spec: Spec,
    input_shape: Input = None,
    settings: Set = None,
    depth: Annotated[int, typer.Option(min=0, help="Components of names that a row keeps.")] = 1,
    form: Annotated[ShowFormat, typer.Option("--format")] = ShowFormat.text,
    *,
    resolved: Annotated[bool, typer.Option(help="Print the merged spec itself.")] = False,
) -> int:
    """Show what a network costs, layer by layer or folded."""
    source = _source(spec)
    if resolved:
        print(api.resolved(source), end="")
        return 0
    table = api.table(source, _shape(input_shape), **_parameters(settings))
    if form is ShowFormat.json:
        print(json.dumps(table.record()))
    else:
        print(table.markdown(depth) if form is ShowFormat.md else table.text(depth), end="")
    return 0


@app.command()
def check(
    specs: Annotated[list[str], typer.Argument(help="Shipped names, .json files, or - for stdin.")],
    input_shape: Input = None,
    settings: Set = None,
    form: Annotated[CheckFormat, typer.Option("--format")] = CheckFormat.text,
    *,
    strict: Annotated[bool, typer.Option(help="Warnings count as faults.")] = False,
) -> int:
    """Check specs; prints every fault with its place."""
    shape, parameters = _shape(input_shape), _parameters(settings)
    found = {spec: api.check(_source(spec), shape, **parameters) for spec in specs}
    faults = [fault for listed in found.values() for fault in listed]
    if form is CheckFormat.json:
        print(json.dumps([fault_record(fault) for fault in faults]))
    elif form is CheckFormat.short:
        print("".join(f"{render_short(fault)}\n" for fault in faults), end="")
    else:
        for spec, listed in found.items():
            print("\n\n".join(map(render_fault, listed)) + "\n" if listed else f"{spec}: fine")
    return int(any(strict or fault.severity == "error" for fault in faults))


@app.command()
def build(
    spec: Spec,
    output: Annotated[Path, typer.Option("--output", "-o", help="A name ending in .keras.")],
    input_shape: Input = None,
    settings: Set = None,
    weights: Annotated[Path | None, typer.Option(help="A .weights.h5 or .keras file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Makes the weights reproducible.")] = None,
) -> int:
    """Build the Keras model and save it."""
    if output.suffix != ".keras":
        raise UsageError(Fault("E503", f"a Keras model's name ends in .keras, not {output.name}"))
    graph = api.graph(_source(spec), _shape(input_shape), **_parameters(settings))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    model = api.build(graph, weights=weights, seed=seed)
    with _writing(output), replacing_file(output) as path:
        model.save(path)
    size = output.stat().st_size / 1e6
    print(f"{output}: {graph.name}, {model.count_params():,} parameters, {size:.1f} MB")
    return 0


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The name of the new spec.")],
    base: Annotated[str | None, typer.Option("--from", help="A shipped spec to extend.")] = None,
    *,
    force: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False,
) -> int:
    """Write a first spec of one's own, and the schema for the editor beside it."""
    path, schema_path = Path(f"{name}.json"), Path(api.SCHEMA_NAME)
    text = api.new(name, base)
    if path.exists() and not force:
        raise UsageError(Fault("E503", f"{path} is there already; --force replaces it"))
    with _writing(path):
        write_text(path, text)
        write_text(schema_path, api.schema())
    print(f"wrote {path} and {schema_path}; next: archgen check {path}, archgen show {path}")
    return 0


@app.command()
def fmt(
    files: Annotated[list[str], typer.Argument(help="Files to rewrite, or - for stdin to stdout.")],
    *,
    check_only: Annotated[
        bool, typer.Option("--check", help="Only say which would change.")
    ] = False,
) -> int:
    """Rewrite specs in the one canonical layout."""
    changed = [file for file in files if _formatted(file, check_only=check_only)]
    for file in changed:
        print(f"{file}: {'would change' if check_only else 'rewritten'}")
    return int(check_only and bool(changed))


def _formatted(file: str, *, check_only: bool) -> bool:
    """Lay out one file; say whether its text is another now."""
    if file == "-":
        print(api.format_spec(sys.stdin.buffer.read()), end="")
        return False
    path = Path(file)
    try:
        before = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(Fault("E502", f"cannot read {path}: {reason}")) from error
    after = api.format_spec(before, file)
    if after.encode() == before:
        return False
    if not check_only:
        with _writing(path):
            write_text(path, after)
    return True


@app.command()
def schema() -> int:
    """Print the JSON Schema of specs."""
    print(api.schema(), end="")
    return 0


class _writing:  # noqa: N801 - reads as a word in a with statement
    """Turns what goes wrong while writing into one clear line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError):
            reason = (error.strerror or str(error)).lower()
            raise MachineError(Fault("E503", f"cannot write {self.path}: {reason}")) from error
