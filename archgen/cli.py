"""The command line: the verbs, the only printing, the only exit codes.

0 fine, 1 the spec has faults, 2 wrong usage, 3 the machine lacks something, 70 a bug of archgen,
130 Ctrl-C. Faults are the result of `check`, so they go to standard output there, and to standard
error elsewhere. Of several files each has its turn, whatever is wrong with another.
"""

import io
import json
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from archgen import api
from archgen.arguments import parameters_of, shape_of
from archgen.backends.importing import import_keras
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
from archgen.library import names
from archgen.limits import LIMITS

OUR_BUG, INTERRUPTED = 70, 130
SHOWN_FAULTS = 50
STDIN = "<stdin>"
Result = TypeVar("Result")

app = typer.Typer(
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


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"archgen {version('archgen')}")
        except PackageNotFoundError:
            print("archgen, not installed")
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
    arguments = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal may lack the sign ×
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        result = app(args=arguments, prog_name="archgen", standalone_mode=False)
        sys.stdout.flush()
    except ArchgenError as error:
        return _refused(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # Typer makes this of a broken pipe, and of nothing else
        return _unread()
    except Exception as error:  # noqa: BLE001 - whatever else comes out is a bug of ours
        return _unexpected(error)
    return result if isinstance(result, int) else 0


def _refused(error: ArchgenError) -> int:
    _complain("\n\n".join(_shown(error.faults)))
    return error.exit_code


def _unread() -> int:
    """Leave quietly: who reads our output has seen enough of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


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
    print(_plain(text), file=sys.stderr)


def _plain(text: str) -> str:
    """Return text of a stranger's spec without what would move a terminal's cursor."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)


def _shown(faults: Sequence[Fault]) -> list[str]:
    """Return the first faults as text, and how many more there are."""
    shown = [render_fault(fault) for fault in faults[:SHOWN_FAULTS]]
    more = len(faults) - len(shown)
    return [*shown, f"… and {more:,} more"] if more else shown


# ── reading the command line ──────────────────────────────────────────────────────────────────────


def _source(spec: str) -> str | Path | bytes:
    if spec == "-":
        return _stdin()
    return Path(spec) if spec.endswith(".json") else spec


def _stdin() -> bytes:
    return sys.stdin.buffer.read(LIMITS.file_bytes + 1)


def _each(
    given: Iterable[str], act: Callable[[str], Result]
) -> tuple[list[tuple[str, Result]], int]:
    """Act on every file; return the results there are, and the exit code of the worst failure."""
    results, worst = [], 0
    for one in given:
        try:
            results.append((one, act(one)))
        except ArchgenError as error:
            worst = max(worst, _refused(error))
    return results, worst


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
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print the merged spec itself.")
    ] = False,
) -> int:
    """Show what a network costs, layer by layer or folded."""
    if resolved and (input_shape or settings or form is ShowFormat.md):
        message = "--resolved prints the spec, so it takes no --input, --set or --format md"
        raise typer.BadParameter(message)
    if resolved:
        print(api.resolved(_source(spec)), end="")
        return 0
    table = api.table(_source(spec), shape_of(input_shape), **parameters_of(settings))
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
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as faults.")] = False,
) -> int:
    """Check specs; prints every fault with its place."""
    shape, parameters = shape_of(input_shape), parameters_of(settings)
    found, failed = _each(specs, lambda spec: api.check(_source(spec), shape, **parameters))
    faults = [fault for _, listed in found for fault in listed]
    if form is CheckFormat.json:
        print(json.dumps([fault_record(fault) for fault in faults]))
    elif form is CheckFormat.short:
        print("".join(f"{_plain(render_short(fault))}\n" for fault in faults), end="")
    else:
        _report(found, faults)
    return failed or int(any(strict or fault.severity == "error" for fault in faults))


def _report(found: list[tuple[str, tuple[Fault, ...]]], faults: list[Fault]) -> None:
    """Print the specs that are fine, then the faults of the others; count them for a reader."""
    for spec, listed in found:
        if not listed:
            print(_plain(f"{spec}: fine"))
    if faults:
        print(_plain("\n\n".join(_shown(faults))))
        counts = Counter(fault.severity for fault in faults)
        counted = " and ".join(f"{n:,} {kind}{'s' * (n > 1)}" for kind, n in counts.items())
        faulty = sum(bool(listed) for _, listed in found)
        _complain(f"\n{counted} in {faulty} of {len(found)} specs")


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
    graph = api.graph(_source(spec), shape_of(input_shape), **parameters_of(settings))
    with _writing(output):
        output.parent.stat()  # before the minutes that a large model takes
    import_keras()
    model = api.build(graph, weights=weights, seed=seed)
    with _writing(output), replacing_file(output) as path:
        model.save(path)
    size = output.stat().st_size / 1e6
    print(f"{output}: {graph.name}, {model.count_params():,} parameters, {size:.1f} MB")
    return 0


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The name of the new spec.")],
    base: Annotated[
        str | None, typer.Option("--from", help="A shipped spec, or a file below, to extend.")
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> int:
    """Write a first spec of one's own, and the schema for the editor beside it."""
    path, schema_path = Path(f"{name}.json"), Path(api.SCHEMA_NAME)
    text = api.new(name, base)
    if path.exists() and not force:
        raise UsageError(Fault("E503", f"{path} is there already; --force replaces it"))
    for target, content in ((path, text), (schema_path, api.schema())):
        if not target.is_file() or _bytes(target) != content.encode():
            _write(target, content)
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
    done, failed = _each(files, lambda file: _formatted(file, check_only=check_only))
    changed = [file for file, differs in done if differs]
    for file in changed:
        if check_only or file != "-":
            print(_plain(f"{file}: {'would change' if check_only else 'rewritten'}"))
    return failed or int(check_only and bool(changed))


def _formatted(file: str, *, check_only: bool) -> bool:
    """Lay out one file; say whether its text is another now."""
    path = Path(file)
    before = _stdin() if file == "-" else _bytes(path)
    after = api.format_spec(before, STDIN if file == "-" else file)
    differs = after.encode() != before
    if file == "-" and not check_only:
        print(after, end="")
    elif differs and not check_only:
        _write(path, after)
    return differs


def _bytes(path: Path) -> bytes:
    """Read a file, but no more than one byte above what archgen takes."""
    try:
        with path.open("rb") as file:
            return file.read(LIMITS.file_bytes + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(Fault("E502", f"cannot read {path}: {reason}")) from error


def _write(path: Path, text: str) -> None:
    with _writing(path):
        write_text(path, text)


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
