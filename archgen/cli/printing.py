"""Where text leaves archgen: results on standard output, complaints on standard error."""

import codecs
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from archgen.cli.terminal import look_of
from archgen.diagnostics import Fault, MachineError
from archgen.look import PLAIN, fold_what_fails
from archgen.reports import render_faults

FOLDING = "archgen.folding"


def prepare() -> None:
    """Let both streams take every sign: a terminal may lack the sign ×, a daemon the stream."""
    codecs.register_error(FOLDING, fold_what_fails)
    sys.stdout, sys.stderr = _usable(sys.stdout), _usable(sys.stderr)


def _usable(stream: TextIO | None) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=FOLDING)
    return stream


def say(text: str, end: str = "\n") -> None:
    """Print a result.

    Raises:
        MachineError: E503, standard output takes no more; BrokenPipeError where nobody reads it.
    """
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(error) from error


def unwritable(error: OSError) -> MachineError:
    """Return what is said of a standard output that takes no more."""
    leave_output()
    reason = (error.strerror or str(error)).lower()
    return MachineError(Fault("E503", f"cannot write the output: {reason}"))


def leave_output() -> None:
    """Let what is still to be printed go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_faults(faults: Sequence[Fault]) -> None:
    """Print faults as a result, in the look of standard output."""
    say(render_faults(faults, look_of(sys.stdout)))


def complain(text: str) -> None:
    """Print what went wrong to standard error, as far as that takes it."""
    with suppress(OSError):
        print(plain(text), file=sys.stderr, flush=True)


def complain_of(faults: Sequence[Fault]) -> None:
    """Print the faults that stopped a verb, in the look of standard error."""
    with suppress(OSError):
        print(render_faults(faults, look_of(sys.stderr)), file=sys.stderr, flush=True)


def plain(text: str) -> str:
    """Return text of a stranger's spec without what would move a terminal's cursor."""
    return PLAIN.plain(text)
