"""The verb `check`."""

import json
from collections import Counter
from enum import StrEnum
from typing import Annotated

import typer

from archgen import api
from archgen.arguments import parameters_of, shape_of
from archgen.cli.application import Input, Limit, Set, app, source_of
from archgen.cli.printing import complain, plain, say, say_faults
from archgen.cli.refusing import each
from archgen.record import Fault
from archgen.reports import at_least, fault_record, render_github, render_short


class CheckFormat(StrEnum):
    """How `check` prints."""

    text = "text"
    short = "short"
    json = "json"
    github = "github"


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
) -> int:
    """Check specs; prints every fault with its place."""
    shape, parameters = shape_of(input_shape), parameters_of(settings)
    found, failed = each(specs, lambda spec: api.check(source_of(spec), shape, **parameters))
    faults = [fault for _, listed in found for fault in listed]
    if form is CheckFormat.json:
        say(json.dumps([fault_record(fault) for fault in faults]))
    elif render := ONE_LINE.get(form):
        say("".join(f"{plain(render(fault))}\n" for fault in faults), end="")
    else:
        _report(found, faults)
    return failed or int(any(strict or fault.severity == "error" for fault in faults))


def _report(found: list[tuple[str, tuple[Fault, ...]]], faults: list[Fault]) -> None:
    """Print the specs that are fine, then the faults of the others; count them for a reader."""
    for spec, listed in found:
        if not listed:
            say(plain(f"{spec}: fine"))
    if faults:
        say_faults(faults)
        counts = Counter(fault.severity for fault in faults)
        counted = " and ".join(f"{n:,} {kind}{'s' * (n > 1)}" for kind, n in counts.items())
        faulty = sum(bool(listed) for _, listed in found)
        among = f" in {faulty} of {len(found)} specs" if len(found) > 1 else ""
        if among or len(faults) > 1:
            complain(f"\n{at_least(len(faults))}{counted}{among}")
