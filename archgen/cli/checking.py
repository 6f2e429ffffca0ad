"""The verb `check`."""

import json
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from archgen import api
from archgen.arguments import parameters_of, shape_of
from archgen.cli.application import Input, Limit, Set, app, source_of
from archgen.cli.printing import complain, plain, say, say_faults
from archgen.cli.refusing import each
from archgen.diagnostics import SpecError
from archgen.echo import file_told
from archgen.input_sizes import Sizes
from archgen.ir import Shape
from archgen.record import Fault
from archgen.reports import at_least, fault_record, render_github, render_short


class CheckFormat(StrEnum):
    """How `check` prints."""

    text = "text"
    short = "short"
    json = "json"
    github = "github"


Checked = tuple[tuple[Fault, ...], Sizes | None]
ONE_LINE = {CheckFormat.short: render_short, CheckFormat.github: render_github}


@app.command()
def check(
    specs: Annotated[list[str], typer.Argument(help="Shipped names, .json files, or - for stdin.")],
    input_shape: Input = None,
    settings: Set = None,
    _limits: Limit = None,
    form: Annotated[CheckFormat, typer.Option("--format")] = CheckFormat.text,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as faults.")] = False,
    with_sizes: Annotated[
        bool, typer.Option("--sizes", help="Say which heights and widths work, too.")
    ] = False,
) -> int:
    """Check specs; prints every fault with its place."""
    shape, parameters = shape_of(input_shape), parameters_of(settings)

    def checked(spec: str) -> Checked:
        source = source_of(spec)
        faults = api.check(source, shape, **parameters)
        return faults, _sizes(source, shape, parameters) if with_sizes else None

    found, failed = each(specs, checked)
    faults = [fault for _, (listed, _) in found for fault in listed]
    if form is CheckFormat.json:
        say(json.dumps(_records(found) if with_sizes else list(map(fault_record, faults))))
    elif render := ONE_LINE.get(form):
        say("".join(f"{plain(render(fault))}\n" for fault in faults), end="")
    else:
        _report(found, faults)
    if form is not CheckFormat.json:
        _count(found, faults)
        lines = [
            line for spec, (_, sizes) in found if sizes for line in sizes.lines(file_told(spec))
        ]
        say("".join(f"{plain(line)}\n" for line in lines), end="")
    return failed or int(any(strict or fault.severity == "error" for fault in faults))


def _sizes(
    source: api.SpecLike, shape: Shape | None, parameters: Mapping[str, api.Scalar]
) -> Sizes | None:
    """Return which sizes work, None where faults that no size mends are told already."""
    try:
        return api.sizes(source, shape, **parameters)
    except SpecError:
        return None


def _records(found: list[tuple[str, Checked]]) -> list[dict[str, object]]:
    return [
        {
            "spec": spec,
            "faults": [fault_record(fault) for fault in faults],
            "sizes": sizes.record() if sizes else None,
        }
        for spec, (faults, sizes) in found
    ]


def _report(found: list[tuple[str, Checked]], faults: list[Fault]) -> None:
    """Print the specs that are fine, then the faults of the others."""
    for spec, (listed, _) in found:
        if not listed:
            say(plain(f"{file_told(spec)}: fine"))
    if faults:
        say_faults(faults)


def _count(found: list[tuple[str, Checked]], faults: list[Fault]) -> None:
    """Tell a reader how many faults there are, where that is more than one."""
    counts = Counter(fault.severity for fault in faults)
    counted = " and ".join(f"{n:,} {kind}{'s' * (n > 1)}" for kind, n in counts.items())
    faulty = sum(bool(listed) for _, (listed, _) in found)
    among = f" in {faulty} of {len(found)} specs" if len(found) > 1 else ""
    if faults and (among or len(faults) > 1):
        complain(f"\n{at_least(len(faults))}{counted}{among}")
