"""Where text leaves archgen: results on standard output, complaints on standard error."""

import codecs
import io
import sys
from collections.abc import Sequence

from archgen.cli.terminal import look_of
from archgen.look import PLAIN, fold_what_fails
from archgen.record import Fault
from archgen.reports import render_faults

FOLDING = "archgen.folding"


def prepare() -> None:
    """Let both streams take every sign: a terminal may lack the sign ×."""
    codecs.register_error(FOLDING, fold_what_fails)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=FOLDING)


def say(text: str, end: str = "\n") -> None:
    """Print a result."""
    print(text, end=end)


def say_faults(faults: Sequence[Fault]) -> None:
    """Print faults as a result, in the look of standard output."""
    print(render_faults(faults, look_of(sys.stdout)))


def complain(text: str) -> None:
    """Print what went wrong to standard error."""
    print(plain(text), file=sys.stderr)


def complain_of(faults: Sequence[Fault]) -> None:
    """Print the faults that stopped a verb, in the look of standard error."""
    print(render_faults(faults, look_of(sys.stderr)), file=sys.stderr)


def plain(text: str) -> str:
    """Return text of a stranger's spec without what would move a terminal's cursor."""
    return PLAIN.plain(text)
