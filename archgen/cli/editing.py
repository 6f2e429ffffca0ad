"""The verbs that write specs: `new`, `fmt`."""

from pathlib import Path
from typing import Annotated

import typer

from archgen import api
from archgen.cli.application import STDIN, app
from archgen.cli.printing import plain, say
from archgen.cli.refusing import each, writing
from archgen.diagnostics import Fault, UsageError
from archgen.echo import file_told
from archgen.files import write_text
from archgen.intake import read_bytes, standard_input


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
        if not target.is_file() or read_bytes(target) != content.encode():
            _write(target, content)
    say(f"wrote {path} and {schema_path}; next: archgen check {path}, archgen show {path}")
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
    done, failed = each(files, lambda file: _formatted(file, check_only=check_only))
    changed = [file for file, differs in done if differs]
    for file in changed:
        if check_only or file != "-":
            say(plain(f"{file_told(file)}: {'would change' if check_only else 'rewritten'}"))
    return failed or int(check_only and bool(changed))


def _formatted(file: str, *, check_only: bool) -> bool:
    """Lay out one file; say whether its text is another now."""
    path = Path(file)
    before = standard_input() if file == "-" else read_bytes(path)
    after = api.format_spec(before, STDIN if file == "-" else file)
    differs = after.encode() != before
    if file == "-" and not check_only:
        say(after, end="")
    elif differs and not check_only:
        _write(path, after)
    return differs


def _write(path: Path, text: str) -> None:
    with writing(path):
        write_text(path, text)
